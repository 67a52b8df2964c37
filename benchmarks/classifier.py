"""What a request to the classifier's API costs, beside its limit and its peers: `make bench-classifier`.

Every server answers with the artifact that ships, with the same decoding, in two workers. The CPU time is that of the
server's processes, not of the client. The limit is the same decoding and forward pass in two processes with no HTTP at
all. Rounds alternate between all of them, and the best counts: what else the machine does can only add to CPU time, by
emptying caches. Read the ratios.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import statistics
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

from benchmarks import classifier_servers as servers
from image_classifier.artifact import SHIPPED, load_artifact
from image_classifier.classifier import Classifier
from image_classifier.drawing import draw_picture
from image_classifier.serving.server import bound_freed_memory

PICTURES = {
    "299 x 299 PNG": ((299, 299), "PNG"),
    "1200 x 800 JPEG": ((1200, 800), "JPEG"),
    "1600 x 900 PNG": ((1600, 900), "PNG"),
}
LIMIT = "limit: no HTTP"


def main() -> None:
    """Measure requests, then readiness and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="CPU seconds of the limit in one round")
    options = parser.parse_args()
    pictures = {name: _picture(size, kind) for name, (size, kind) in PICTURES.items()}
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start; {options.rounds} rounds")
    with tempfile.TemporaryDirectory() as scratch:
        _measure_requests(pictures, options.rounds, options.seconds, Path(scratch))
        _measure_start(pictures, options.rounds, Path(scratch))


def _picture(size: tuple[int, int], kind: str) -> bytes:
    file = BytesIO()
    draw_picture("chart", 11, 2).resize(size).save(file, kind, quality=85)
    return file.getvalue()


def _measure_requests(pictures: dict[str, bytes], rounds: int, seconds: float, scratch: Path) -> None:
    with ExitStack() as stack:
        running = [(server, *stack.enter_context(servers.started(server, scratch))) for server in servers.SERVERS]
        context = multiprocessing.get_context("spawn")
        limit = stack.enter_context(ProcessPoolExecutor(2, context, _load))
        for server, _, port in running:
            for path, form in server.ways.values():
                servers.wait_until_it_answers(port, path, form(pictures["299 x 299 PNG"]))
        for name, image in pictures.items():
            count = 8 * max(1, round(seconds / _cost_of_limit(limit, image, 16) / 8))
            costs: dict[str, list[float]] = defaultdict(list)
            for _ in range(rounds + 1):  # the first one warms up
                costs[LIMIT].append(_cost_of_limit(limit, image, count))
                for server, pid, port in running:
                    for way, (path, form) in server.ways.items():
                        costs[way].append(_cost_of_requests(pid, port, path, form(image), count))
            _print_costs(f"{name}, {len(image) / 1e3:.0f} kB, {count} requests a round", costs)


def _cost_of_requests(pid: int, port: int, path: str, message: servers.Message, count: int) -> float:
    before = servers.cpu_seconds(pid)
    servers.post_many(port, path, message, count)
    return (servers.cpu_seconds(pid) - before) / count


def _cost_of_limit(pool: ProcessPoolExecutor, image: bytes, count: int) -> float:
    return sum(pool.map(_classify, [image] * 2, [count // 2] * 2)) / count


def _load() -> None:
    global classifier  # noqa: PLW0603 # what a worker process keeps
    bound_freed_memory()
    classifier = Classifier(load_artifact(SHIPPED))


def _classify(image: bytes, count: int) -> float:
    before = time.process_time()
    for _ in range(count):
        classifier.classify(image)
    return time.process_time() - before


def _print_costs(title: str, costs: dict[str, list[float]]) -> None:
    best = {name: min(values[1:]) for name, values in costs.items()}
    ours = next(name for name in best if name != LIMIT)
    print(f"\n{title}\n{'':32}{'CPU ms':>8}{'of the limit':>14}{'times ours':>12}")
    for name, cost in best.items():
        print(f"{name:32}{1e3 * cost:>8.2f}{best[LIMIT] / cost:>14.0%}{cost / best[ours]:>12.2f}", flush=True)


def _measure_start(pictures: dict[str, bytes], rounds: int, scratch: Path) -> None:
    whole, worker, memory = [], [], []
    message = servers.raw(pictures["299 x 299 PNG"])
    for _ in range(rounds):
        begun = time.monotonic()
        with servers.started(servers.OURS, scratch) as (pid, port):
            servers.wait_until_it_answers(port, "/predict", message)
            whole.append((time.monotonic() - begun, servers.cpu_seconds(pid)))
            for image in pictures.values():
                servers.post_many(port, "/predict", servers.raw(image), 40)
            memory += [_memory(child) for child in servers.processes(pid)[1:]]
            worker.append(_replacement(pid))
    elapsed, used = (statistics.median(values) for values in zip(*whole, strict=True))
    print(f"\nthe service answers {elapsed:.2f} s after its start, {used:.2f} CPU s for master and 2 workers")
    print(f"a worker that takes a killed one's place is ready after {statistics.median(worker):.2f} CPU s of its own")
    resident, proportional, own = (max(values) for values in zip(*memory, strict=True))
    print(f"a worker after 120 pictures: {resident:.0f} MB RSS, {proportional:.0f} MB PSS, {own:.0f} MB its own (USS)")


def _replacement(master: int) -> float:
    """Kill a worker and return the CPU time of its successor once that waits for requests."""
    before = set(servers.processes(master))
    os.kill(max(before), signal.SIGKILL)
    used, successors = 0.0, set()
    while not successors:
        successors = set(servers.processes(master)) - before
    (successor,) = successors
    still = 0
    while still < 10:  # half a second without work
        time.sleep(0.05)
        now = servers.cpu_seconds(successor)
        still = still + 1 if now == used else 0
        used = now
    return used


def _memory(pid: int) -> tuple[float, float, float]:
    """Return megabytes: resident, with shared pages divided among their sharers, and only its own."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1e3 for line in rollup}
    return sizes["Rss"], sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"]


if __name__ == "__main__":
    main()
