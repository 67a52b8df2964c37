"""The nightly recommendations as an Airflow DAG: every step a pod of the same image, handing over by path.

The first step specifies the night; the others read that, not their environment. A step that has been taken is not taken
again, so a retry goes on; clearing a run from its first step begins a new night if the tables have changed.

Configured by environment variables of the Airflow components that read DAG files: RECS_IMAGE, RECS_NAMESPACE,
RECS_TABLES_URI, RECS_WORK_URI, RECS_STORE_URI, RECS_CONFIG_MAP, RECS_SECRET, RECS_SERVICE_ACCOUNT and
RECS_RETRY_DELAY_SECONDS. The day that is recommended on is the run's data interval, which a cron schedule does not
have by itself in Airflow 3.
"""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import CronDataIntervalTimetable, dag
from kubernetes.client import models as k8s

_LARGE = ("2", "6Gi")  # processors and memory of the steps that hold the graph
_SMALL = ("500m", "1Gi")


def report_failure(context: dict[str, Any]) -> None:
    """Say, in one line that an alert can match, which step of which day failed for good."""
    task = context["task_instance"]
    logging.getLogger(__name__).error(
        "recs_batch failed: step=%s run=%s try=%s", task.task_id, task.run_id, task.try_number
    )


def step(name: str, resources: tuple[str, str]) -> KubernetesPodOperator:
    """Return the task that runs one command of the image for the run's day."""
    processors, memory = resources
    return KubernetesPodOperator(
        task_id=name,
        name=f"recs-batch-{name}",
        random_name_suffix=True,
        namespace=os.environ.get("RECS_NAMESPACE", "trader-network"),
        image=os.environ.get("RECS_IMAGE", "recs-batch:latest"),
        cmds=["python", "-m", "recs_batch"],
        arguments=[name, "--date", "{{ data_interval_start | ds }}"],
        env_vars=_environment(),
        env_from=_sources(),
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": processors, "memory": memory}, limits={"memory": memory}
        ),
        container_security_context={
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        security_context={
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        volumes=[k8s.V1Volume(name="tmp", empty_dir=k8s.V1EmptyDirVolumeSource())],
        volume_mounts=[k8s.V1VolumeMount(name="tmp", mount_path="/tmp")],  # noqa: S108 (the container's own)
        service_account_name=os.environ.get("RECS_SERVICE_ACCOUNT", "default"),
        automount_service_account_token=False,
        on_finish_action="delete_pod",
        get_logs=True,
        do_xcom_push=False,
        deferrable=False,
        startup_timeout_seconds=600,
        active_deadline_seconds=4 * 3600,
    )


@dag(  # type: ignore[untyped-decorator] # Airflow lives in an environment of its own
    dag_id="recs_batch_nightly",
    schedule=CronDataIntervalTimetable("0 2 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 2,
        "retry_delay": timedelta(seconds=int(os.environ.get("RECS_RETRY_DELAY_SECONDS", "300"))),
        "execution_timeout": timedelta(hours=4),
        "on_failure_callback": report_failure,
    },
    tags=["recommendations"],
    doc_md=__doc__,
)
def recs_batch_nightly() -> None:
    """Recommend whom to follow and which rooms to join, from the tables as they were at the end of a day."""
    engagement, publish = step("engagement", _LARGE), step("publish", _SMALL)
    evaluated = step("evaluate", _LARGE)
    step("specify", _LARGE) >> engagement
    for filtered, recommended in (("filter-users", "follow-recs"), ("filter-rooms", "room-recs")):
        engagement >> step(filtered, _LARGE) >> step(recommended, _LARGE) >> evaluated
    evaluated >> publish


def _environment() -> list[k8s.V1EnvVar]:
    """Hand on where everything lies; passwords come from the secret instead."""
    given = {name: os.environ.get(f"RECS_{name}") for name in ("TABLES_URI", "WORK_URI", "STORE_URI")}
    return [k8s.V1EnvVar(name=name, value=value) for name, value in given.items() if value]


def _sources() -> list[k8s.V1EnvFromSource]:
    sources = []
    if name := os.environ.get("RECS_CONFIG_MAP"):
        sources.append(k8s.V1EnvFromSource(config_map_ref=k8s.V1ConfigMapEnvSource(name=name)))
    if name := os.environ.get("RECS_SECRET"):
        sources.append(k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=name)))
    return sources


recs_batch_nightly()
