"""Our engine beside its peers: `make bench-recs [SIZE=small|medium|large|huge]`.

Every contestant computes the variant `follows` of the scorer count from the same Parquet tables, in a process of its
own; CPU seconds and peak memory are the operating system's, the best of three. Ours goes on to publish Parquet and CSV;
the peers stop at Parquet. What each peer leaves out (inactive, blocked, fallbacks, reasons, repeats) is to its
advantage. DuckDB's is the project's other engine: what it recommends must be ours to the byte.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

DAY = "2026-10-31"
SIZES = {
    "small": (1_000, 200, 20_000, 250_000),
    "medium": (100_000, 5_000, 800_000, 6_200_000),
    "large": (1_000_000, 20_000, 8_000_000, 62_000_000),
    "huge": (10_000_000, 100_000, 80_000_000, 620_000_000),
}
CONTESTANTS = {
    "small": ("ours", "duckdb", "polars", "scipy", "graphblas", "pandas"),
    "medium": ("ours", "duckdb", "polars", "scipy", "graphblas", "pandas"),
    "large": ("ours", "duckdb"),
    "huge": ("ours",),
}
A_MINUTE = 60.0
DATA = Path(os.environ.get("RECS_BENCH_DATA", "var/bench-recs"))


def main(size: str) -> None:
    """Measure every contestant of a size and print the table."""
    tables, small = _tables(size), _tables("small")
    ours, outputs = None, set()
    for name in CONTESTANTS[size]:
        measure(name, small)  # compiles modules and kernels, which no size should pay for
        cpu, wall, peak, output = best(name, tables)
        ours = ours or cpu
        outputs |= {output} if output else set()
        print(f"{size:7} {name:10} {cpu:8.1f} CPU s {wall:8.1f} s {peak:7.0f} MB {cpu / ours:7.1f} x", flush=True)
    if len(outputs) > 1:
        sys.exit("error: the engines' recommendations differ")


def _tables(size: str) -> Path:
    """Return the folder of the tables of a size, generated once."""
    tables = DATA / size
    if not (tables / "likes.parquet").exists():
        names = ("--users", "--rooms", "--messages", "--likes")
        sizes = [text for pair in zip(names, map(str, SIZES[size]), strict=True) for text in pair]
        subprocess.run([sys.executable, "-m", "recs_batch", "generate", "--out", str(tables), *sizes], check=True)
    return tables


def best(name: str, tables: Path) -> tuple[float, float, float, str]:
    """Return the best of three measurements, of one where that is long: what else the machine does only adds."""
    first = measure(name, tables)
    return min(first, measure(name, tables), measure(name, tables)) if first[0] < A_MINUTE else first


def measure(name: str, tables: Path) -> tuple[float, float, float, str]:
    """Return CPU seconds, seconds, peak megabytes and, of our engines, the digest of what one contestant recommends."""
    command = [sys.executable, __file__, "--contestant", name, str(tables)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def run_contestant(name: str, tables: Path) -> None:
    """Run one contestant and print what it used, this process's start included."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        if name == "ours":
            _run_ours("compiled", tables, Path(folder))
        elif name == "duckdb":
            _run_ours("duckdb", tables, Path(folder))
        else:
            import recs_peers

            getattr(recs_peers, name)(tables, Path(folder))
        used, elapsed = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - started
        output = _digest(Path(folder))
    print(json.dumps([used.ru_utime + used.ru_stime, elapsed, used.ru_maxrss / 1024, output]))


def _digest(folder: Path) -> str:
    """Return a hash of the recommendations in the 2019 form; empty for the peers."""
    digest, found = hashlib.sha256(), sorted((folder / "published").rglob("recommendations.csv"))
    for path in found:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest() if found else ""


def _run_ours(engine: str, tables: Path, folder: Path) -> None:
    from datetime import date

    from common.storage import open_store
    from recs_batch.beginning import begin
    from recs_batch.engines import duckdb_sql
    from recs_batch.night import Night
    from recs_batch.output import write_recommendations
    from recs_batch.parameters import Parameters
    from recs_batch.tables import fetch_tables

    parameters, day = Parameters(scorer="count", second_hop="follows"), date.fromisoformat(DAY)
    if engine == "compiled":
        scratch, work = folder / "scratch", open_store(str(folder / "work"))
        scratch.mkdir()
        decided = {"day": day, "parameters": parameters, "evaluation_days": None}
        store = open_store(str(folder / "published")).uri
        Night(begin(work, str(tables), scratch, store=store, anew=True, **decided), work, scratch).run()
        return
    local = fetch_tables(str(tables), folder / "tables")
    for kind, found in duckdb_sql.recommend(local, day, parameters, folder).items():
        published = folder / "published" / f"kind={kind}"
        published.mkdir(parents=True)
        write_recommendations([found], published)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--contestant"]:
        run_contestant(sys.argv[2], Path(sys.argv[3]))
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else "medium")
