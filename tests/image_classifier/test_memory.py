"""The service in a memory cgroup of the deployment's own limit: the costliest that can be sent does not end it."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pillow_heif
import pytest
import yaml
from PIL import Image

from tests.image_classifier.conftest import Serve, encoded
from tests.image_classifier.test_server import status_of

DEPLOYMENT = Path(__file__).parents[2] / "k8s" / "base" / "image-classifier" / "deployment.yaml"
ROOT = Path("/sys/fs/cgroup")
pillow_heif.register_heif_opener()


def limit_bytes() -> int:
    """Return the container's memory limit as the manifest has it."""
    container = yaml.safe_load(DEPLOYMENT.read_text())["spec"]["template"]["spec"]["containers"][0]
    text = container["resources"]["limits"]["memory"]
    assert text.endswith("Mi")
    return int(text.removesuffix("Mi")) << 20


class Cgroup:
    """A memory cgroup, of version 1 or 2."""

    def __init__(self, limit: int) -> None:
        self.first = (ROOT / "memory").is_dir()
        self.place = (ROOT / "memory" if self.first else ROOT) / f"classifier-{secrets.token_hex(4)}"
        self.place.mkdir()
        (self.place / ("memory.limit_in_bytes" if self.first else "memory.max")).write_text(str(limit))

    def add(self, pid: int) -> None:
        (self.place / "cgroup.procs").write_text(str(pid))

    def kills(self) -> int:
        lines = (self.place / ("memory.oom_control" if self.first else "memory.events")).read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


@pytest.fixture
def cgroup() -> Iterator[Cgroup]:
    try:
        made = Cgroup(limit_bytes())
    except OSError as error:
        pytest.skip(f"no memory cgroup can be made here: {error}")
    yield made
    deadline = time.monotonic() + 20
    while (made.place / "cgroup.procs").read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.1)  # the process that decodes ends when the service has
    made.place.rmdir()


def test_the_costliest_images_and_bodies_stay_within_the_deployments_limit(serve: Serve, cgroup: Cgroup) -> None:
    service = serve(begun=cgroup.add, SERVE_WORKERS="2")
    workers = service.workers()
    large = Image.effect_noise((500, 500), 90).convert("RGB").resize((5000, 5000))
    files = [
        encoded(large, "WEBP", quality=50, method=0),
        encoded(Image.new("RGB", (5000, 5000)), "WEBP", lossless=True),
        encoded(Image.new("RGBA", (5000, 5000), (9, 9, 9, 9)), "PNG", compress_level=1),
        encoded(Image.new("RGB", (5000, 5000)), "HEIF"),
        encoded(Image.new("RGB", (5000, 5000)), "AVIF", speed=10),
        encoded(Image.new("RGB", (5000, 5000)), "JPEG", progressive=True),
    ]
    part = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 8000000\r\n\r\n"
    held = [socket.create_connection(("127.0.0.1", service.port), timeout=60) for _ in range(16)]
    for connection in held:
        with suppress(ConnectionError):  # where that is too much, what is at it longest is ended
            connection.sendall(part + b"x" * 7_000_000)
    with ThreadPoolExecutor(12) as pool:
        statuses = set(pool.map(lambda data: status_of(service, data), files * 3))
    for connection in held:
        connection.close()
    assert statuses <= {200, 503}
    assert 200 in statuses
    assert cgroup.kills() == 0
    assert service.workers() == workers
    service.process.terminate()
    assert service.process.wait(40) == 0
