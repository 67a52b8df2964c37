"""The blend on networks of families that it was not fitted on, without messages, likes or useful times."""

import pytest

from benchmarks.recs_robustness import measure
from recs_batch.parameters import KINDS


@pytest.mark.parametrize("family", ["taste", "forest fire"])
def test_the_blend_is_at_least_as_good_as_any_single_source(family):
    recalls = measure(family, users=400)
    for kind in KINDS:
        blend = recalls[kind].pop("blend")
        assert blend >= max(recalls[kind].values()), recalls[kind]
