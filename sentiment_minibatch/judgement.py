"""Judging deliveries by the table: what `scores.judge` says of each, at a fraction of its cost.

Deliveries whose fields are all written plainly are read in columns. The others, and all that are refused, go through
`scores.judge` one by one, so that the rules and the reasons have one home.
"""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from sentiment_minibatch.deliveries import FIELDS, deliveries_of
from sentiment_minibatch.scores import MAXIMUM_CLOCK_SKEW, Delivery, RejectedDeliveryError, Score, judge

SCORES = pa.schema(
    [
        ("message_id", pa.int64()),
        ("symbol", pa.string()),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("score_micros", pa.int32()),
    ]
)
# Narrower than the rules: no blanks, at most 6 decimals, no 29 February.
_PLAIN = {
    "message_id": "^[0-9]{1,18}$",
    "symbol": r"^\$?[A-Za-z][A-Za-z0-9._-]{0,14}$",
    "score": r"^-?(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$",
    "created_at": r"^20[0-9]{2}-"
    r"((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$",
}


class Refusal(NamedTuple):
    """A delivery that cannot be counted: its position in its source, and the first reason against it."""

    position: int
    reason: str
    delivery: Delivery


def judge_table(deliveries: pa.Table, now: datetime, kept_from: datetime) -> tuple[pa.Table, list[Refusal]]:
    """Return the scores (schema `SCORES`, in no particular order) and the refusals of a table of deliveries.

    Scores of event times before `kept_from` are refused, for they have been pruned.
    """
    plain = _read_plainly(deliveries)
    times = plain["created_at"]
    in_time = pc.and_(pc.less_equal(times, now + MAXIMUM_CLOCK_SKEW), pc.greater_equal(times, kept_from))
    done = pc.fill_null(in_time, False)
    others, refusals = _judge_each(deliveries, pc.indices_nonzero(pc.invert(done)), now, kept_from)
    return pa.concat_tables([plain.filter(done), others]), refusals


def _read_plainly(deliveries: pa.Table) -> pa.Table:
    """Return a row per delivery, which is null wherever a field of it is not written plainly."""
    fits = [pc.match_substring_regex(deliveries[field], pattern) for field, pattern in _PLAIN.items()]
    fits.append(pc.is_null(deliveries["fault"]))
    all_fit = pc.fill_null(reduce(pc.and_, fits), False)
    message_id, symbol, score, created_at = (pc.if_else(all_fit, deliveries[field], None) for field in FIELDS)
    columns = [
        message_id.cast(pa.int64()),
        pc.ascii_upper(pc.ascii_ltrim(symbol, "$")),
        created_at.cast(pa.timestamp("us", tz="UTC")),
        pc.round(pc.multiply(score.cast(pa.float64()), 1e6)).cast(pa.int32()),
    ]
    return pa.table(columns, schema=SCORES)


def _judge_each(
    deliveries: pa.Table, rows: pa.UInt64Array, now: datetime, kept_from: datetime
) -> tuple[pa.Table, list[Refusal]]:
    scores, refusals = [], []
    others = deliveries.take(rows)
    places = zip(others["position"].to_pylist(), others["fault"].to_pylist(), strict=True)
    for (position, fault), delivery in zip(places, deliveries_of(others), strict=True):
        try:
            scores.append(vars(_judge_kept(delivery, fault, now, kept_from)))
        except RejectedDeliveryError as refused:
            refusals.append(Refusal(position, str(refused), delivery))
    return pa.Table.from_pylist(scores, schema=SCORES), refusals


def _judge_kept(delivery: Delivery, fault: str | None, now: datetime, kept_from: datetime) -> Score:
    if fault is not None:
        raise RejectedDeliveryError(fault)
    score = judge(delivery, now)
    if score.created_at < kept_from:
        raise RejectedDeliveryError("created_at is older than the scores that are kept")
    return score
