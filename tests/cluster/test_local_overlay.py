"""The local overlay on a real node: what a user does in the first half hour, and what a cluster does to its pods."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from image_classifier.generate import generate_folder
from tests.cluster.conftest import forwarded, job, kubectl, objects, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def test_everything_is_ready_and_nothing_had_to_start_twice(namespace: str) -> None:
    """But for the look-up of recommendations, which is ready when there has been a night."""

    def statuses() -> dict[str, Any]:
        pods = objects("pods", "--selector=!batch.kubernetes.io/job-name")
        to_come = [{"ready": False, "restartCount": 0}]
        return {pod["metadata"]["name"]: pod["status"].get("containerStatuses", to_come)[0] for pod in pods}

    def unready() -> set[str]:
        return {name.rsplit("-", 2)[0] for name, status in statuses().items() if not status["ready"]}

    assert until(lambda: unready() <= {"recs-serving"}, seconds=120)  # a second replica comes a little later
    assert len(statuses()) >= 5
    assert {name for name, status in statuses().items() if status["restartCount"]} == set()
    migrations = objects("pods", "--selector=batch.kubernetes.io/job-name=sentiment-migrate")
    assert [pod["status"]["phase"] for pod in migrations] == ["Succeeded"]


def test_predict_answers_over_its_service(namespace: str, tmp_path: Path) -> None:
    generate_folder(tmp_path, count=2, seed=1)
    chart = next(tmp_path.rglob("chart/*.png")).read_bytes()
    with forwarded("service/image-classifier") as address:
        request = urllib.request.Request(f"{address}/predict", chart, {"Content-Type": "image/png"})
        with urllib.request.urlopen(request, timeout=30) as response:
            assert json.load(response)["class"] == "chart"


def test_fresh_scores_reach_the_page_by_the_minutes_job_that_fires_by_itself(page: Callable[[str], Any]) -> None:
    command = [sys.executable, "-m", "operations", "job", "sentiment", "generate", "--live", "--rate", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as generating:
        try:
            started = datetime.now(UTC)

            def minute_of_now() -> Any:
                now = page("/api/v1/index")
                ended = now["as_of"] and datetime.fromisoformat(now["as_of"])
                return now if ended and ended > started - timedelta(seconds=60) and now["symbols"] else None

            assert until(minute_of_now, seconds=200)["symbols"]
        finally:
            generating.send_signal(signal.SIGINT)
            generating.wait(60)
    assert [found for found in objects("jobs") if found["metadata"]["name"].startswith("sentiment-minibatch-now")] == []


def test_a_night_of_recommendations_by_hand_and_by_its_schedule(namespace: str) -> None:
    job("recs", "generate")
    job("recs", "run", "--date", "2026-10-31")
    assert "which rooms to join" in job("recs", "show")
    kubectl("rollout", "status", "deployment/recs-serving", "--timeout=120s")
    kubectl("patch", "cronjob", "recs-batch", "--patch", '{"spec": {"schedule": "* * * * *", "timeZone": "Etc/UTC"}}')

    def finished() -> bool:
        scheduled = [found for found in objects("jobs") if found["metadata"]["name"].startswith("recs-batch-2")]
        return any(found["status"].get("succeeded") for found in scheduled)

    try:
        assert until(finished, seconds=240)
    finally:
        kubectl("patch", "cronjob", "recs-batch", "--patch", '{"spec": {"schedule": "30 2 * * *"}}')


def test_a_rolling_restart_and_a_drain_fail_no_request(asked_all_the_time: Callable[[], dict[str, int]]) -> None:
    kubectl("rollout", "restart", "deployment/image-classifier")
    kubectl("rollout", "status", "deployment/image-classifier", "--timeout=180s")
    _drain_the_nodes_of("app.kubernetes.io/name=image-classifier")
    answers = asked_all_the_time()
    assert set(answers) == {"200"}
    assert answers["200"] > 200


def test_minutes_go_on_and_none_is_lost_when_postgres_is_killed(page: Callable[[str], Any]) -> None:
    before = page("/api/v1/index")["as_of"]
    history = page("/api/v1/market?to=" + quote(before))
    kubectl("delete", "pod", "postgres-0", "--grace-period=0", "--force")
    kubectl("rollout", "status", "statefulset/postgres", "--timeout=120s")
    assert until(lambda: page("/api/v1/market?to=" + quote(before)), seconds=60) == history
    assert sum(point["bullish_count"] for point in history["points"])
    assert until(lambda: page("/api/v1/index")["as_of"] > before, seconds=300)


def test_deleting_the_namespace_leaves_nothing(namespace: str) -> None:
    volumes = {claim["spec"]["volumeName"] for claim in objects("persistentvolumeclaims")}
    kubectl("delete", "namespace", namespace, "--timeout=180s")
    assert not [pod for pod in objects("pods", "--all-namespaces") if pod["metadata"]["namespace"] == namespace]
    phases = {found["metadata"]["name"]: found["status"]["phase"] for found in objects("persistentvolumes")}
    assert "Bound" not in {phases.get(name) for name in volumes}


def _drain_the_nodes_of(selector: str) -> None:
    """Evict one pod after the other as a drain does: on one node the next goes only when the node takes pods again."""
    nodes = {pod["spec"]["nodeName"] for pod in objects("pods", f"--selector={selector}")}
    for node in sorted(nodes):
        evicted = {pod["metadata"]["uid"] for pod in objects("pods", f"--selector={selector}")}
        command = [
            "kubectl",
            "drain",
            node,
            f"--pod-selector={selector}",
            "--ignore-daemonsets",
            "--delete-emptydir-data",
        ]
        with subprocess.Popen(
            [*command, "--timeout=180s"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as draining:
            until(
                lambda evicted=evicted: any(
                    _is_going(pod) for pod in objects("pods") if pod["metadata"]["uid"] in evicted
                )
            )
            kubectl("uncordon", node)
            assert draining.wait(180) == 0


def _is_going(pod: dict[str, Any]) -> bool:
    return "deletionTimestamp" in pod["metadata"]
