"""Pictures in every encoding, the shipped artifact, an application, and a service as real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from image_classifier.artifact import SHIPPED, Artifact, load_artifact
from image_classifier.classifier import Classifier
from image_classifier.drawing import draw_picture
from image_classifier.serving.app import create_app
from image_classifier.serving.settings import ServiceSettings

REAL_IMAGES = Path(__file__).parents[3] / "shared" / "data" / "stocktwits_images"


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture(scope="session")
def artifact() -> Artifact:
    return load_artifact(SHIPPED)


@pytest.fixture(scope="session")
def client(artifact: Artifact) -> FlaskClient:
    return create_app(Classifier(artifact), ServiceSettings()).test_client()


@pytest.fixture(scope="session")
def chart() -> bytes:
    return encoded(draw_picture("chart", 11, 2))


@pytest.fixture(scope="session")
def meme() -> bytes:
    return encoded(draw_picture("meme", 11, 5))


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@dataclass
class Running:
    process: subprocess.Popen[str]
    url: str
    follows: bool = False

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def workers(self) -> list[int]:
        # The first looks after the process that decodes, the second, where an artifact is followed, after that which
        # does it.
        return children(self.process.pid)[1 + self.follows :]

    def decoder(self) -> int:
        return children(children(self.process.pid)[0])[0]

    def follower(self) -> int:
        return children(children(self.process.pid)[1])[0]

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=30) as response:
            return response.read().decode()

    def post(self, path: str, body: bytes, kind: str = "application/octet-stream") -> bytes:
        request = urllib.request.Request(self.url + path, body, {"Content-Type": kind})
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.read()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


Serve = Callable[..., Running]


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """Start `python -m image_classifier serve` with settings, wait until it is ready, and stop it in the end."""
    running: list[Running] = []

    def start(begun: Callable[[int], None] | None = None, **settings: str) -> Running:
        port = free_port()
        environment = {**os.environ, "LOG_LEVEL": "WARNING", "SERVE_PORT": str(port), **settings}
        command = [sys.executable, "-m", "image_classifier", "serve"]
        process = subprocess.Popen(command, env=environment, text=True)
        if begun is not None:
            begun(process.pid)
        served = settings.get("SERVE_ARTIFACT", "/nowhere")
        follows = served.startswith("s3://") or (Path(served) / "image_classifier" / "latest.json").exists()
        service = Running(process, f"http://127.0.0.1:{port}", follows)
        running.append(service)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                service.get("/readyz")
                if len(service.workers()) == int(settings.get("SERVE_WORKERS", "2")):  # one answers before the others
                    return service
            except OSError:
                assert process.poll() is None, "the service ended before it was ready"
            time.sleep(0.1)
        raise AssertionError("the service did not become ready")

    yield start
    for service in running:
        if service.process.poll() is None:
            service.process.send_signal(signal.SIGTERM)
            service.process.wait(40)


@pytest.fixture(scope="session")
def service(serve: Serve) -> Running:
    """One service with two workers that tests may share as long as they leave it running."""
    return serve(SERVE_WORKERS="2")
