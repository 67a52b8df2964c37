"""What an answer of the recommendations' service costs, beside SQLite and Redis: `make bench-recs-serving`.

The publication is of the size that a night of so many users leaves, filled at random: five items of each kind for every
user, a dozen reasons for each item, and similarities from everything to a hundred others. First one process reads users
at random, without HTTP: from the arrays, from SQLite and from Redis, which hold the same answers as JSON, for as many
of the users as PEERS; then the application answers requests in the same way, without a server. Last the service (two
workers) is asked over HTTP at a steady rate. The arrays are in the page cache. CPU time is that of the reading process,
for Redis of its server too, for the service of its workers. CPU percentiles are each read's own; latencies depend on
what else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson
from werkzeug.test import EnvironBuilder

from benchmarks.recs_serving_publication import LINKS, write_publication
from common.storage import latest_publication, open_store
from recs_batch.lookup import Lookup
from recs_batch.publishing import PREFIX
from recs_batch.serving.app import create_app
from recs_batch.serving.settings import ServeSettings

PEERS, READS, TICKS = 50_000, 20_000, os.sysconf("SC_CLK_TCK")
Read = Callable[[int], bytes]


def main() -> None:
    """Measure reads, then requests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--rate", type=float, default=500, help="requests a second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--keep", type=Path, help="a store to fill, or filled before")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start, {options.users:,} users")
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        store = options.keep or Path(folder) / "store"
        if store.exists():
            run = latest_publication(open_store(str(store)), PREFIX).run
        else:
            run = write_publication(open_store(str(store)), options.users, Path(folder))
        size = sum(map(_read_through, store.rglob("*.npy")))
        print(f"publication: {size / 1e9:.2f} GB of arrays")
        _measure_reads(Lookup(store / "recs/kind=users" / run), min(PEERS, options.users), Path(folder))
        _measure_application(store, options.users, Path(folder))
        asyncio.run(_measure_service(store, options.users, options.rate, options.seconds, Path(folder)))


def _read_through(path: Path) -> int:
    """Bring a file into the page cache, where it is soon in production, and return its size."""
    with path.open("rb") as stream:
        while stream.read(1 << 24):
            pass
        return stream.tell()


def _measure_reads(lookup: Lookup, users: int, folder: Path) -> None:
    def from_arrays(user: int) -> bytes:
        return orjson.dumps(lookup.of(user, 5))

    database = _sqlite(folder / "answers.db", from_arrays, users)

    def from_sqlite(user: int) -> bytes:
        body: bytes = database.execute("SELECT body FROM answers WHERE user = ?", [user]).fetchone()[0]
        return body

    _tell("arrays", *_timed(from_arrays, users))
    _tell("SQLite", *_timed(from_sqlite, users))
    if not (program := shutil.which("redis-server")):
        print("Redis: redis-server (Debian: redis-server) is not installed; not measured")
        return
    address = folder / "redis"
    command = [program, "--port", "0", "--unixsocket", str(address), "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        from_redis = _redis(address, from_arrays, users)
        _tell("Redis", *_timed(from_redis, users, server.pid))
        server.terminate()


def _measure_application(store: Path, users: int, folder: Path) -> None:
    app = create_app(ServeSettings(STORE_URI=str(store), poll_seconds=55, cache=folder / "cache"))

    def answer(path: str, body: bytes | None = None) -> bytes:
        given: dict[str, Any] = {"data": body, "content_type": "application/json", "method": "POST"} if body else {}
        status: list[str] = []
        answered = app.wsgi_app(EnvironBuilder(path, **given).get_environ(), lambda line, *_: status.append(line))
        assert status[0].startswith("200"), status
        return b"".join(answered)

    def known(user: int) -> bytes:
        return answer(f"/api/v1/users/{user}/recommendations?kind={('users', 'rooms')[user % 2]}")

    _tell("application, known", *_timed(known, users, reads=5_000))
    _tell(
        f"newcomers, {LINKS + 5} links",
        *_timed(lambda user: answer("/api/v1/recommendations", _links(user, users)), users, reads=1_000),
    )


def _links(seed: int, users: int) -> bytes:
    chance = random.Random(seed)
    return json.dumps(
        {"follows": chance.sample(range(1, users + 1), LINKS), "rooms": chance.sample(range(1, 401), 5)}
    ).encode()


def _timed(
    read: Read, users: int, other: int | None = None, reads: int = READS
) -> tuple[list[float], float, list[float]]:
    """Return what reads took, in seconds, the CPU seconds of all of them, and those of each in this thread."""
    wanted = random.Random(1).choices(range(1, users + 1), k=reads)
    for user in wanted[:500]:
        read(user)
    began, taken, worked = time.process_time() + _cpu(other), [], []
    for user in wanted:
        started, busy = time.perf_counter(), time.thread_time()
        read(user)
        worked.append(time.thread_time() - busy)
        taken.append(time.perf_counter() - started)
    return taken, time.process_time() + _cpu(other) - began, worked


def _tell(name: str, taken: list[float], cpu: float, worked: Sequence[float] = ()) -> None:
    own = f"; CPU of its own {_percentiles(worked)}" if worked else ""
    print(f"{name:22} {1e6 * cpu / len(taken):8,.0f} us of CPU each{own}; took {_percentiles(taken)} us", flush=True)


def _percentiles(values: Sequence[float]) -> str:
    cuts = statistics.quantiles(values, n=100)
    return ", ".join(f"p{place} {1e6 * cuts[place - 1]:,.0f}" for place in (50, 99))


def _sqlite(path: Path, read: Read, users: int) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE answers (user INTEGER PRIMARY KEY, body BLOB)")
    database.executemany("INSERT INTO answers VALUES (?, ?)", ((user, read(user)) for user in range(1, users + 1)))
    database.commit()
    return database


def _redis(address: Path, read: Read, users: int) -> Read:
    """Fill a Redis and return what reads from it: its protocol is simpler than a client of it."""
    connection = socket.socket(socket.AF_UNIX)
    for _ in range(600):
        try:
            connection.connect(str(address))
            break
        except OSError:
            time.sleep(0.1)
    stream = connection.makefile("rwb")
    for user in range(1, users + 1):
        body = read(user)
        stream.write(b"*3\r\n$3\r\nSET\r\n$%d\r\n%d\r\n$%d\r\n%s\r\n" % (len(str(user)), user, len(body), body))
        stream.flush()
        stream.readline()

    def get(user: int) -> bytes:
        stream.write(b"*2\r\n$3\r\nGET\r\n$%d\r\n%d\r\n" % (len(str(user)), user))
        stream.flush()
        length = int(stream.readline()[1:])
        return stream.read(length + 2)[:-2]

    return get


async def _measure_service(store: Path, users: int, rate: float, seconds: float, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "recs_batch", "serve", "--port", str(port), "--store", str(store)]
    server = subprocess.Popen(command, env=os.environ | {"LOG_LEVEL": "WARNING"}, stderr=(folder / "log").open("wb"))
    try:
        _await_ready(f"http://127.0.0.1:{port}/readyz")
        workers = [int(pid) for pid in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()]
        chance = random.Random(2)

        def known() -> bytes:
            kind = chance.choice(("users", "rooms"))
            user = chance.randint(1, users)
            return f"GET /api/v1/users/{user}/recommendations?kind={kind} HTTP/1.1\r\nHost: a\r\n\r\n".encode()

        def newcomer() -> bytes:
            body = _links(chance.randint(1, users), users)
            head = "POST /api/v1/recommendations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

        for name, ask, asked in (("known users", known, rate), (f"newcomers, {LINKS + 5} links", newcomer, rate / 10)):
            await _asked(port, ask, asked, 2)
            began = sum(map(_cpu, workers))
            taken = await _asked(port, ask, asked, seconds)
            _tell(f"{name}, {len(taken) / seconds:,.0f}/s", taken, sum(map(_cpu, workers)) - began)
        print(f"load {os.getloadavg()[0]:.1f} at the end")
        for worker in workers:
            print(f"worker: {_private(worker):,.0f} MB of its own, not shared and not of a file")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


async def _asked(port: int, ask: Callable[[], bytes], rate: float, seconds: float) -> list[float]:
    """Ask at a steady rate over 16 connections; return what each answer took from the moment it was due."""
    due = [place / rate for place in range(int(rate * seconds))]
    began, taken = time.perf_counter() + 0.2, []

    async def connection(places: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for place in places:
            await asyncio.sleep(max(began + place - time.perf_counter(), 0))
            writer.write(ask())
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head[:20], head
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
            taken.append(time.perf_counter() - began - place)
        writer.close()

    await asyncio.gather(*(connection(due[first::16]) for first in range(16)))
    return taken


def _await_ready(address: str) -> None:
    for _ in range(600):
        try:
            with urlopen(address):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the service did not get ready")


def _cpu(pid: int | None) -> float:
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _private(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1000


if __name__ == "__main__":
    main()
