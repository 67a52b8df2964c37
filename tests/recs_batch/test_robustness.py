"""The filters on networks of families that they were not made for, without messages, likes or useful times."""

import pytest

from benchmarks.recs_robustness import measure


@pytest.mark.parametrize("family", ["taste", "forest fire"])
def test_fitted_filters_are_at_least_as_good_as_any_other_method(family):
    for kind, found in measure(family, users=400).items():
        fitted, _ = found.pop("fitted"), found.pop("filter")
        assert fitted >= max(found.values()), (kind, found)
