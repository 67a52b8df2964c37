"""The index as a table on a terminal."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import psycopg
from rich.console import Console
from rich.table import Table

from sentiment_minibatch.index import Row, index_at, latest
from sentiment_minibatch.status import Status


def show_index(connection: psycopg.Connection, rows: int) -> None:
    """Print the index of the `rows` most talked about tickers at the last aggregated minute."""
    console = Console()
    as_of = latest(connection).as_of
    if as_of is None:
        console.print("no minute has been aggregated yet; run `load` and then `aggregate`")
        return
    symbols = index_at(connection, as_of)
    table = Table(title=f"Sentiment at {as_of:%Y-%m-%d %H:%M} UTC, {len(symbols):,} tickers in 24 hours")
    for column in ("ticker", "index", "", "95% band", "messages in 15 min", "against its 24 h"):
        table.add_column(column, justify="left" if column in ("ticker", "") else "right")
    for row in symbols[:rows]:
        table.add_row(*_cells(row))
    console.print(table)


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "-" if row["volume_ratio"] is None else f"{row['volume_ratio']:.1f} x"
    if row["index"] is None:
        return (row["symbol"], "no data", "", "", f"{row['messages']:,}", ratio)
    band = f"{row['low']:.0f} to {row['high']:.0f}"
    return (row["symbol"], f"{row['index']:.1f}", word(row["index"]), band, f"{row['messages']:,}", ratio)


def word(index: Decimal) -> str:
    """Return what an index reads as, in the bands 25, 45, 55 and 75."""
    for limit, name in ((25, "very bearish"), (45, "bearish"), (55, "neutral"), (75, "bullish")):
        if index < limit:
            return name
    return "very bullish"


def show_status(status: Status) -> None:
    """Print a status as a table of two columns."""
    table = Table(show_header=False)
    for name, value in status.items():
        table.add_row(name.replace("_", " "), _readable(value))
    Console().print(table)


def _readable(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}"
