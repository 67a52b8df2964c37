from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment_minibatch.deliveries import tables_of
from sentiment_minibatch.judgement import judge_table
from sentiment_minibatch.scores import Delivery, RejectedDeliveryError, Score, judge

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEPT_FROM = datetime(2026, 1, 1, tzinfo=UTC)
PLAIN = Delivery("7", "$aapl", "0.25", "2026-11-22T11:59:59.999999Z")


def judged(deliveries: list[Delivery]) -> tuple[list[Score], list[tuple[int, str, Delivery]]]:
    (table,) = tables_of(deliveries)
    scores, refusals = judge_table(table, NOW, KEPT_FROM)
    return sorted(Score(**row) for row in scores.to_pylist()), [tuple(refusal) for refusal in refusals]


def judged_one_by_one(deliveries: list[Delivery]) -> tuple[list[Score], list[tuple[int, str, Delivery]]]:
    scores, refusals = [], []
    for position, delivery in enumerate(deliveries, 1):
        try:
            score = judge(delivery, NOW)
        except RejectedDeliveryError as refused:
            refusals.append((position, str(refused), delivery))
        else:
            if score.created_at < KEPT_FROM:
                refusals.append((position, "created_at is older than the scores that are kept", delivery))
            else:
                scores.append(score)
    return sorted(scores), refusals


_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
_deliveries = st.builds(
    Delivery,
    st.from_regex(r"[0-9]{1,19} ?", fullmatch=True) | _text | st.none(),
    st.from_regex(r"[ $]{0,2}[A-Za-z0-9._-]{0,17}\n?|ß", fullmatch=True) | _text | st.none(),
    st.from_regex(r"[ +-]?(0|1|[0-9]{0,3})\.?[0-9]{0,9}([eE][+-]?[0-9]{1,3})?", fullmatch=True) | _text,
    st.from_regex(
        r"(19|20|21)[0-9]{2}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,10})?"
        r"([Zz]|[+-][01][0-9]:[0-6][0-9])?\n?",
        fullmatch=True,
    )
    | _text,
)
# Mostly right, so that a field is judged for itself and not for its neighbours.
_nearly_plain = st.builds(
    lambda delivery, fields: PLAIN._replace(**{field: getattr(delivery, field) for field in fields}),
    _deliveries,
    st.sets(st.sampled_from(Delivery._fields), max_size=2),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_nearly_plain, min_size=1, max_size=20))
def test_a_table_is_judged_as_its_rows_are(deliveries: list[Delivery]) -> None:
    assert judged(deliveries) == judged_one_by_one(deliveries)


@pytest.mark.parametrize("micros", [-1_000_000, -999_999, -1, 0, 1, 290_000, 570_001, 999_999, 1_000_000])
def test_a_score_of_six_decimals_is_exact(micros: int) -> None:
    ((score,), _) = judged([PLAIN._replace(score=f"{micros / 1e6:.6f}")])
    assert score.score_micros == micros


@pytest.mark.parametrize(
    "day", ["2026-01-31", "2026-02-28", "2024-02-29", "2026-02-29", "2026-04-31", "2026-09-30", "2026-10-00"]
)
def test_days_are_those_of_the_calendar(day: str) -> None:
    deliveries = [PLAIN._replace(created_at=f"{day}T00:00:00Z")]
    assert judged(deliveries) == judged_one_by_one(deliveries)


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (NOW + timedelta(minutes=10), None),
        (NOW + timedelta(minutes=10, microseconds=1), "created_at lies in the future"),
        (KEPT_FROM, None),
        (KEPT_FROM - timedelta(microseconds=1), "created_at is older than the scores that are kept"),
    ],
)
@pytest.mark.parametrize("blank", ["", " "], ids=["plainly written", "with a blank"])
def test_times_that_cannot_be_counted_are_refused(time: datetime, reason: str | None, blank: str) -> None:
    _, refusals = judged([PLAIN, PLAIN._replace(created_at=time.isoformat() + blank)])
    assert [(position, why) for position, why, _ in refusals] == ([(2, reason)] if reason else [])
