"""What loaders bring in, beside a bare COPY of the same rows, which counts nothing and refuses nothing."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.csv

from common.postgres import connect
from sentiment_minibatch.deliveries import DELIVERIES, FIELDS
from sentiment_minibatch.files.inputs import read_tables
from sentiment_minibatch.files.output import write_to
from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.load import load_tables
from sentiment_minibatch.schema import migrate

_MESSAGES = 400_000
_DATABASE = "load_benchmark"


def measure_load(connection: psycopg.Connection, url: str) -> None:
    """Print what one loader and two of them, each a process with a file of its own, bring in."""
    own = url.replace("/postgres?", f"/{_DATABASE}?")
    with tempfile.TemporaryDirectory() as directory, ProcessPoolExecutor(2) as pool:
        files = list(pool.map(_file, [directory] * 2, [0, 1]))
        rows = sum(table.num_rows for table in read_tables(files[0], DELIVERIES))
        for loaders in (1, 2):
            connection.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {_DATABASE}")
            with connect(own, autocommit=True) as fresh:
                migrate(fresh)
                bare = _bare_copy(fresh, files[0])
            started = time.perf_counter()
            list(pool.map(_load, [own] * loaders, files[:loaders]))
            elapsed = time.perf_counter() - started
            rate = loaders * rows / elapsed
            print(
                f"load, {loaders} at once: {rate:,.0f} deliveries a second, {60 * rate:,.0f} a minute; "
                f"{elapsed / loaders / bare:.1f} times a bare COPY",
                flush=True,
            )
    connection.execute(f"DROP DATABASE {_DATABASE} WITH (FORCE)")


def _file(directory: str, number: int) -> Path:
    """Write a file of scores that are on time: no more than two minutes old, and some of them ahead."""
    path = Path(directory, f"{number}.parquet")
    start = datetime.now(UTC) - timedelta(minutes=1)
    stream = deliveries(StreamSettings(seed=number, start=start, minutes=4, messages=_MESSAGES))
    numbered = (each._replace(message_id=f"{number + 1}{(each.message_id or ''):0>9}") for each in stream)
    write_to(str(path), numbered, FIELDS)
    return path


def _load(url: str, path: Path) -> None:
    with connect(url, autocommit=True) as connection:
        load_tables(connection, read_tables(path, DELIVERIES), path.name)


def _bare_copy(connection: psycopg.Connection, path: Path) -> float:
    connection.execute("CREATE TEMPORARY TABLE bare (message_id text, symbol text, score text, created_at text)")
    started = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy("COPY bare FROM STDIN (FORMAT csv)") as copy:
        for table in read_tables(path, DELIVERIES):
            text = pa.BufferOutputStream()
            pyarrow.csv.write_csv(table.select(FIELDS), text, pyarrow.csv.WriteOptions(include_header=False))
            copy.write(text.getvalue())
    return time.perf_counter() - started
