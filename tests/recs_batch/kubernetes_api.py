"""A small stand-in for the Kubernetes API: a pod's command runs as a local process, its log is the process's output."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_POD = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/pods(?:/(?P<name>[^/]+))?(?P<log>/log)?$")


class KubernetesApi:
    """Serves pods on the loopback. A pod whose name begins with one of `fail_once` fails the first time, unrun."""

    def __init__(self, environment: dict[str, str], fail_once: tuple[str, ...] = ()) -> None:
        self.pods, self.logs, self.started, self.deleted = {}, {}, [], []
        self._environment, self._fail_once = environment, list(fail_once)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def create(self, namespace: str, pod: dict) -> dict:
        name = pod["metadata"]["name"]
        pod["metadata"] |= {"namespace": namespace, "uid": name, "creationTimestamp": _now(), "resourceVersion": "1"}
        pod["status"] = {
            "phase": "Running",
            "containerStatuses": [self._container(pod, {"running": {"startedAt": _now()}})],
        }
        self.pods[name] = pod
        self.started.append(name)
        threading.Thread(target=self._run, args=(pod,), daemon=True).start()
        return pod

    def _run(self, pod: dict) -> None:
        name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]
        failing = next((prefix for prefix in self._fail_once if name.startswith(prefix)), None)
        if failing:
            self._fail_once.remove(failing)
            code, output = 1, "the node went away\n"
        else:
            command = [sys.executable if part == "python" else part for part in container["command"]] + container[
                "args"
            ]
            variables = {one["name"]: one.get("value", "") for one in container.get("env", [])}
            done = subprocess.run(
                command, env=os.environ | self._environment | variables, capture_output=True, text=True, check=False
            )
            code, output = done.returncode, done.stdout + done.stderr
        self.logs[name] = output
        terminated = {"exitCode": code, "reason": "Completed" if code == 0 else "Error", "finishedAt": _now()}
        pod["status"] = {
            "phase": "Succeeded" if code == 0 else "Failed",
            "containerStatuses": [self._container(pod, {"terminated": terminated})],
        }

    @staticmethod
    def _container(pod: dict, state: dict) -> dict:
        container = pod["spec"]["containers"][0]
        return {
            "name": container["name"], "image": container["image"], "imageID": "", "ready": "running" in state,
            "restartCount": 0, "state": state, "started": True,
        }  # fmt: skip

    def _handler(api) -> type[BaseHTTPRequestHandler]:  # noqa: C901, N805 (a method for each verb)
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts, query = urlsplit(self.path), parse_qs(urlsplit(self.path).query)
                found = _POD.match(parts.path)
                if not found:
                    return self._answer({"kind": "List", "metadata": {}, "items": []})
                if found["log"]:
                    return self._send(200, api.logs.get(found["name"], "").encode(), "text/plain")
                if found["name"]:
                    pod = api.pods.get(found["name"])
                    return self._answer(pod) if pod else self._answer({"kind": "Status", "code": 404}, 404)
                labels = dict(
                    part.split("=", 1)
                    for part in query.get("labelSelector", [""])[0].split(",")
                    if "=" in part and "!=" not in part
                )
                pods = [pod for pod in api.pods.values() if labels.items() <= pod["metadata"].get("labels", {}).items()]
                return self._answer({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": pods})

            def do_POST(self) -> None:
                self._answer(api.create(_POD.match(urlsplit(self.path).path)["namespace"], self._body()), 201)

            def do_PATCH(self) -> None:
                pod = api.pods[_POD.match(urlsplit(self.path).path)["name"]]
                pod["metadata"].setdefault("labels", {}).update(self._body().get("metadata", {}).get("labels", {}))
                self._answer(pod)

            def do_DELETE(self) -> None:
                name = _POD.match(urlsplit(self.path).path)["name"]
                api.deleted.append(name)
                pod = api.pods.pop(name, None)
                self._answer(pod or {"kind": "Status", "code": 404}, 200 if pod else 404)

            def _body(self) -> dict:
                return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body: dict, status: int = 200) -> None:
                self._send(status, json.dumps(body).encode(), "application/json")

            def _send(self, status: int, body: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
