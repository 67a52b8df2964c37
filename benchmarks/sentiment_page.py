"""What the page's API takes: a year of 1,000 tickers, the hardest questions about it, and 2,000 viewers at once.

`make bench-sentiment` runs it after the minute, in the same PostgreSQL. The viewers run beside the server, on the same
cores: the processor time of a refresh is the figure that does not depend on what else runs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

import psycopg

from common.postgres import connect, embedded_database_url
from sentiment_minibatch.generator import symbol_names
from sentiment_minibatch.schema import migrate

DATABASE = "page_benchmark"
START = datetime(2025, 1, 1, tzinfo=UTC)
WEEK = timedelta(weeks=1)
SYMBOLS = 1_000
VIEWERS = 2_000
SECONDS_BETWEEN_ASKS = 5
# Ticker n speaks in a minute with the chance 6 / n^1.1: the first five in every one, the last in one of three hundred.
FILL = """
INSERT INTO sentiment.minute
    (period_ending, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count, symbol)
SELECT %(start)s + minute * interval '1 minute', 330000 * ups, -330000 * downs, 150000 * (ups + downs), ups, downs, 2,
       name
FROM unnest(%(names)s::text[]) WITH ORDINALITY AS ticker (name, number)
CROSS JOIN LATERAL (
    SELECT DISTINCT 1 + floor(random() * 10080)::integer AS minute
    FROM generate_series(1, (10080 * least(1, 6 / number ^ 1.1))::integer)
    WHERE number > 5
    UNION ALL
    SELECT generate_series(1, 10080) WHERE number <= 5
) AS spoken
CROSS JOIN LATERAL (SELECT 1 + (random() * 5)::integer AS ups, (random() * 4)::integer AS downs) AS messages
ORDER BY minute
"""
FILL_MARKET = """
INSERT INTO sentiment.market_minute
SELECT period_ending, sum(bullish_sum), sum(bearish_sum), sum(bullish_count), sum(bearish_count), sum(neutral_count),
       count(*), 1, 0, period_ending, interval '0', sum(squares_sum)
FROM sentiment.minute
WHERE period_ending > %(start)s AND period_ending <= %(end)s
GROUP BY period_ending
"""


def main() -> None:
    """Build the year once, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path("var/benchmark_postgres"))
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--viewers", type=int, default=VIEWERS)
    parser.add_argument("--seconds", type=int, default=30)
    options = parser.parse_args()
    server = embedded_database_url(options.directory)
    url = server.replace("/postgres?", f"/{DATABASE}?")
    with connect(server, autocommit=True) as connection, suppress(psycopg.errors.DuplicateDatabase):
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    with connect(url, autocommit=True) as connection:
        build(connection, options.weeks)
    port = _free_port()
    page = subprocess.Popen(
        [sys.executable, "-m", "sentiment_minibatch", "serve", "--port", str(port)],
        env={**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "WARNING"},
    )
    try:
        _wait(port)
        measure_questions(port, page.pid, START + options.weeks * WEEK)
        asyncio.run(measure_viewers(port, url, page.pid, options.viewers, options.seconds))
    finally:
        page.terminate()
        page.wait()


def build(connection: psycopg.Connection, weeks: int) -> None:
    """Fill the database with the minutes of so many weeks, unless it is."""
    migrate(connection)
    ((through,),) = connection.execute("SELECT aggregated_through FROM sentiment.progress").fetchall()
    if through is None:
        connection.execute("SET synchronous_commit = off")
        names = symbol_names(SYMBOLS)
        for week in range(weeks):
            span = {"start": START + week * WEEK, "end": START + (week + 1) * WEEK, "names": names}
            connection.execute(FILL, span)
            connection.execute(FILL_MARKET, span)
        connection.execute("UPDATE sentiment.progress SET aggregated_through = %s", [START + weeks * WEEK])
        connection.execute("VACUUM ANALYZE")
    ((rows, size),) = connection.execute(
        "SELECT count(*), pg_size_pretty(pg_database_size(current_database())) FROM sentiment.minute"
    ).fetchall()
    print(f"{rows:,} rows of {SYMBOLS:,} tickers in {weeks} weeks, {size}, on {os.cpu_count()} cores", flush=True)


def measure_questions(port: int, pid: int, through: datetime) -> None:
    """Time the longest histories that are allowed, each at three times that nobody has asked about."""
    for step, minutes in {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "1d": 1_440}.items():
        span = timedelta(minutes=2_999 * minutes)
        for path in ("index/SPY", f"index/{symbol_names(SYMBOLS)[-1]}", "market"):
            waits, used = [], []
            for attempt in range(3):
                to = through - attempt * timedelta(minutes=minutes)
                address = f"/api/v1/{path}?from={_utc(max(to - span, START))}&to={_utc(to)}&step={step}"
                before, started = _processor_seconds(pid), time.perf_counter()
                size = len(_get(port, address))
                waits.append(time.perf_counter() - started)
                used.append(_processor_seconds(pid) - before)
            print(
                f"{path:<12} {step:>3}  {min(used) * 1e3:4.0f} ms of processor, {min(waits) * 1e3:5.0f} ms of time,"
                f" {size / 1e3:5.1f} kB sent",
                flush=True,
            )
    before, started = _processor_seconds(pid), time.perf_counter()
    size = len(_get(port, "/api/v1/index?limit=60"))
    elapsed, used = time.perf_counter() - started, _processor_seconds(pid) - before
    print(
        f"index, first after a change  {used * 1e3:4.0f} ms of processor, {elapsed * 1e3:5.0f} ms of time,"
        f" {size / 1e3:5.1f} kB sent",
        flush=True,
    )


async def measure_viewers(port: int, url: str, pid: int, viewers: int, seconds: int) -> None:
    """Let viewers ask as the page does, a third of the way with new minutes, and print how long they waited."""
    waits: list[float] = []
    failures: list[str] = []
    before, started = _processor_seconds(pid), time.perf_counter()
    end = started + seconds
    tasks = [_view(port, n / viewers * SECONDS_BETWEEN_ASKS, end, waits, failures) for n in range(viewers)]
    await asyncio.gather(_change(url, seconds / 3), *tasks)
    cost = (_processor_seconds(pid) - before) / max(1, len(waits))
    cuts = quantiles(waits, n=100)
    print(
        f"{viewers:,} viewers at a refresh in {SECONDS_BETWEEN_ASKS} s: {len(waits) / seconds:,.0f} answers a second, "
        f"{len(failures):,} failed, waits of {cuts[49] * 1e3:.0f} ms (median), {cuts[94] * 1e3:.0f} (95%), "
        f"{cuts[98] * 1e3:.0f} (99%); {cost * 1e3:.2f} ms of processor an answer",
        flush=True,
    )
    for failure in failures[:3]:
        print(f"  {failure}")


async def _view(port: int, first: float, end: float, waits: list[float], failures: list[str]) -> None:
    await asyncio.sleep(first)
    tag = ""
    while time.perf_counter() < end:
        began = time.perf_counter()
        fresh = await _ask(port, "/api/v1/index?sort=messages&order=descending&limit=60", tag, waits, failures)
        if fresh and fresh != tag:
            tag = fresh
            for path in ("/api/v1/market", "/api/v1/index/SPY", "/api/v1/index?symbols=SPY&limit=4"):
                await _ask(port, path, "", waits, failures)
        await asyncio.sleep(max(0.0, began + SECONDS_BETWEEN_ASKS - time.perf_counter()))


async def _ask(port: int, path: str, tag: str, waits: list[float], failures: list[str]) -> str:
    """Ask once and return the answer's tag."""
    started = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        known = f"If-None-Match: {tag}\r\n" if tag else ""
        asked = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n{known}Connection: close\r\n\r\n"
        writer.write(asked.encode())
        head, _, _ = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    except OSError as error:
        failures.append(str(error))
        return ""
    waits.append(time.perf_counter() - started)
    status, *headers = head.decode().split("\r\n")
    if status.split()[1] not in {"200", "304"}:
        failures.append(status)
    return next((line.partition(": ")[2] for line in headers if line.startswith("ETag")), "")


async def _change(url: str, after: float) -> None:
    await asyncio.sleep(after)
    with connect(url, autocommit=True) as connection:
        connection.execute("UPDATE sentiment.progress SET revision = revision + 1")


def _processor_seconds(pid: int) -> float:
    """Return what a process, its children and their database's have used."""
    used = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            serves = f" {DATABASE} " in (process / "cmdline").read_text()
            if serves or pid in {int(process.name), int(fields[1])}:
                used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


def _utc(time_: datetime) -> str:
    return f"{time_:%Y-%m-%dT%H:%M:%SZ}"


def _get(port: int, path: str) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        body: bytes = answer.read()
        return body


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int) -> None:
    for _ in range(600):
        with suppress(OSError):
            _get(port, "/healthz")
            return
        time.sleep(0.1)
    raise TimeoutError("the page does not answer")


if __name__ == "__main__":
    main()
