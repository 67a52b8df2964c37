"""The servers that answer with the same artifact and the same decoding: how each is started, and how it is asked."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
PEERS = "benchmarks.classifier_peers"
CONNECTIONS = 4
TICKS = os.sysconf("SC_CLK_TCK")
Message = tuple[dict[str, str], bytes]  # headers and body


def raw(image: bytes) -> Message:
    """Return the message with the file as its body."""
    return {"Content-Type": "application/octet-stream"}, image


def multipart(image: bytes) -> Message:
    """Return the message with the file in the field `image`."""
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="i"\r\nContent-Type: image/png\r\n\r\n'
    return {"Content-Type": "multipart/form-data; boundary=b"}, head + image + b"\r\n--b--\r\n"


def in_json(image: bytes) -> Message:
    """Return the message with the file as base64 in JSON."""
    return {"Content-Type": "application/json"}, json.dumps({"image": base64.b64encode(image).decode()}).encode()


def in_form(image: bytes) -> Message:
    """Return the message with the file as base64 in a form field."""
    body = urllib.parse.urlencode({"encoded_image": base64.b64encode(image)}).encode()
    return {"Content-Type": "application/x-www-form-urlencoded"}, body


def in_tensor(image: bytes) -> Message:
    """Return the message of the Open Inference Protocol."""
    data = {"name": "image", "shape": [1], "datatype": "BYTES", "data": [base64.b64encode(image).decode()]}
    return {"Content-Type": "application/json"}, json.dumps({"inputs": [data]}).encode()


@dataclass(frozen=True)
class Server:
    """A command that listens on {port}, with two workers, and where and how it takes an image."""

    command: tuple[str, ...]
    ways: dict[str, tuple[str, Callable[[bytes], Message]]]  # by name: path and form of the message


GUNICORN = (str(BIN / "gunicorn"), "--workers", "2", "--bind", "127.0.0.1:{port}", "--log-level", "warning")
OURS = Server(
    (sys.executable, "-m", "image_classifier", "serve", "--port", "{port}", "--workers", "2"),
    {
        "ours, raw body": ("/predict", raw),
        "ours, multipart": ("/predict", multipart),
        "ours, JSON base64": ("/predict", in_json),
    },
)
SERVERS = [
    OURS,
    Server(
        (str(BIN / "uvicorn"), f"{PEERS}.with_fastapi:app", "--workers", "2", "--port", "{port}", "--no-access-log"),
        {"FastAPI + uvicorn, raw body": ("/predict", raw)},
    ),
    Server(
        (str(BIN / "bentoml"), "serve", f"{PEERS}.with_bentoml:Peer", "--host", "127.0.0.1", "--port", "{port}"),
        {"BentoML, multipart": ("/predict", multipart)},
    ),
    Server(
        (sys.executable, "-m", f"{PEERS}.with_litserve", "{port}"),
        {"LitServe, multipart": ("/predict", multipart)},
    ),
    Server(
        (str(BIN / "mlserver"), "start", "{scratch}"),
        {"MLServer, JSON base64": ("/v2/models/peer/infer", in_tensor)},
    ),
    Server(
        (*GUNICORN, f"{PEERS}.as_in_2019:app"),
        {"2019: model loaded per request": ("/chart_classifier/predict", in_form)},
    ),
]


@contextmanager
def started(server: Server, scratch: Path) -> Iterator[tuple[int, int]]:
    """Start a server in a session of its own; yields its process id and its port."""
    port = _free_port()
    settings = {"name": "peer", "implementation": f"{PEERS}.with_mlserver.Peer"}
    (scratch / "model-settings.json").write_text(json.dumps(settings))
    names = ("HTTP", "GRPC", "METRICS")
    ports = {f"MLSERVER_{name}_PORT": str(port if name == "HTTP" else _free_port()) for name in names}
    quiet = {"LOG_LEVEL": "WARNING", "BENTOML_DO_NOT_TRACK": "True", "MLSERVER_DEBUG": "false"}
    environment = {**os.environ, **ports, **quiet, "MLSERVER_PARALLEL_WORKERS": "2", "PYTHONPATH": str(Path.cwd())}
    environment["MLSERVER_HOST"] = "127.0.0.1"
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as they are in an image
    command = [part.format(port=port, scratch=scratch) for part in server.command]
    with (scratch / f"{port}.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process.pid, port
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):  # not all of them end with their first process
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_it_answers(port: int, path: str, message: Message) -> None:
    """Post until the answer is 200; raises `RuntimeError` after two minutes."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            _post(port, path, message, 1)
        except (OSError, http.client.HTTPException, RuntimeError):
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"nothing answers at port {port}, {path}")


def post_many(port: int, path: str, message: Message, count: int) -> None:
    """Post a message `count` times over CONNECTIONS connections; raises `RuntimeError` unless all answers are 200."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda _: _post(port, path, message, count // CONNECTIONS), range(CONNECTIONS)))


def _post(port: int, path: str, message: Message, count: int) -> None:
    headers, body = message
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(count):
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}: {text[:300]!r}")
    connection.close()


def processes(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    with suppress(OSError):  # it may end while its descendants are being listed
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += processes(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process and its descendants have used."""
    total = 0
    for process in processes(pid):
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
