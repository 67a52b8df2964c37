"""The changes of a table as rows of their own, which sinks that only append can keep."""

from __future__ import annotations

import time
from collections.abc import Iterator

from pyflink.common import Row, RowKind, Types
from pyflink.common.typeinfo import RowTypeInfo
from pyflink.datastream import FlatMapFunction

_MINUTE = ("symbol", "period_ending")
_TOTALS = ("bullish_sum", "bearish_sum", "bullish_count", "bearish_count", "neutral_count", "late_count")
_TOO_LATE = {
    "message_id": Types.LONG,
    "created_at_micros": Types.LONG,
    "bullish_micros": Types.INT,
    "bearish_micros": Types.INT,
}


def appended_type() -> RowTypeInfo:
    """Return the type of a row that `Appended` makes: those of `minute_revision` and of `too_late` in one."""
    numbers = ("revision", *_TOTALS)
    types = [
        *(Types.STRING() for _ in _MINUTE),
        *(Types.LONG() for _ in numbers),
        *(make() for make in _TOO_LATE.values()),
    ]
    return Types.ROW_NAMED([*_MINUTE, *numbers, *_TOO_LATE], types)


class Appended(FlatMapFunction):  # type: ignore[misc] # PyFlink is not installed where types are checked
    """Makes each change of `changes` a row: what an update replaces makes none.

    A change of a minute is a revision of it. A revision's number is the time in microseconds, and always greater than
    the one before it: several late rows of a minute may come within one tick of the clock. A minute whose last message
    was withdrawn is revised to one without messages. Of a message that came too late and that a better delivery
    replaces, both stay, for readers to choose from.
    """

    def __init__(self) -> None:
        self._latest = 0

    def flat_map(self, value: Row) -> Iterator[Row]:
        """Yield the row that a change makes."""
        kind = value.get_row_kind()
        minute, totals, message = value[:2], value[2:8], value[8:]
        if kind == RowKind.UPDATE_BEFORE:
            return
        if message[0] is not None:
            if kind != RowKind.DELETE:
                yield Row(*minute, None, *totals, *message)
            return
        self._latest = max(self._latest + 1, time.time_ns() // 1_000)
        yield Row(*minute, self._latest, *([0] * len(totals) if kind == RowKind.DELETE else totals), *message)
