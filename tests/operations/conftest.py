"""A Kubernetes API that keeps objects and really runs what a Job's pod would run, as a local process."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from operations.cluster import Cluster as Connected

Manifest = dict[str, Any]
_OBJECTS = re.compile(
    r"/(?:apis/batch/v1|api/v1)/namespaces/(?P<namespace>[^/]+)/(?P<kind>cronjobs|jobs|pods|events)"
    r"(?:/(?P<name>[^/?]+))?(?:/(?P<part>status|log))?"
)

NO_NODE = "0/1 nodes are available: 1 Insufficient cpu."


@dataclass
class Cluster:
    """What the API keeps, and how its one node behaves."""

    cron_jobs: list[Manifest] = field(default_factory=list)
    jobs: dict[str, Manifest] = field(default_factory=dict)
    pods: dict[str, Manifest] = field(default_factory=dict)
    logs: dict[str, list[str]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    cannot_start: str | None = None  # a reason such as ImagePullBackOff
    starts_after: float | None = None  # seconds for which it could not start
    full: bool = False  # the node takes no pod until somebody has seen one wait
    lines_before_the_log_breaks: int | None = None
    lose_pods: bool = False
    seen_waiting: threading.Event = field(default_factory=threading.Event)

    def run(self, job: Manifest) -> None:
        """Run the Job's command until it ends well or is not worth another try, one pod after the other."""
        for attempt in range(job["spec"].get("backoffLimit", 0) + 1):
            code = self._run_pod(job, f"{job['metadata']['name']}-{attempt}")
            if code is None:
                return
            if code == 0:
                _finish(job, "Complete", "CompletionsReached", "")
                return
            if code in hopeless(job):
                _finish(job, "Failed", "PodFailurePolicy", f"exit code {code}")
                return
        _finish(job, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")

    def _run_pod(self, job: Manifest, name: str) -> int | None:
        container = job["spec"]["template"]["spec"]["containers"][0]
        state: Manifest = {"waiting": {"reason": "ContainerCreating"}}
        pod = {
            "metadata": {
                "name": name,
                "creationTimestamp": _now(),
                "labels": {"batch.kubernetes.io/job-name": job["metadata"]["name"]},
            },
            "status": {"phase": "Pending", "containerStatuses": [_status(container, state)]},
        }
        self.pods[name], self.logs[name] = pod, []
        if self.full:
            full = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": NO_NODE}
            pod["status"] = {"phase": "Pending", "conditions": [full]}
            self.seen_waiting.wait(60)
            pod["status"] = {"phase": "Pending", "containerStatuses": [_status(container, state)]}
        if self.cannot_start:
            pod["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": self.cannot_start, "message": "no"}}
            if self.starts_after is None:
                return None
            time.sleep(self.starts_after)
        process = subprocess.Popen([sys.executable, *container["args"]], stdout=subprocess.PIPE, text=True)
        pod["status"]["phase"] = "Running"
        pod["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": _now()}}
        assert process.stdout
        with process:
            for line in process.stdout:
                self.logs[name].append(f"{datetime.now(UTC).isoformat()} {line}")
        if self.lose_pods:
            pod["status"] = {"phase": "Failed", "reason": "Evicted"}
            _finish(job, "Failed", "BackoffLimitExceeded", "Evicted")
            return None
        pod["status"]["phase"] = "Failed" if process.returncode else "Succeeded"
        ended = {"exitCode": process.returncode, "finishedAt": _now()}
        pod["status"]["containerStatuses"][0]["state"] = {"terminated": ended}
        return process.returncode


def hopeless(job: Manifest) -> list[int]:
    rules = job["spec"].get("podFailurePolicy", {}).get("rules", [])
    return [code for rule in rules if rule["action"] == "FailJob" for code in rule["onExitCodes"]["values"]]


def _finish(job: Manifest, kind: str, reason: str, message: str) -> None:
    job["status"] = {"conditions": [{"type": kind, "status": "True", "reason": reason, "message": message}]}


def _status(container: Manifest, state: Manifest) -> Manifest:
    fixed = {"image": container["image"], "imageID": "", "ready": False, "restartCount": 0}
    return {"name": container["name"], "state": state, **fixed}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def do_GET(self) -> None:
        found = _OBJECTS.match(self.path)
        if found is None:  # some kubectls ask for /version first
            return self._answer(404, {})
        if found["kind"] == "pods" and found["part"] == "log":
            return self._stream(found["name"])
        kept = {"cronjobs": self.cluster.cron_jobs, "jobs": self.cluster.jobs, "pods": self.cluster.pods, "events": []}
        objects = kept[found["kind"]]
        if found["name"]:
            assert isinstance(objects, dict)
            return self._answer(200 if found["name"] in objects else 404, objects.get(found["name"], {}))
        items = list(objects.values()) if isinstance(objects, dict) else objects
        if found["kind"] == "pods":
            job = self.path.rpartition("job-name%3D")[2]
            items = [pod for pod in items if pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] == job]
        self._answer(200, {"items": items})
        if any("conditions" in found["status"] for found in items if found["status"].get("phase") == "Pending"):
            self.cluster.seen_waiting.set()
        return None

    def do_POST(self) -> None:
        job = json.loads(self._body())
        name = f"{job['metadata']['generateName']}{len(self.cluster.jobs):05}"
        job["metadata"]["name"], job["status"] = name, {}
        self.cluster.jobs[name] = job
        threading.Thread(target=self.cluster.run, args=(job,), daemon=True).start()
        self._answer(201, job)

    def do_DELETE(self) -> None:
        found = _OBJECTS.match(self.path)
        assert found
        self.cluster.deleted.append(found["name"])
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(200, {"kind": "Status", "status": "Success"})

    def _body(self) -> bytes:
        """Read a body in chunks: kubectl does not know how long it is when it sends it."""
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _stream(self, pod: str) -> None:
        """Send a pod's log as it grows, in chunks that do not end where lines do; break off once if told to."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        sent = 0
        while True:
            ended = "running" not in (self.cluster.pods[pod]["status"].get("containerStatuses") or [{}])[0].get(
                "state", {}
            )
            for line in self.cluster.logs[pod][sent:]:
                sent += 1
                for part in (line[:7], line[7:]):
                    self.wfile.write(f"{len(part.encode()):x}\r\n{part}\r\n".encode())
                if sent == self.cluster.lines_before_the_log_breaks:
                    self.cluster.lines_before_the_log_breaks = None
                    self.close_connection = True
                    return
            if ended:
                break
            time.sleep(0.01)
        self.wfile.write(b"0\r\n\r\n")

    def _answer(self, code: int, body: Manifest) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def api(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connected]:
    """The stand-in, as kubectl's context."""
    handler = type("Handler", (_Handler,), {"cluster": cluster})
    with served(handler) as address:
        use_context(address, tmp_path, monkeypatch)
        yield Connected()


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve an API on the loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def use_context(address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a cluster at an address the one of kubectl's current context."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed; it speaks to the cluster")
    named = {"name": "stand-in"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [named | {"cluster": {"server": address}}],
        "contexts": [named | {"context": {"cluster": "stand-in", "user": ""}}],
        "current-context": "stand-in",
    }
    (folder / "kubeconfig").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
