"""Commands of recs_batch as real processes that stop or die at a chosen request, for tests of nights under faults.

A process that has imported everything forks one for each command. The steps' arithmetic is a stand-in: whatever a step
writes, it stamps with its night. Specification, partitions, publication, stores and the command line are the real ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
REQUESTS = ("get", "get_version", "open", "download", "put", "create", "swap", "list", "exists", "stat", "delete")


class Processes:
    """Forks commands, which run until they end, or stop themselves before their request number `stop_at`."""

    def __init__(self, folder: Path) -> None:
        self._asked = 0
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.recs_batch.night_processes", str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: object, stop_at: int | None = None, kill_at: int | None = None, **environment: str):
        return self._ask(
            "start",
            arguments=[str(one) for one in arguments],
            stop_at=stop_at,
            kill_at=kill_at,
            environment=environment,
        )

    def resume(self, pid: int, stop_at: int | None = None):
        return self._ask("resume", pid=pid, stop_at=stop_at)

    def kill(self, pid: int):
        return self._ask("kill", pid=pid)

    def close(self) -> None:
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait()

    def _ask(self, operation: str, **question: object):
        self._asked += 1
        print(
            json.dumps({"operation": operation, "asked": self._asked, **question}), file=self._server.stdin, flush=True
        )
        answer = json.loads(self._server.stdout.readline())
        assert answer.pop("asked") == self._asked, answer
        return answer


def serve(folder: Path) -> None:
    """Answer questions, one JSON object a line."""
    for line in sys.stdin:
        question = json.loads(line)
        operation, asked = question.pop("operation"), question.pop("asked")
        if operation == "start":
            pid = os.fork()
            if not pid:
                _be_a_command(folder, **question)
        else:
            pid = question["pid"]
            (folder / f"{pid}.stop_at").write_text(str(question.get("stop_at") or ""))
            os.kill(pid, signal.SIGKILL if operation == "kill" else signal.SIGCONT)
        sys.stdout.write(json.dumps({"asked": asked, **_state_of(pid, folder)}) + "\n")
        sys.stdout.flush()


def _state_of(pid: int, folder: Path) -> dict:
    """Wait until the process ends or stops itself."""
    _, status = os.waitpid(pid, os.WUNTRACED)
    errors = (folder / f"{pid}.errors").read_text() if (folder / f"{pid}.errors").exists() else ""
    return {
        "pid": pid,
        "stopped": os.WIFSTOPPED(status),
        "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        "errors": errors,
    }


def _be_a_command(folder: Path, arguments: list, stop_at: int | None, kill_at: int | None, environment: dict) -> None:
    pid, count = os.getpid(), 0
    (folder / f"{pid}.stop_at").write_text(str(stop_at or ""))

    def gate() -> None:
        nonlocal count
        count += 1
        if count == kill_at:
            os.kill(pid, signal.SIGKILL)
        if (at := (folder / f"{pid}.stop_at").read_text()) and count == int(at):
            os.kill(pid, signal.SIGSTOP)

    os.environ.update(environment)
    _gate_requests(gate)
    _stand_in_for_steps(gate)
    if "ABANDONED_AFTER" in environment:
        _abandon_after(float(environment["ABANDONED_AFTER"]))
    with (folder / f"{pid}.errors").open("w") as errors, Path(os.devnull).open("r+") as nothing:
        for standard, file in ((0, nothing), (1, nothing), (2, errors)):
            os.dup2(file.fileno(), standard)
    from common.cli import run
    from recs_batch.cli import main

    try:
        run(main, arguments)
    except SystemExit as end:
        sys.stderr.flush()
        os._exit(end.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _gate_requests(gate) -> None:
    """Let every request to a store pass the gate first."""
    import botocore.retries.standard

    import common.storage.staging
    from common.storage.directory import DirectoryStore
    from common.storage.s3 import S3Store

    common.storage.staging.PATIENCE = 0.2
    botocore.retries.standard.ExponentialBackoff.delay_amount = lambda *_: 0.0
    for kind in (DirectoryStore, S3Store):
        for name in REQUESTS:
            setattr(kind, name, _gated(getattr(kind, name), gate))


def _gated(method, gate):
    def passed(*arguments):
        gate()
        return method(*arguments)

    return passed


def _stand_in_for_steps(gate) -> None:
    """Let each step write its files in pieces, stamped with the night, having read what it should read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    import recs_batch.night
    from recs_batch.steps import RECS, Step, steps_of

    def taken(name: str, step: Step) -> Step:
        files = ("stamp", *(file for file in step.files if not file.endswith(".npy")))

        def take(night, folder: Path) -> dict:
            stamp = night.specification.id
            for before in step.reads:
                assert (night.partitions.open(before) / "stamp").read_text() == stamp * 3
            for file in files:
                if file.endswith(".parquet"):
                    pq.write_table(pa.table({"user_id": [1, 2], "night": [stamp, stamp]}), folder / file)
                    gate()
                    continue
                with (folder / file).open("w") as text:
                    for _ in range(3):
                        text.write(stamp)
                        text.flush()
                        gate()
            if name in RECS.values():
                return {"counts": {"users": 2, "rows": 2}}
            return {"tables": {"users": 2}, "dropped": {}}

        return Step(step.reads, files, take)

    def stand_ins(evaluated: bool) -> dict:
        return {name: taken(name, step) for name, step in steps_of(evaluated).items()}

    recs_batch.night.steps_of = stand_ins


def _abandon_after(seconds: float) -> None:
    from datetime import timedelta

    import common.storage.directory
    import common.storage.retention
    import recs_batch.retention

    common.storage.retention._ABANDONED = recs_batch.retention._ABANDONED = timedelta(seconds=seconds)
    common.storage.directory._ABANDONED = seconds


if __name__ == "__main__":
    for module in (
        "common.cli",
        "common.logs",
        "common.storage.s3",
        "recs_batch.cli",
        "recs_batch.from_options",
    ):  # once, before forking
        import_module(module)
    with contextlib.suppress(KeyboardInterrupt):
        serve(Path(sys.argv[1]))
