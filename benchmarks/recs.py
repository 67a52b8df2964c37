"""Our engine beside its peers: `make bench-recs [SIZE=small|medium|large|growth]`, quality and cost in one table.

A fifth of all links is hidden at random; every contestant recommends from what is left of the same Parquet tables, in
a process of its own. CPU seconds and peak memory are the operating system's, start included; recall@5 is of the hidden
links, the mean over those who have some. Ours goes on to publish Parquet and CSV, with reasons; the peers read links
alone, and stop at Parquet. DuckDB's is the project's other engine: what it recommends must be ours to the byte.
`growth` measures ours alone, at several sizes.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))

DAY = date(2026, 10, 31)
SIZES = {
    "first": (3_000, 300, 60_000, 700_000),  # compiles modules and kernels, which no size should pay for
    "small": (1_000, 200, 20_000, 250_000),
    "medium": (100_000, 5_000, 800_000, 6_200_000),
    "large": (1_000_000, 20_000, 8_000_000, 62_000_000),
}
GROWTH = (10_000, 30_000, 100_000, 300_000, 1_000_000)  # users
PEERS = ("implicit_items", "implicit_als", "sparse_dot_topn")
CONTESTANTS = {
    "small": ("ours", "duckdb", *PEERS, "ease"),
    "medium": ("ours", "duckdb", *PEERS),
    "large": ("ours",),
}
LINKS = {"users": ("follows", "following_user_id"), "rooms": ("subscriptions", "room_id")}
DATA = Path(os.environ.get("RECS_BENCH_DATA", "var/bench-recs"))


def main(size: str) -> None:
    """Measure every contestant of a size and print the table."""
    tables, outputs = _tables(size), set()
    print("| | recall@5 users | rooms | CPU s | peak MB |\n|---|---|---|---|---|")
    for name in CONTESTANTS[size]:
        measure(name, _tables("first"))
        cpu, peak, output, recalls = measure(name, tables)
        outputs |= {output} if output else set()
        print(f"| {name} | {recalls['users']:.3f} | {recalls['rooms']:.3f} | {cpu:.1f} | {peak:,.0f} |", flush=True)
    if len(outputs) > 1:
        sys.exit("error: the engines' recommendations differ")


def show_growth(largest: int) -> None:
    """Print what ours takes for so many users, up to the largest number, with 100 engagements each."""
    measure("ours", _tables("first"))
    print("| users | CPU s | CPU ms a user | peak MB |\n|---|---|---|---|")
    for users in (users for users in GROWTH if users <= largest):
        cpu, peak, _, _ = measure("ours", _tables(str(users)))
        print(f"| {users:,} | {cpu:.1f} | {1000 * cpu / users:.3f} | {peak:,.0f} |", flush=True)


def _tables(size: str) -> Path:
    """Return the folder of the tables of a size, with `known` and `all` links, made once."""
    folder = DATA / size
    if not (folder / "known" / "users").exists():
        from recs_batch.evaluation.hold_out import without_a_share
        from recs_batch.tables import fetch_tables

        names = ("--users", "--rooms", "--messages", "--likes")
        sizes = [text for pair in zip(names, map(str, _sizes(size)), strict=True) for text in pair]
        made = str(folder.resolve() / "made")
        subprocess.run([sys.executable, "-m", "recs_batch", "generate", "--out", made, *sizes], check=True)
        kept = without_a_share(fetch_tables(made, folder / "all"), DAY, folder / "kept", seed=0, share=0.2)
        shutil.copytree(kept, folder / "known")  # not its symbolic links: a night's tables are in one place
    return folder


def _sizes(size: str) -> tuple[int, int, int, int]:
    return SIZES[size] if size in SIZES else (users := int(size), users // 20, 8 * users, 62 * users)


def measure(name: str, tables: Path) -> tuple[float, float, str, dict[str, float]]:
    """Return CPU seconds, peak megabytes, the digest of what our engines recommend, and recall by kind."""
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        command = [sys.executable, __file__, "--contestant", name, str(tables / "known"), folder]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        cpu, peak = json.loads(done.stdout.splitlines()[-1])
        recalls = {kind: _recall(tables, kind, Path(folder)) for kind in LINKS}
        return cpu, peak, _digest(Path(folder)), recalls


def run_contestant(name: str, tables: Path, folder: Path) -> None:
    """Run one contestant and print what it used, this process's start included."""
    if name in {"ours", "duckdb"}:
        _run_ours("compiled" if name == "ours" else name, tables, folder)
    else:
        import recs_peers

        getattr(recs_peers, name)(tables, folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))


def _run_ours(engine: str, tables: Path, folder: Path) -> None:
    from common.storage import open_store
    from recs_batch.beginning import begin
    from recs_batch.night import Night

    scratch, work = folder / "scratch", open_store(str(folder / "work"))
    scratch.mkdir()
    decided = {"day": DAY, "engine": engine, "evaluation_days": None, "store": open_store(str(folder / "store")).uri}
    Night(begin(work, str(tables), scratch, anew=True, **decided), work, scratch).run()


def _recall(tables: Path, kind: str, folder: Path) -> float:
    table, target = LINKS[kind]
    every, known = (_keys(pq.read_table(tables / part / table), target) for part in ("all", "known"))
    hidden = np.setdiff1d(every, known)
    [path] = [*folder.glob(f"{kind}.parquet"), *folder.glob(f"store/recs/kind={kind}/**/*.parquet")]
    hits = hidden[np.isin(hidden, _keys(pq.read_table(path), "item_id"))]
    users = np.unique(hidden >> 32, return_counts=True)
    found = np.bincount(np.searchsorted(users[0], hits >> 32), minlength=len(users[0]))
    return float((found / users[1]).mean())


def _keys(rows, target: str) -> np.ndarray:
    return (rows["user_id"].to_numpy() << 32) | rows[target].to_numpy()


def _digest(folder: Path) -> str:
    """Return a hash of the recommendations in the 2019 form; empty for the peers."""
    digest, found = hashlib.sha256(), sorted((folder / "store").rglob("recommendations.csv"))
    for path in found:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest() if found else ""


if __name__ == "__main__":
    if sys.argv[1:2] == ["--contestant"]:
        run_contestant(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    elif sys.argv[1:2] == ["growth"]:
        show_growth(int(os.environ.get("RECS_BENCH_LARGEST", GROWTH[-1])))
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else "medium")
