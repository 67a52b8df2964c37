"""A job is started from a CronJob with other arguments, followed, and gone when it ends."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from common.errors import ApplicationError, ConfigurationError, MissingInputError, UnavailableError
from operations.cluster import Cluster as Connected
from operations.cluster import ClusterError
from operations.following import JobFollower
from operations.jobs import run_now
from tests.operations.conftest import NO_NODE, Cluster, use_context

SAY_TWO_LINES = ["-c", "print('first', flush=True); print('second')"]
ENDLESS = "import time; print('one', flush=True); time.sleep(30)"


def cron_job(name: str = "recs-batch", backoff_limit: int = 0) -> dict[str, Any]:
    container = {
        "name": name,
        "image": f"{name}:dev",
        "args": ["run"],
        "env": [{"name": "STORE_URI", "value": "/store"}],
    }
    hopeless = {"action": "FailJob", "onExitCodes": {"containerName": name, "operator": "In", "values": [65]}}
    job = {
        "backoffLimit": backoff_limit,
        "podFailurePolicy": {"rules": [hopeless]},
        "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
    }
    return {"metadata": {"name": name}, "spec": {"schedule": "@daily", "jobTemplate": {"spec": job}}}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobFollower, "poll_seconds", 0.02)


@pytest.fixture
def written() -> list[str]:
    return []


def run(api: Connected, arguments: list[str], written: list[str], name: str = "recs-batch") -> int:
    return run_now(api, "trader-network", name, arguments, written.append)


def test_its_logs_are_written_and_its_exit_code_is_ours(api: Connected, cluster: Cluster, written: list[str]) -> None:
    cluster.cron_jobs.append(cron_job())
    assert run(api, SAY_TWO_LINES, written) == 0
    assert written == ["first", "second"]


def test_it_is_the_cron_jobs_own_but_for_the_arguments(api: Connected, cluster: Cluster, written: list[str]) -> None:
    cluster.cron_jobs.append(cron_job())
    run(api, SAY_TWO_LINES, written)
    (job,) = cluster.jobs.values()
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container == {"name": "recs-batch", "image": "recs-batch:dev", "args": SAY_TWO_LINES} | {
        "env": [{"name": "STORE_URI", "value": "/store"}]
    }
    assert job["metadata"]["annotations"] == {"cronjob.kubernetes.io/instantiate": "manual"}


@pytest.mark.parametrize("code", [65, 1])
def test_a_failure_ends_with_the_jobs_own_exit_code_and_is_tidied_away(
    code: int, api: Connected, cluster: Cluster, written: list[str]
) -> None:
    cluster.cron_jobs.append(cron_job())
    assert run(api, ["-c", f"import sys; print('no'); sys.exit({code})"], written) == code
    assert written == ["no"]
    assert cluster.deleted == list(cluster.jobs)


def test_every_try_is_followed(api: Connected, cluster: Cluster, written: list[str]) -> None:
    cluster.cron_jobs.append(cron_job(backoff_limit=2))
    assert run(api, ["-c", "import sys; print('lost'); sys.exit(75)"], written) == 75
    assert written == ["lost", "lost", "lost"]


def test_a_log_that_breaks_off_is_taken_up_where_it_broke(api: Connected, cluster: Cluster, written: list[str]) -> None:
    cluster.cron_jobs.append(cron_job())
    cluster.lines_before_the_log_breaks = 3
    program = "import time\nfor n in range(8): print(n, flush=True); time.sleep(0.02)"
    assert run(api, ["-c", program], written) == 0
    assert written == [str(number) for number in range(8)]


def test_the_beginning_of_a_name_is_enough(api: Connected, cluster: Cluster, written: list[str]) -> None:
    cluster.cron_jobs += [cron_job("recs-batch"), cron_job("sentiment-minibatch")]
    assert run(api, SAY_TWO_LINES, written, name="sentiment") == 0
    assert next(iter(cluster.jobs)).startswith("sentiment-minibatch-now-")


@pytest.mark.parametrize("name", ["nightly", ""])
def test_a_name_that_is_none_or_several_is_refused_with_those_there_are(
    name: str, api: Connected, cluster: Cluster, written: list[str]
) -> None:
    cluster.cron_jobs += [cron_job("recs-batch"), cron_job("sentiment-minibatch")]
    with pytest.raises(MissingInputError, match="there are: recs-batch, sentiment-minibatch"):
        run(api, SAY_TWO_LINES, written, name=name)
    assert not cluster.jobs


def test_an_image_that_cannot_be_pulled_is_said_at_once(api: Connected, cluster: Cluster, written: list[str]) -> None:
    cluster.cron_jobs.append(cron_job())
    cluster.cannot_start = "ImagePullBackOff"
    with pytest.raises(ApplicationError, match="cannot start: ImagePullBackOff"):
        run(api, SAY_TWO_LINES, written)
    assert cluster.deleted == list(cluster.jobs)


def test_a_secret_that_is_still_being_written_is_waited_for(
    api: Connected, cluster: Cluster, written: list[str]
) -> None:
    """As on a first deployment: the kubelet says CreateContainerConfigError until the Secret is there."""
    cluster.cron_jobs.append(cron_job())
    cluster.cannot_start, cluster.starts_after = "CreateContainerConfigError", 2.5
    assert run(api, SAY_TWO_LINES, written) == 0
    assert len(written) == 2


def test_a_secret_that_never_comes_is_said(
    api: Connected, cluster: Cluster, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.cron_jobs.append(cron_job())
    cluster.cannot_start = "CreateContainerConfigError"
    monkeypatch.setattr(JobFollower, "configuration_seconds", 0.1)
    with pytest.raises(ApplicationError, match="cannot start: CreateContainerConfigError"):
        run(api, SAY_TWO_LINES, written)


def test_why_no_node_takes_a_pod_is_said_once_while_it_waits(
    api: Connected, cluster: Cluster, written: list[str]
) -> None:
    cluster.cron_jobs.append(cron_job())
    cluster.full = True
    assert run(api, SAY_TWO_LINES, written) == 0
    assert [line.partition(" waits for a node: ")[2] for line in written] == [NO_NODE, "", ""]


def test_a_pod_that_never_starts_is_given_up(
    api: Connected, cluster: Cluster, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.cron_jobs.append(cron_job())
    cluster.cannot_start = "ContainerCreating"
    monkeypatch.setattr(JobFollower, "start_seconds", 0.1)
    with pytest.raises(UnavailableError, match="did not start"):
        run(api, SAY_TWO_LINES, written)
    assert cluster.deleted == list(cluster.jobs)


def test_a_pod_that_was_lost_is_worth_another_try(api: Connected, cluster: Cluster, written: list[str]) -> None:
    cluster.cron_jobs.append(cron_job())
    cluster.lose_pods = True
    with pytest.raises(UnavailableError, match="Evicted"):
        run(api, SAY_TWO_LINES, written)


def test_a_cluster_that_is_away_is_said_in_one_line(
    written: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_context("http://127.0.0.1:1", tmp_path, monkeypatch)
    with pytest.raises(UnavailableError, match="cannot reach the cluster: .*127.0.0.1:1 was refused"):
        run(Connected(), SAY_TWO_LINES, written)


def test_a_context_that_there_is_not_is_a_wrong_setting(api: Connected, written: list[str]) -> None:
    with pytest.raises(ConfigurationError, match='no cluster to talk to: context "another" does not exist'):
        run(Connected("another"), SAY_TWO_LINES, written)


def test_what_the_cluster_refuses_is_said_in_its_words(api: Connected) -> None:
    with pytest.raises(ClusterError, match="the cluster answered NotFound"):
        api.get("/api/v1/namespaces/trader-network/pods/none")
    with pytest.raises(ClusterError, match="the cluster answered NotFound"):
        list(api.lines("/api/v1/namespaces/trader-network/pods/none"))


@pytest.mark.parametrize(
    ("said", "error", "told"),
    [
        (
            'The Job "x" is invalid: spec: Required\n* more',
            ClusterError,
            'answered Invalid: The Job "x" is invalid: spec',
        ),
        ("error: You must be logged in to the server (Unauthorized)", ClusterError, "answered Unauthorized: You must"),
        ("Error from server: etcd is away", ClusterError, "answered with an error: etcd is away"),
        ("error: unexpected EOF", UnavailableError, "cannot reach the cluster: unexpected EOF"),
        ("", UnavailableError, "cannot reach the cluster"),
    ],
)
def test_whatever_kubectl_says_is_one_line_and_tells_whether_to_try_again(
    said: str, error: type[Exception], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kubectl that says what the real one (1.32) says to a real API server (1.36)."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f"#!/bin/sh\nprintf '%s' '{said}' >&2\nexit 1\n")
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for ask in (lambda: Connected().get("/x"), lambda: list(Connected().lines("/x"))):
        with pytest.raises(error, match=re.escape(told)):
            ask()


def test_who_leaves_a_log_that_does_not_end_is_not_kept_waiting(
    api: Connected, cluster: Cluster, written: list[str]
) -> None:
    class LeftError(Exception):
        pass

    def leave(_: str) -> None:
        raise LeftError

    cluster.cron_jobs.append(cron_job())
    with pytest.raises(LeftError):
        run_now(api, "trader-network", "recs-batch", ["-c", ENDLESS], leave)
    assert cluster.deleted == list(cluster.jobs)
