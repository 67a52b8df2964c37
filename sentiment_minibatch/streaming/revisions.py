"""The changes of a table as rows of their own, which sinks that only append can keep."""

from __future__ import annotations

import time
from collections.abc import Iterator

from pyflink.common import Row, RowKind, Types
from pyflink.common.typeinfo import RowTypeInfo
from pyflink.datastream import FlatMapFunction


def revision_type() -> RowTypeInfo:
    """Return the type of a row of `minute_revision`."""
    totals = ["bullish_sum", "bearish_sum", "bullish_count", "bearish_count", "neutral_count", "late_count"]
    texts = ["symbol", "period_ending"]
    return Types.ROW_NAMED(
        [*texts, "revision", *totals], [Types.STRING() for _ in texts] + [Types.LONG() for _ in ["revision", *totals]]
    )


class Revisions(FlatMapFunction):  # type: ignore[misc] # PyFlink is not installed where types are checked
    """Makes each change of a minute a revision; what an update replaces makes none.

    A revision's number is the time in microseconds, and always greater than the one before it: several late rows of a
    minute may come within one tick of the clock. A minute whose last message was withdrawn is revised to one without
    messages.
    """

    def __init__(self) -> None:
        self._latest = 0

    def flat_map(self, value: Row) -> Iterator[Row]:
        """Yield the revision that a change makes."""
        kind = value.get_row_kind()
        if kind == RowKind.UPDATE_BEFORE:
            return
        symbol, period_ending, *totals = value
        if kind == RowKind.DELETE:
            totals = [0] * len(totals)
        self._latest = max(self._latest + 1, time.time_ns() // 1_000)
        yield Row(symbol, period_ending, self._latest, *totals)


def too_late_type() -> RowTypeInfo:
    """Return the type of a row of `too_late`."""
    return Types.ROW_NAMED(
        ["message_id", "symbol", "created_at_micros", "bullish_micros", "bearish_micros"],
        [Types.LONG(), Types.STRING(), Types.LONG(), Types.INT(), Types.INT()],
    )


class Additions(FlatMapFunction):  # type: ignore[misc] # PyFlink is not installed where types are checked
    """Keeps messages that came too late; of one that a better delivery replaces, both, for readers to choose from."""

    def flat_map(self, value: Row) -> Iterator[Row]:
        """Yield the message that a change adds."""
        if value.get_row_kind() in (RowKind.INSERT, RowKind.UPDATE_AFTER):
            yield Row(*value)
