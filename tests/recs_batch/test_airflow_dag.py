"""The Airflow DAG: it loads, has its shape, builds valid pods, and really recommends; run by `make test-airflow`."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("airflow") is None:  # not imported yet: it reads its settings when it is
    pytest.skip("Airflow is in .venv-airflow only: make test-airflow", allow_module_level=True)

ROOT = Path(__file__).parents[2]
DAG_FILE = ROOT / "recs_batch/dags/recs_batch_nightly.py"
STEPS = {
    "specify",
    "engagement",
    "filter-users",
    "filter-rooms",
    "follow-recs",
    "room-recs",
    "evaluate",
    "publish",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An Airflow of our own: its home, with a database, set in the environment before Airflow is imported."""
    folder = tmp_path_factory.mktemp("airflow")
    os.environ.update(
        AIRFLOW_HOME=str(folder),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT="600",  # the Kubernetes client alone takes long on a busy machine
        AIRFLOW__CORE__DAGS_FOLDER=str(DAG_FILE.parent),
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{folder}/airflow.db",
        RECS_RETRY_DELAY_SECONDS="1",
        KUBECONFIG=str(folder / "kubeconfig"),
        **{f"RECS_{name.upper()}_URI": str(folder / name) for name in ("tables", "work", "store")},
    )
    (folder / "kubeconfig").write_text(
        json.dumps(_kubeconfig("http://127.0.0.1:9"))
    )  # pods are built without calling it
    subprocess.run([Path(sys.executable).with_name("airflow"), "db", "migrate"], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def api(home):
    """The stand-in Kubernetes API, named by the kubeconfig: operators keep the client that they first made."""
    from tests.recs_batch.kubernetes_api import KubernetesApi

    api = KubernetesApi({"PYTHONPATH": str(ROOT)}, fail_once=("recs-batch-filter-rooms",))
    (home / "kubeconfig").write_text(json.dumps(_kubeconfig(api.url)))
    yield api
    api.close()


def _kubeconfig(server):
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": server}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "users": [{"name": "me", "user": {}}],
    }


@pytest.fixture(scope="module")
def dag(api):
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(DAG_FILE))
    assert bag.import_errors == {}
    return bag.dags["recs_batch_nightly"]


def test_steps_wait_for_exactly_what_they_read(dag):
    waits = {task.task_id: set(task.upstream_task_ids) for task in dag.tasks}
    assert waits == {
        "specify": set(),
        "engagement": {"specify"},
        "filter-users": {"engagement"},
        "filter-rooms": {"engagement"},
        "follow-recs": {"filter-users"},
        "room-recs": {"filter-rooms"},
        "evaluate": {"follow-recs", "room-recs"},
        "publish": {"evaluate"},
    }


def test_a_run_covers_the_day_before_it_and_missed_days_are_not_caught_up(dag):
    from airflow.timetables.base import TimeRestriction
    from airflow.timetables.interval import CronDataIntervalTimetable

    timetable = CronDataIntervalTimetable("0 2 * * *", timezone="UTC")
    restriction = TimeRestriction(earliest=dag.start_date, latest=None, catchup=True)
    info = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    assert (info.data_interval.end - info.data_interval.start).days == 1
    assert type(dag.timetable).__name__ == "CronDataIntervalTimetable"
    assert dag.catchup is False


def test_every_step_is_retried_cleaned_up_and_reported(dag):
    for task in dag.tasks:
        assert task.retries == 2
        assert task.on_finish_action.value == "delete_pod"
        assert task.random_name_suffix
        assert not task.do_xcom_push
        callbacks = task.on_failure_callback
        assert "report_failure" in str(callbacks)


@pytest.mark.parametrize("step", sorted(STEPS))
def test_every_pod_is_valid_by_the_schema_of_kubernetes(dag, step):
    import kubernetes_validate
    from kubernetes.client import ApiClient

    pod = ApiClient().sanitize_for_serialization(dag.get_task(step).build_pod_request_obj())
    kubernetes_validate.validate(pod, "1.34", strict=True)
    container = pod["spec"]["containers"][0]
    assert container["args"][0] == step
    assert container["resources"]["limits"]["memory"]
    assert pod["spec"]["securityContext"]["runAsNonRoot"]


def test_a_run_of_the_dag_publishes_though_a_step_fails_once(home, api, dag, caplog):
    sizes = ("--users", "200", "--rooms", "30", "--messages", "1000", "--likes", "5000")
    generate = [sys.executable, "-m", "recs_batch", "generate", "--out", str(home / "tables"), *sizes]
    subprocess.run(generate, check=True, cwd=ROOT, capture_output=True)
    with caplog.at_level(logging.INFO):
        run = dag.test(logical_date=datetime(2026, 11, 1, 2, tzinfo=UTC))
    assert str(run.state) == "success", api.logs
    started = [next(step for step in STEPS if name.startswith(f"recs-batch-{step}")) for name in api.started]
    assert sorted(started) == sorted([*STEPS, "filter-rooms"])
    assert sorted(api.deleted) == sorted(api.started)
    latest = json.loads((home / "store/recs/latest.json").read_text())
    assert latest["run"].startswith("dt=2026-10-31/")
