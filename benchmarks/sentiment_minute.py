"""What a minute costs: our statement beside a bare count of its rows, the way of 2019, and fetching the rows.

`make bench-sentiment` runs it in a PostgreSQL of its own. Read the ratios; seconds depend on the machine and its load.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from benchmarks import sentiment_peers as peers
from benchmarks.sentiment_load import measure_load
from common.postgres import connect, embedded_database_url
from sentiment_minibatch.aggregate import AggregationReport, PendingMinute, aggregate_minute
from sentiment_minibatch.schema import migrate

START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 7
MINUTE = timedelta(minutes=1)
# (rows, symbols) of minutes that stand an hour apart after the bulk of the table
MINUTES = [(10_000, 1_000), (100_000, 100), (100_000, 1_000), (100_000, 20_000), (1_000_000, 1_000)]
FILL = """
INSERT INTO sentiment.raw_score (message_id, created_at, score_micros, late, symbol)
SELECT n, %(start)s + n * %(span)s::interval / %(rows)s,
       CASE WHEN random() < 0.3 THEN 0 ELSE round((2 * random() - 1) * 10000)::integer * 100 END, false,
       'S' || floor(power(random(), 3) * %(symbols)s)::integer
FROM generate_series(0, %(rows)s - 1) AS n
"""


def main() -> None:
    """Build the table once, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--directory", type=Path, default=Path("var/benchmark_postgres"))
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    url = embedded_database_url(options.directory)
    with connect(url, autocommit=True) as connection:
        _build(connection, options.rows)
        print(f"{_one(connection, 'SELECT count(*) FROM sentiment.raw_score'):,} raw rows, on {os.cpu_count()} cores")
        _measure_minutes(connection, url, options.repetitions)
        measure_load(connection, url)


def minute_of(position: int) -> datetime:
    """Return the period_ending of a measured minute."""
    return START + timedelta(days=DAYS - 1, hours=12 + position) + MINUTE


def _build(connection: psycopg.Connection, rows: int) -> None:
    migrate(connection)
    if _one(connection, "SELECT EXISTS (SELECT FROM sentiment.raw_score)"):
        return
    days = [(START + timedelta(days=day)).date() for day in range(DAYS)]
    connection.execute("SET synchronous_commit = off")
    connection.execute("SELECT sentiment.ensure_partitions(%s)", [days])
    bulk = rows - sum(size for size, _ in MINUTES)
    part = bulk // (2 * DAYS - 1)
    for half_day in range(2 * DAYS - 1):  # the last half day holds the measured minutes
        _fill(connection, START + timedelta(hours=12 * half_day), timedelta(hours=12), part, 1_000)
    for position, (size, symbols) in enumerate(MINUTES):
        _fill(connection, minute_of(position) - MINUTE, MINUTE, size, symbols)
    connection.execute("VACUUM ANALYZE sentiment.raw_score")


def _fill(connection: psycopg.Connection, start: datetime, span: timedelta, rows: int, symbols: int) -> None:
    connection.execute(FILL, {"start": start, "span": span, "rows": rows, "symbols": symbols})


def _measure_minutes(connection: psycopg.Connection, url: str, repetitions: int) -> None:
    print(f"{'rows':>10} {'symbols':>8} {'count(*)':>9} {'ours':>8} {'ratio':>6} {'2019':>8} {'ratio':>6}", end=" ")
    print(f"{'ADBC+Polars':>12} {'COPY+pandas':>12}   seconds; ratios are to count(*) and to ours")
    seconds = {}
    for position, (rows, symbols) in enumerate(MINUTES):
        ending = minute_of(position)
        ways: dict[str, Callable[[], object]] = {
            "count": lambda at=ending: connection.execute(f"SELECT count(*) FROM ({peers.rows_of(at)}) AS minute"),
            "ours": lambda at=ending: aggregate_minute(connection, PendingMinute(at, late=False), AggregationReport()),
            "polars": lambda at=ending: peers.adbc_and_polars(connection, url, at),
            "pandas": lambda at=ending: peers.copy_and_pandas(connection, url, at),
        }
        best = dict.fromkeys([*ways, "2019"], float("inf"))
        for _ in range(repetitions):
            for name, way in ways.items():
                best[name] = min(best[name], _time(connection, way))
        best["2019"] = _time(connection, lambda at=ending: peers.pandas_of_2019(connection, url, at))
        ratio, gain = best["ours"] / best["count"], best["2019"] / best["ours"]
        print(
            f"{rows:>10,} {symbols:>8,} {best['count']:>9.3f} {best['ours']:>8.3f} {ratio:>5.1f}x"
            f" {best['2019']:>8.2f} {gain:>5.0f}x"
            f" {best['polars']:>12.3f} {best['pandas']:>12.3f}",
            flush=True,
        )
        seconds[rows, symbols] = best["ours"]
    row = (seconds[1_000_000, 1_000] - seconds[100_000, 1_000]) / 900_000
    symbol = (seconds[100_000, 20_000] - seconds[100_000, 1_000]) / 19_000
    print(f"a row more costs {row * 1e6:.2f} microseconds, a symbol more {symbol * 1e6:.0f}", flush=True)


def _time(connection: psycopg.Connection, way: Callable[[], object]) -> float:
    """Time one way, which writes its rows anew each time."""
    connection.execute("TRUNCATE sentiment.minute, sentiment.market_minute")
    connection.execute(peers.TABLE)
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


def _one(connection: psycopg.Connection, query: str) -> object:
    ((value,),) = connection.execute(query.encode()).fetchall()
    return value


if __name__ == "__main__":
    main()
