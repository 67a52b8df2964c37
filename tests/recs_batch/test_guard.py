"""Like is compared with like, and only what was measured well enough to tell."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta

import pytest

from common.errors import DataError
from common.storage import Manifest
from recs_batch.guard import Evaluation, check_recall
from recs_batch.publishing import check_counts

DAY = date(2026, 10, 31)


def evaluation(mean, *, users=500, width=0.02, popularity=0.05, top=5, held_back="28 days"):
    def recall(value):
        return {"mean": value, "low": value - width, "high": value + width}

    kind = {"users": users, "recall": recall(mean), "baselines": {"popularity": recall(popularity)}}
    return Evaluation.model_validate({"top": top, "held_back": held_back, "users": kind, "rooms": kind})


def published(found, days_ago):
    return Manifest(
        run=f"run={days_ago}",
        published_at=datetime.now(UTC),
        code_version="1",
        files=(),
        metadata={"date": str(DAY - timedelta(days=days_ago)), "evaluation": found and found.model_dump()},
    )


def test_a_fall_beyond_doubt_is_refused():
    with pytest.raises(DataError, match=r"recall of users is 0\.3000.* 2026-10-30, had 0\.6000.*RECS_MAX_REGRESSION"):
        check_recall(evaluation(0.3), DAY, [published(evaluation(0.6), 1)], 0.2)


def test_a_fall_within_the_limit_is_let_through_however_sure_it_is():
    check_recall(evaluation(0.5), DAY, [published(evaluation(0.6), 1)], 0.2)
    with pytest.raises(DataError):
        check_recall(evaluation(0.47), DAY, [published(evaluation(0.6), 1)], 0.2)


@pytest.mark.parametrize(("served", "refused"), [(100, False), (80, False), (79, True), (0, True)])
def test_far_fewer_users_than_last_time_are_refused(served, refused):
    counts = {"users": {"rows": 500, "users": served}, "rooms": {"rows": 500, "users": 100}}
    before = {"users": {"users": 100}, "rooms": {"users": 100}}
    with pytest.raises(DataError, match="RECS_MAX_VOLUME_DROP") if refused else nullcontext():
        check_counts(counts, before, 0.2)


def test_small_steps_down_are_seen_in_the_best_of_the_last_weeks():
    steps = [published(evaluation(0.668 - 0.02 * night), 10 - night) for night in range(10)]
    check_recall(evaluation(0.47), DAY, steps[-1:], 0.2)
    with pytest.raises(DataError, match=r"had 0\.6680"):
        check_recall(evaluation(0.47), DAY, steps, 0.2)


def test_what_was_best_long_ago_no_longer_counts():
    check_recall(evaluation(0.4), DAY, [published(evaluation(0.7), 40), published(evaluation(0.41), 1)], 0.2)


def test_where_nothing_was_published_lately_the_last_night_counts():
    with pytest.raises(DataError, match="2026-09-01"):
        check_recall(evaluation(0.4), DAY, [published(evaluation(0.7), 60)], 0.2)


@pytest.mark.parametrize("other", [{"top": 10}, {"held_back": "7 days"}])
def test_what_was_measured_otherwise_is_no_fall(other):
    check_recall(evaluation(0.3), DAY, [published(evaluation(0.6, **other), 1)], 0.2)


def test_nothing_is_concluded_from_what_was_not_measured():
    check_recall(evaluation(0.0, users=0), DAY, [published(evaluation(1.0, users=1), 1)], 0.2)
    check_recall(evaluation(0.0, users=1), DAY, [published(evaluation(1.0), 1)], 0.2)
    check_recall(evaluation(0.3), DAY, [published(evaluation(1.0, users=1), 1), published(None, 2)], 0.2)


def test_a_fall_that_may_be_chance_is_let_through():
    check_recall(evaluation(0.3, width=0.2), DAY, [published(evaluation(0.45, width=0.2), 1)], 0.2)


def test_a_night_worse_than_plain_popularity_is_refused_even_the_first():
    with pytest.raises(DataError, match="popularity has 0.5"):
        check_recall(evaluation(0.3, popularity=0.5), DAY, [], 0.2)


def test_a_later_day_is_no_measure_for_an_earlier_one():
    check_recall(evaluation(0.3), DAY, [published(evaluation(0.6), -3)], 0.2)
