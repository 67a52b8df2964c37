"""Each image does its real job on real input: as any user, on a read-only root, without a capability."""

from __future__ import annotations

import io
import socket
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from common.storage import open_store
from image_classifier.drawing import draw_picture
from recs_batch.generate import write_network
from recs_batch.network import Network, NetworkSize
from tests.docker.conftest import HARDENED, Service, free_port

pytestmark = [pytest.mark.images, pytest.mark.timeout(600)]

Run = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[..., Service]
Reference = Callable[[str], str]


def picture(label: str, index: int = 0) -> bytes:
    buffer = io.BytesIO()
    draw_picture(label, 7, index).save(buffer, "PNG")
    return buffer.getvalue()


# SageMaker: as root, with what root has; Kubernetes: as anybody, with nothing.
@pytest.mark.parametrize("flags", [[], HARDENED], ids=["as-root", "hardened"])
def test_the_classifier_answers_images_and_stops_cleanly(flags: list[str], reference: Reference, serve: Serve) -> None:
    service = serve(reference("image-classifier"), "serve", inside=8080, flags=flags)
    service.wait("/readyz")
    answers = [service.post("/predict", picture(label), "image/png")["class"] for label in ("chart", "meme")]
    assert answers == ["chart", "meme"]
    assert service.get("/healthz")["status"] == "alive"
    assert service.terminate() == 0


def test_a_request_in_flight_is_answered_when_the_classifier_is_told_to_stop(
    reference: Reference, serve: Serve
) -> None:
    service = serve(reference("image-classifier"), "serve", inside=8080)
    service.wait("/readyz")
    body = picture("chart")
    head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection, ThreadPoolExecutor() as pool:
        connection.sendall(head.encode() + body[:100])
        time.sleep(1)  # a worker has it and waits for the rest
        stopping = pool.submit(service.terminate)
        time.sleep(1)
        assert not stopping.done()
        connection.sendall(body[100:])
        answer = connection.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 200"), answer
        assert b'"chart"' in answer
        assert stopping.result() == 0


SPARK = ["--engine", "spark", "--scorer", "count", "--no-evaluate"]
# Spark's default of 200 partitions a step is for clusters.
FEW_PARTITIONS = "PYSPARK_SUBMIT_ARGS=--conf spark.sql.shuffle.partitions=2 pyspark-shell"


@pytest.mark.parametrize(("image", "engine"), [("recs-batch", []), ("recs-batch-spark", SPARK)])
def test_recommendations_go_from_parquet_to_a_published_directory(
    image: str, engine: list[str], reference: Reference, run: Run, tmp_path: Path
) -> None:
    tables, store = tmp_path / "tables", tmp_path / "store"
    write_network(Network(NetworkSize(100, 20, 1_000, 5_000), 1, date(2026, 11, 1)), str(tables))
    shared(store)
    mounts = ["--volume", f"{tables}:/tables:ro", "--volume", f"{store}:/store", "--env", FEW_PARTITIONS]
    command = ["run", *engine, "--tables", "/tables", "--store", "/store", "--date", "2026-10-31"]
    done = run(reference(image), *command, options=[*mounts, "--network", "none"], memory="3g")
    assert done.returncode == 0, done.stderr
    pointers = [key for key in open_store(str(store)).list() if key.endswith("latest.json")]
    assert pointers
    assert '"event": "published"' in done.stderr


# Runs a night with each scorer and lists the compiled kernels that are not among the image's own.
NIGHT = """
import os, subprocess, sys
kernels = lambda folder: {(name, os.path.getsize(os.path.join(path, name))) for path, _, names in os.walk(folder)
                          for name in names if name.endswith(".nbc")}
command = [sys.executable, "-m", "recs_batch", "run", "--tables", "/tables", "--store", "/tmp/store"]
subprocess.run([*command, "--date", "2026-10-31", "--no-evaluate"], check=True)
print(len(kernels("/tmp/numba") & kernels("/opt/kernels")) > 0, kernels("/tmp/numba") - kernels("/opt/kernels"))
"""


def test_a_night_compiles_nothing_for_the_image_brings_it_compiled(
    reference: Reference, run: Run, tmp_path: Path
) -> None:
    # Large enough that the full matrices of a small network will not do.
    write_network(Network(NetworkSize(3_000, 60, 3_000, 30_000), 1, date(2026, 11, 1)), str(tmp_path / "tables"))
    options = ["--volume", f"{tmp_path / 'tables'}:/tables:ro", "--network", "none", "--entrypoint", "python"]
    done = run(reference("recs-batch"), "-c", NIGHT, options=options)
    assert done.stdout.strip() == "True set()", done.stderr


def test_recommendations_without_tables_fail_for_good(reference: Reference, run: Run, tmp_path: Path) -> None:
    shared(tmp_path / "store")
    options = ["--volume", f"{tmp_path / 'store'}:/store"]
    done = run(reference("recs-batch"), "run", "--tables", "/nowhere", "--store", "/store", options=options)
    assert done.returncode in (65, 66), done.stderr
    assert "Traceback" not in done.stderr


def test_sentiment_goes_from_scores_to_the_page(
    reference: Reference, run: Run, serve: Serve, database_over_tcp: str, tmp_path: Path
) -> None:
    image = reference("sentiment-minibatch")
    shared(tmp_path / "scores")
    options = ["--network", "host", "--env", f"DATABASE_URL={database_over_tcp}"]
    options += ["--volume", f"{tmp_path / 'scores'}:/scores"]
    for command in (
        ["migrate"],
        ["generate", "--out", "/scores/scores.ndjson", "--messages", "2000", "--symbols", "20", "--minutes", "30"],
        ["load", "/scores/scores.ndjson"],
        ["aggregate"],
        ["aggregate"],
    ):
        done = run(image, *command, options=options)
        assert done.returncode == 0, done.stderr
    port = free_port()
    page = serve(image, "serve", "--host", "127.0.0.1", "--port", str(port), inside=port, options=options)
    page.wait("/readyz")
    assert page.get("/api/v1/index")
    assert page.terminate() == 0


def test_a_lost_database_is_worth_another_try(reference: Reference, run: Run) -> None:
    options = ["--env", "DATABASE_URL=postgresql://postgres@127.0.0.1:1/nowhere"]
    done = run(reference("sentiment-minibatch"), "aggregate", options=options)
    assert done.returncode == 75, done.stderr
    assert done.stderr.startswith("error: ")


def shared(directory: Path) -> None:
    """A directory that any user may write to, as fsGroup makes a volume."""
    directory.mkdir()
    directory.chmod(0o777)
    for parent in directory.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)
