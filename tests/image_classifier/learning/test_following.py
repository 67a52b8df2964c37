"""The service follows what is published: workers are replaced one by one, and no request fails meanwhile."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import urllib.request
import uuid
from collections import Counter
from pathlib import Path

import boto3
import pytest

from image_classifier.artifact import Artifact
from image_classifier.learning.models import latest, publish_artifact, rollback
from tests.image_classifier.conftest import Running, Serve


def other(artifact: Artifact, number: int) -> Artifact:
    """Return an artifact of another version that answers the same: behind its model stand bytes that nobody reads."""
    model = artifact.model + bytes([number])
    described = Artifact(model, artifact.description)
    identity = {**artifact.description["model"], "sha256": described.sha256, "bytes": len(model)}
    return Artifact(model, {**artifact.description, "model": identity})


def version_of(service: Running) -> str:
    return str(json.loads(service.get("/readyz"))["model_version"])


def wait_until_others_serve(service: Running, before: list[int]) -> None:
    """The last of the workers before may still be finishing what it has accepted."""
    deadline = time.monotonic() + 60
    while len(service.workers()) != len(before) or set(service.workers()) & set(before):
        assert time.monotonic() < deadline, service.workers()
        time.sleep(0.1)


def wait_until_all_answer_with(service: Running, version: str) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if {version_of(service) for _ in range(12)} == {version}:
            return
        time.sleep(0.3)
    raise AssertionError(f"the workers do not serve {version}")


@pytest.fixture(params=["folder", "S3"])
def models(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path)
    request.getfixturevalue("aws")
    bucket = f"models-{uuid.uuid4().hex[:8]}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return f"s3://{bucket}/models"


def test_a_publication_is_served_without_a_failed_request_and_so_is_a_rollback(
    serve: Serve, models: str, artifact: Artifact, chart: bytes
) -> None:
    first = publish_artifact(models, artifact, {})
    service = serve(SERVE_ARTIFACT=models, SERVE_ARTIFACT_SECONDS="1", SERVE_WORKERS="2")
    while len(service.workers()) < 2:  # One of them answers before the other is there.
        time.sleep(0.1)
    before = service.workers()
    stop, outcomes = threading.Event(), Counter[str]()

    def ask() -> None:
        while not stop.is_set():
            try:
                outcomes[json.loads(service.post("/predict", chart))["model_version"]] += 1
            except OSError as error:
                outcomes[repr(error)] += 1

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    second = other(artifact, 1)
    publish_artifact(models, second, {})
    wait_until_all_answer_with(service, second.version)
    wait_until_others_serve(service, before)
    rollback(models, first.run)
    wait_until_all_answer_with(service, artifact.version)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(outcomes) == {artifact.version, second.version}


def test_a_killed_process_that_follows_is_started_again(serve: Serve, tmp_path: Path, artifact: Artifact) -> None:
    models = str(tmp_path)
    publish_artifact(models, artifact, {})
    service = serve(SERVE_ARTIFACT=models, SERVE_ARTIFACT_SECONDS="1", SERVE_WORKERS="1")
    os.kill(service.follower(), signal.SIGKILL)
    second = other(artifact, 1)
    publish_artifact(models, second, {})
    wait_until_all_answer_with(service, second.version)


def test_what_does_not_load_is_not_served(serve: Serve, tmp_path: Path, artifact: Artifact) -> None:
    models = str(tmp_path)
    publish_artifact(models, artifact, {})
    service = serve(SERVE_ARTIFACT=models, SERVE_ARTIFACT_SECONDS="1", SERVE_WORKERS="1")
    before = service.workers()
    garbled = Artifact(b"no model", artifact.description)
    identity = {"sha256": garbled.sha256, "bytes": 8, "file": "model.tflite"}
    publish_artifact(models, Artifact(b"no model", {**artifact.description, "model": identity}), {})
    assert latest(models).metadata["version"] == garbled.version
    time.sleep(5)
    assert version_of(service) == artifact.version
    assert service.workers() == before


@pytest.fixture
def learning(serve: Serve, tmp_path: Path) -> Running:
    return serve(SERVE_FEEDBACK=str(tmp_path), SERVE_FEEDBACK_RANDOM_SHARE="1", SERVE_WORKERS="1")


def test_answers_are_kept_and_users_can_object(learning: Running, tmp_path: Path, chart: bytes) -> None:
    from common.storage import open_store
    from image_classifier.learning.samples import Samples

    answer = json.loads(learning.post("/predict", chart))
    samples = Samples(open_store(str(tmp_path)))
    deadline = time.monotonic() + 20
    while not samples.has(answer["id"]) and time.monotonic() < deadline:
        time.sleep(0.1)
    body = json.dumps({"id": answer["id"], "class": "meme"}).encode()
    request = urllib.request.Request(learning.url + "/feedback", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 204
    (kept,) = samples.all()
    assert samples.image(kept) == chart
    assert samples.answer(kept)["claim"] == "meme"
    assert samples.answer(kept)["model_version"] == answer["model_version"]
    assert not kept.reviewed
