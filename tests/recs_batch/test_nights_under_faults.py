"""What a reader may see while kills, stops, zombies and retries come in any order: one whole night, the right one."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
import threading
import uuid
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from common.storage import latest_publication, open_store
from tests.recs_batch.networks import SCHEMAS
from tests.recs_batch.night_processes import Processes

DAYS = ("2026-10-30", "2026-10-31")
STEPS = ("engagement", "filter-users", "filter-rooms", "follow-recs", "room-recs", "publish")
MOVING = {"run", "publish", "rollback"}  # commands that may move the pointer
EXPECTED_CODES = {0, 66, 75}
REQUEST = st.integers(1, 90)
WHICH = st.integers(0, 9)


class FaultyS3:
    """An S3 over HTTP that refuses some requests, or carries them out and loses the answer."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self.refused, self.lost, self._count = range(0), range(0), 0
        self.server = make_server("127.0.0.1", 0, self, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def fail(self, refused: range, lost: range) -> None:
        self.refused, self.lost, self._count = refused, lost, 0

    def __call__(self, environ, start_response):
        self._count += 1
        number = self._count
        failure = Response("<Error><Code>InternalError</Code></Error>", 500, content_type="application/xml")
        if number in self.refused:
            return failure(environ, start_response)
        if number in self.lost:
            for _ in self._moto(environ, lambda *_: None):
                pass
            return failure(environ, start_response)
        return self._moto(environ, start_response)


class Nights(RuleBasedStateMachine):
    """Commands of two days and two sets of parameters; `stopped` are those at rest in the middle of something."""

    processes: Processes
    s3: FaultyS3 | None

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.stopped, self.published_before = {}, []
        tables = self.folder / "tables"
        tables.mkdir()
        for name, schema in SCHEMAS.items():
            pq.write_table(pa.Table.from_pylist([], schema), tables / f"{name}.parquet")
        self.work, self.store = str(self.folder / "work"), str(self.folder / "store")
        if self.s3:
            bucket = f"bucket-{uuid.uuid4().hex}"
            boto3.session.Session().client("s3", endpoint_url=self.s3.url).create_bucket(Bucket=bucket)
            self.work, self.store = f"s3://{bucket}/work", f"s3://{bucket}/store"
        self.before = None

    def arguments(self, command: str, day: str, top: int, to: str | None = None) -> list:
        places = ["--work", self.work]
        if command in {"run", "specify"}:
            places += ["--tables", self.folder / "tables", "--store", self.store, "--top", top, "--no-evaluate"]
        if command == "rollback":
            return [command, "--store", self.store, "--to", to]
        if command == "prune":
            return [command, *places, "--store", self.store]
        return [command, *places, "--date", day]

    def do(self, command, *arguments, **options):
        """Start a command, or go on with one, and judge what came of it."""
        environment = {name: options.pop(name) for name in list(options) if name.isupper()}
        environment |= {"CODE_VERSION": "1", "ABANDONED_AFTER": "0", "RECS_KEEP_PUBLICATIONS": "2"}
        if self.s3:
            environment["AWS_ENDPOINT_URL"] = self.s3.url
        done = self.processes.start(*self.arguments(command, *arguments), **environment, **options)
        self.judge(done, command, *arguments)

    def judge(self, done, command, *arguments) -> None:
        if self.s3:
            self.s3.fail(range(0), range(0))
        with Path(os.environ.get("TRACE", os.devnull)).open("a") as trace:
            print(  # what was done, where TRACE names a file
                command,
                arguments,
                "stopped" if done["stopped"] else done["code"],
                (done["errors"].splitlines() or [""])[-1][:150],
                file=trace,
            )
        self.stopped.pop(done["pid"], None)
        if done["stopped"]:
            self.stopped[done["pid"]] = (command, *arguments)
        assert "Traceback" not in done["errors"], done["errors"]
        assert done["code"] is None or done["code"] in EXPECTED_CODES, done["errors"]
        now = self.read()
        if now != self.before:
            assert command in MOVING, f"{command} moved the pointer"
            assert command == "rollback" or self.before is None or now[0] >= self.before[0], "back to an older day"
            assert now[1] == arguments[2] if command == "rollback" else now[0] == arguments[0]
        if done["code"] == 0 and command == "run":
            assert now[0] >= arguments[0]
        self.before = now
        if now and now[1] not in self.published_before:
            self.published_before.append(now[1])

    def read(self):
        """Read the latest publication whole; return its day and its run."""
        store = open_store(self.store)
        if not store.exists("recs/latest.json"):
            return None
        manifest = latest_publication(store, "recs")
        names = set()
        for file in manifest.files:
            body = store.get(f"recs/{file.key}")
            assert (len(body), hashlib.sha256(body).hexdigest()) == (file.bytes, file.sha256)
            folder, name = file.key.split("/")[0], file.key.split("/")[-1]
            names.add(f"{folder}/{name}")
            if name.endswith(".parquet"):
                assert pq.read_table(io.BytesIO(body))["night"].to_pylist() == [manifest.metadata["night"]] * 2
            elif name.endswith(".csv"):
                assert body.decode() == manifest.metadata["night"] * 3
        assert names >= {
            f"kind={kind}/{name}"
            for kind in ("users", "rooms")
            for name in ("part-00000.parquet", "recommendations.csv")
        }
        assert f"run={manifest.metadata['night']}" in manifest.run
        return manifest.metadata["date"], manifest.run

    @rule(
        command=st.sampled_from(["run"] * 6 + ["specify", *STEPS, "rollback", "rollback", "prune"]),
        day=st.sampled_from(DAYS),
        top=st.sampled_from([3, 5]),
        how=st.sampled_from(["to the end", "to the end", "stop_at", "stop_at", "kill_at"]),
        at=REQUEST,
        which=WHICH,
    )
    def start(self, command, day, top, how, at, which) -> None:
        if command == "rollback" and not self.published_before:
            return
        target = self.published_before[which % len(self.published_before)] if command == "rollback" else None
        at = at if command == "run" else at % 16 + 1
        self.do(command, day, top, target, **({} if how == "to the end" else {how: at}))

    @rule(which=WHICH, further=st.one_of(st.none(), REQUEST))
    def go_on(self, which, further) -> None:
        if self.stopped:
            pid = sorted(self.stopped)[which % len(self.stopped)]
            self.judge(self.processes.resume(pid, further), *self.stopped[pid])

    @rule(which=WHICH)
    def kill_what_is_stopped(self, which) -> None:
        if self.stopped:
            pid = sorted(self.stopped)[which % len(self.stopped)]
            self.judge(self.processes.kill(pid), *self.stopped[pid])

    @rule(
        day=st.sampled_from(DAYS),
        top=st.sampled_from([3, 5]),
        at=REQUEST,
        length=st.sampled_from([1, 1, 3, 8]),
        lost=st.booleans(),
    )
    def run_on_a_faulty_store(self, day, top, at, length, lost) -> None:
        failing, fine = range(at, at + length), range(0)
        if self.s3:
            self.s3.fail(fine if lost else failing, failing if lost else fine)
        self.do("run", day, top)

    def teardown(self) -> None:
        """Whatever happened, the next night is published, and nothing but publications stays."""
        if not hasattr(self, "stopped"):
            return
        for pid in list(self.stopped):
            self.judge(self.processes.resume(pid), *self.stopped[pid])
        self.do("run", "2026-11-01", 5)
        assert self.before[0] == "2026-11-01"
        self.do("prune", "2026-11-01", 5, RECS_KEEP_WORK_DAYS="0")
        store = open_store(self.store)
        manifests = list(store.list("recs/manifests/"))
        published = {file["key"] for key in manifests for file in json.loads(store.get(key))["files"]}
        assert {*store.list()} == {"recs/latest.json", *manifests, *(f"recs/{key}" for key in published)}
        assert list(open_store(self.work).list()) == []
        if not self.s3:
            left = [
                path for place in (self.work, self.store) for path in Path(place).rglob("*") if ".staging" in path.parts
            ]
            assert {path.name for path in left} == {".staging", "lock"}
            folders = [path for place in (self.work, self.store) for path in Path(place).rglob("*") if path.is_dir()]
            assert all(any(folder.iterdir()) for folder in folders)
        shutil.rmtree(self.folder)


@pytest.mark.timeout(1200)  # some hundred processes, on a machine that may be busy
@pytest.mark.parametrize("place", ["directory", "s3"])
def test_a_reader_sees_one_whole_night_whatever_happens(place, tmp_path):
    processes, s3 = Processes(tmp_path), FaultyS3() if place == "s3" else None
    if s3:
        os.environ["AWS_ENDPOINT_URL"] = s3.url
    machine = type("Machine", (Nights,), {"processes": processes, "s3": s3})
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=int(os.environ.get("NIGHTS", "3" if s3 else "6")),
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        os.environ.pop("AWS_ENDPOINT_URL", None)
        processes.close()
        if s3:
            s3.server.shutdown()
