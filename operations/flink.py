"""The Flink application in Managed Service for Apache Flink: started, updated, stopped, and asked how it is.

CloudFormation makes the application and changes its code and properties, but starts nothing. Every command can be run
again: what is so already is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from common.errors import ApplicationError, MissingInputError, UnavailableError

Write = Callable[[str], None]

_POLL_SECONDS = 10.0
_PATIENCE_SECONDS = 1_800.0
_MOVING = {"STARTING", "STOPPING", "UPDATING", "AUTOSCALING", "FORCE_STOPPING", "ROLLING_BACK", "MAINTENANCE"}
_WITHOUT_STATE = "SKIP_RESTORE_FROM_SNAPSHOT"


class FlinkError(ApplicationError):
    """The service refused, or the application came to a state that was not asked for; the message has the reason."""


class FlinkApplication:
    """An application by its name; `write` is told what happens."""

    def __init__(self, name: str, write: Write, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = boto3.session.Session().client("kinesisanalyticsv2")
        self._name = name
        self._write = write
        self._sleep = sleep

    def start(self, *, without_state: bool = False) -> None:
        """Start it from its latest snapshot, if there is one, and wait until it runs.

        Without state it reads the stream anew: it revises only what it then knows whole. Raises `FlinkError`.
        """
        status = self._settled()
        if status == "RUNNING":
            self._write(f"{self._name} runs already")
            return
        latest = None if without_state else self._latest_snapshot()
        restore = {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT" if latest else _WITHOUT_STATE}
        self._write(f"starting {self._name} " + (f"from the snapshot {latest}" if latest else "without state"))
        self._call(
            "start_application",
            RunConfiguration={
                "ApplicationRestoreConfiguration": restore,
                "FlinkRunConfiguration": {"AllowNonRestoredState": False},
            },
        )
        self._expect("RUNNING")

    def stop(self) -> None:
        """Stop it with a snapshot of its state, and wait until it has stopped. Raises `FlinkError`."""
        if self._settled() == "READY":
            self._write(f"{self._name} has stopped already")
            return
        self._write(f"stopping {self._name}; its state goes into a snapshot")
        self._call("stop_application")
        self._expect("READY")

    def update(self, deploy: Callable[[], object]) -> None:
        """Stop it with a snapshot, change it (`deploy`), and start it from that. Raises `FlinkError`.

        If the change fails, what was there is started again before the error is raised.
        """
        self.stop()
        try:
            deploy()
        finally:
            self.start()

    def status(self) -> list[str]:
        """Return how it is, in lines: status, version, parallelism, snapshots."""
        detail = self._detail()
        configuration = detail["ApplicationConfigurationDescription"]
        parallelism = configuration.get("FlinkApplicationConfigurationDescription", {}).get(
            "ParallelismConfigurationDescription", {}
        )
        snapshots = self._snapshots()
        return [
            f"{self._name}: {detail['ApplicationStatus']}, version {detail['ApplicationVersionId']}, "
            f"{detail['RuntimeEnvironment']}",
            f"parallelism: {parallelism.get('CurrentParallelism', parallelism.get('Parallelism', 'unknown'))}",
            f"snapshots: {len(snapshots)}" + (f", the latest {self._latest_snapshot()}" if snapshots else ""),
        ]

    def _latest_snapshot(self) -> str | None:
        ready = [snapshot for snapshot in self._snapshots() if snapshot["SnapshotStatus"] == "READY"]
        never = datetime.min.replace(tzinfo=UTC)
        latest = max(ready, key=lambda snapshot: snapshot.get("SnapshotCreationTimestamp", never), default=None)
        return str(latest["SnapshotName"]) if latest else None

    def _snapshots(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        query: dict[str, str] = {}
        while True:
            answer = self._call("list_application_snapshots", **query)
            found.extend(answer.get("SnapshotSummaries", ()))
            if not answer.get("NextToken"):
                return found
            query = {"NextToken": answer["NextToken"]}

    def _settled(self) -> str:
        """Wait while something is under way, and return the status that it leads to."""
        ends = time.monotonic() + _PATIENCE_SECONDS
        while (status := self._detail()["ApplicationStatus"]) in _MOVING:
            if time.monotonic() > ends:
                raise UnavailableError(
                    f"{self._name} is {status} for half an hour; look at its log group, then run again"
                )
            self._sleep(_POLL_SECONDS)
        return str(status)

    def _expect(self, wanted: str) -> None:
        status = self._settled()
        if status != wanted:
            raise FlinkError(f"{self._name} is {status} instead of {wanted}; its log group says why")
        self._write(f"{self._name} is {status}")

    def _detail(self) -> dict[str, Any]:
        detail: dict[str, Any] = self._call("describe_application")["ApplicationDetail"]
        return detail

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(ApplicationName=self._name, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                raise MissingInputError(
                    f"there is no Flink application {self._name}; deploy `streaming` first"
                ) from None
            raise FlinkError(f"{operation} of {self._name}: {error}") from None
        except BotoCoreError as error:
            raise UnavailableError(f"{operation} of {self._name}: {error}") from None
        return answer
