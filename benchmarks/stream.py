"""The Flink job beside its peers on one replay, its growth, and the time from a score to its row: `make bench-stream`.

Every engine runs on one core's worth of workers in processes of its own; CPU seconds are the operating system's, of all
of them together. Read the ratios; seconds depend on the machine and its load.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.stream_live import measure_live
from benchmarks.stream_replay import Replay, counted_in, make_replay
from sentiment_minibatch.streaming.flink_process import PYTHON as FLINK_PYTHON
from sentiment_minibatch.streaming.flink_process import REPOSITORY, FlinkProcess, write_configuration
from sentiment_minibatch.streaming.properties import Properties

PEER_PYTHON = REPOSITORY / ".venv-bench-stream" / "bin" / "python"
DATA = REPOSITORY / "var" / "bench-stream"
SYMBOLS = 1_000
GROWTH = [(1_000, 0.5), (100, 1), (10_000, 1)]  # (symbols, times the messages of the same hour)
LIVE = [(50, 100), (200, 1_000)]  # (messages a second, symbols); the local AWS takes few more
_RUN = DATA / f"run-{os.getpid()}"
_OUT = _RUN / "out" / "minutes"
_PR_SET_CHILD_SUBREAPER = 36
Command = Callable[[Replay], list[str]]


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--live-minutes", type=float, default=4.0)
    parser.add_argument(
        "--part", action="append", choices=["engines", "growth", "state", "live"], help="[default: all]"
    )
    parser.add_argument("--engine", action="append", choices=list(ENGINES), help="[default: all]")
    options = parser.parse_args()
    # What the engines start and do not wait for becomes ours to wait for, and so to count.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _RUN.mkdir(parents=True)
    parts = options.part or ["engines", "growth", "state", "live"]
    if "engines" in parts:
        compare_engines(options.messages, options.engine or list(ENGINES))
    if "growth" in parts:
        measure_growth(options.messages)
    if "state" in parts:
        measure_state(options.messages)
    if "live" in parts:
        measure_live(LIVE, options.live_minutes)
    shutil.rmtree(_RUN)


def compare_engines(messages: int, engines: list[str]) -> None:
    """Run engines on a tenth of the replay and on all of it, and print what the difference cost and counted."""
    small, full = (make_replay(DATA, count, SYMBOLS) for count in (messages // 10, messages))
    truth = full.truth()
    print(f"{full.events:,} events, {SYMBOLS:,} symbols, {len(truth):,} minutes, {os.cpu_count()} cores")
    print(f"{'':22} {'events per CPU second':^27} {'minutes':>8} {'events':>9}")
    print(f"{'engine':22} {'with its start':>14} {'after it':>12} {'wrong':>8} {'lost':>9} {'twice':>7}")
    for name in engines:
        cpu, per_second = _throughput(ENGINES[name], small, full)
        found = counted_in(_OUT)
        wrong = sum(found[key] != truth[key] for key in found.keys() | truth.keys())
        lost, twice = (truth - found).total(), (found - truth).total()
        print(
            f"{name:22} {full.events / cpu:>14,.0f} {per_second:>12,.0f} {wrong:>8,} {lost:>9,} {twice:>7,}", flush=True
        )


def measure_growth(messages: int) -> None:
    """Print how our job's throughput changes with the symbols, and with the messages in the same hour."""
    print(f"\n{'ours: symbols':>14} {'messages a minute':>18} {'events per CPU second, after its start':>40}")
    small = make_replay(DATA, messages // 10, SYMBOLS)
    start = _cpu_seconds(_ours()(small))
    for symbols, times in GROWTH:
        full = make_replay(DATA, round(messages * times), symbols)
        per_second = (full.events - small.events) / (_cpu_seconds(_ours()(full)) - start)
        print(f"{symbols:>14,} {full.events // 60:>18,} {per_second:>40,.0f}", flush=True)


def _throughput(command: Command, small: Replay, full: Replay) -> tuple[float, float]:
    """Return the CPU seconds of a full run, and the events per CPU second that it did more than a small one."""
    start = _cpu_seconds(command(small))
    cpu = _cpu_seconds(command(full))
    return cpu, (full.events - small.events) / (cpu - start)


def measure_state(messages: int) -> None:
    """Print how large a checkpoint on RocksDB is once an hour of deliveries has been read and none of it forgotten."""
    replay = make_replay(DATA, messages, SYMBOLS)
    groups = _groups(replay)
    groups["InputStream0"]["monitor.millis"] = "1000"  # the job does not end, which would forget everything
    checkpoints = _RUN / "checkpoints"
    settings = {
        "state.backend.type": "rocksdb",
        "execution.checkpointing.interval": "5 s",
        "execution.checkpointing.dir": checkpoints.as_uri(),
    }
    shutil.rmtree(_OUT.parent, ignore_errors=True)
    sizes = [0]
    with FlinkProcess(_RUN / "state", groups, settings) as job:
        while sizes[-1] == 0 or sizes[-1] > 1.001 * sizes[max(0, len(sizes) - 4)]:
            job.check()
            time.sleep(5)
            sizes.append(sum(file.stat().st_size for file in checkpoints.rglob("*") if file.is_file()))
    print(f"\n{sizes[-1] / 1e6:,.0f} MB of checkpoint on RocksDB after {replay.events:,} events", flush=True)


def _ours(parallelism: int = 1, backend: str = "hashmap") -> Command:
    def command(replay: Replay) -> list[str]:
        settings = {"parallelism.default": str(parallelism), "state.backend.type": backend}
        files = write_configuration(_RUN, _groups(replay, "shards" if parallelism > 1 else "whole"), settings)
        return [str(FLINK_PYTHON), "-m", "sentiment_minibatch.streaming.job", *map(str, files)]

    return command


def _groups(replay: Replay, deliveries: str = "whole") -> Properties:
    return {
        "InputStream0": {"path": (replay.directory / deliveries).as_uri()},
        "OutputStream0": {"connector": "filesystem", "path": _OUT.as_uri()},
    }


def _peer(python: Path, engine: str) -> Command:
    return lambda replay: [str(python), "benchmarks/stream_engines.py", engine, str(replay.directory), str(_OUT)]


def _cpu_seconds(command: list[str]) -> float:
    """Run a command and return the CPU seconds of all the processes that it started."""
    shutil.rmtree(_OUT.parent, ignore_errors=True)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stdout=log, stderr=log
        )
        used = 0.0
        while True:
            try:
                pid, status, usage = os.wait4(-1, 0)
            except ChildProcessError:
                return used
            used += usage.ru_utime + usage.ru_stime
            if pid == process.pid and status != 0:
                log.seek(0)
                raise SystemExit(f"{' '.join(command)} failed:\n{log.read()[-2_000:].decode(errors='replace')}")


ENGINES: dict[str, Command] = {
    "ours": _ours(),
    "Flink SQL TUMBLE": _peer(FLINK_PYTHON, "flink_tumble"),
    "ours, 2 workers": _ours(parallelism=2),
    "ours, RocksDB": _ours(backend="rocksdb"),
    "Spark 4.3": _peer(PEER_PYTHON, "spark"),
    "Bytewax 0.21": _peer(PEER_PYTHON, "bytewax"),
}

if __name__ == "__main__":
    main()
