"""The Flink application is started, stopped and updated, each as often as one likes.

moto describes applications and snapshots but starts none, so the service is played here by its documented states:
https://docs.aws.amazon.com/managed-flink/latest/apiv2/API_ApplicationDetail.html. What AWS itself refuses is not shown.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from botocore.validate import validate_parameters

from common.errors import ApplicationError, MissingInputError
from operations.flink import FlinkApplication, FlinkError

FIRST = datetime(2026, 1, 5, tzinfo=UTC)


class Service:
    """An application with its snapshots: each operation takes effect after it was asked for twice."""

    def __init__(self) -> None:
        self.status = "READY"
        self.snapshots: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._coming: list[str] = []
        self.fails = False
        self._model = boto3.client("kinesisanalyticsv2").meta.service_model

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> dict[str, Any]:
            name = "".join(word.capitalize() for word in operation.split("_"))
            validate_parameters(arguments, self._model.operation_model(name).input_shape)
            self.asked.append((operation, arguments))
            answer: dict[str, Any] = getattr(self, f"_{operation}")()
            return answer

        return call

    def _describe_application(self) -> dict[str, Any]:
        if self._coming:
            self.status = self._coming.pop(0)
        return {
            "ApplicationDetail": {
                "ApplicationStatus": self.status,
                "ApplicationVersionId": 3,
                "RuntimeEnvironment": "FLINK-2_2",
                "ApplicationConfigurationDescription": {},
            }
        }

    def _list_application_snapshots(self) -> dict[str, Any]:
        return {"SnapshotSummaries": self.snapshots}

    def _start_application(self) -> dict[str, Any]:
        assert self.status == "READY", "the service refuses to start what runs"
        self._coming = ["STARTING", "STARTING", "READY" if self.fails else "RUNNING"]
        return {}

    def _stop_application(self) -> dict[str, Any]:
        assert self.status == "RUNNING", "the service refuses to stop what does not run"
        made = FIRST + timedelta(minutes=len(self.snapshots))
        name = f"snapshot-{len(self.snapshots)}"
        self.snapshots.insert(0, {"SnapshotName": name, "SnapshotStatus": "READY", "SnapshotCreationTimestamp": made})
        self._coming = ["STOPPING", "READY"]
        return {}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()
    monkeypatch.setattr(boto3.session.Session, "client", lambda *_: service)
    return service


def application(said: list[str]) -> FlinkApplication:
    return FlinkApplication("sentiment-minutes", said.append, sleep=lambda _: None)


def _restores(service: Service) -> list[str]:
    return [
        arguments["RunConfiguration"]["ApplicationRestoreConfiguration"]["ApplicationRestoreType"]
        for operation, arguments in service.asked
        if operation == "start_application"
    ]


def test_it_is_started_from_nothing_and_then_from_its_latest_snapshot(service: Service) -> None:
    said: list[str] = []
    flink = application(said)
    for _ in range(2):
        flink.start()
    for _ in range(2):
        flink.stop()
    flink.start()
    assert _restores(service) == ["SKIP_RESTORE_FROM_SNAPSHOT", "RESTORE_FROM_LATEST_SNAPSHOT"]
    assert "sentiment-minutes runs already" in said
    assert "sentiment-minutes has stopped already" in said
    assert said[-2:] == ["starting sentiment-minutes from the snapshot snapshot-0", "sentiment-minutes is RUNNING"]


def test_an_update_goes_on_from_a_snapshot_and_one_that_fails_leaves_it_running(service: Service) -> None:
    said: list[str] = []
    flink = application(said)
    flink.start()

    def refused() -> None:
        assert service.status == "READY"
        raise ApplicationError("rolled back")

    with pytest.raises(ApplicationError, match="rolled back"):
        flink.update(refused)
    assert service.status == "RUNNING"
    flink.update(lambda: None)
    assert _restores(service)[1:] == ["RESTORE_FROM_LATEST_SNAPSHOT"] * 2
    assert service.status == "RUNNING"


def test_without_state_it_takes_no_snapshot(service: Service) -> None:
    flink = application([])
    flink.start()
    flink.stop()
    flink.start(without_state=True)
    assert _restores(service)[-1] == "SKIP_RESTORE_FROM_SNAPSHOT"


def test_one_that_does_not_come_up_is_told_so(service: Service) -> None:
    service.fails = True
    with pytest.raises(FlinkError, match="is READY instead of RUNNING; its log group says why"):
        application([]).start()


def test_the_status_has_the_latest_snapshot(service: Service) -> None:
    flink = application([])
    flink.start()
    flink.stop()
    assert flink.status() == [
        "sentiment-minutes: READY, version 3, FLINK-2_2",
        "parallelism: unknown",
        "snapshots: 1, the latest snapshot-0",
    ]


def test_an_application_that_is_not_there_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("kinesisanalyticsv2")
    monkeypatch.setattr(boto3.session.Session, "client", lambda *_: client)
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_application", "ResourceNotFoundException")
        with pytest.raises(MissingInputError, match="deploy `streaming` first"):
            application([]).status()
