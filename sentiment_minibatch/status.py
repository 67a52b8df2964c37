"""How the job is doing."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict, cast

import psycopg
from psycopg.rows import dict_row

from sentiment_minibatch.schema import statement


class Status(TypedDict):
    """The watermark and its lag, what is pending, and the work of the last hour."""

    aggregated_through: datetime | None
    lag_seconds: float | None
    revision: int
    kept_from: datetime
    pending_minutes: int
    pending_messages: int
    late_minutes_pending: int
    minutes_in_last_hour: int
    messages_in_last_hour: int
    late_messages_in_last_hour: int
    messages_per_busy_second: float | None
    slowest_minute_seconds: float | None
    rejected_in_24_hours: int
    files_set_aside: int


def read_status(connection: psycopg.Connection) -> Status:
    """Return the present status."""
    with connection.cursor(row_factory=dict_row) as cursor:
        (row,) = cursor.execute(statement("status")).fetchall()
    return cast("Status", row)
