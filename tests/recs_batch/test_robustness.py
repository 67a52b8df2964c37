"""The default filters on networks of families that they were not fitted on, without messages, likes or useful times."""

import pytest

from benchmarks.recs_robustness import measure


@pytest.mark.parametrize("family", ["taste", "forest fire"])
def test_the_filters_are_at_least_as_good_as_any_other_method(family):
    recalls = measure(family, users=400, fitting=False)
    for kind, found in recalls.items():
        filtered = found.pop("filter")
        assert filtered >= max(found.values()), (kind, found)
