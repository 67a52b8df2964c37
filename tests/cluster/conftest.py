"""Overlays on the cluster that KUBECONFIG names, from `kubectl apply` to `kubectl delete namespace`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

NAMESPACE = "trader-network"

T = TypeVar("T")


def kubectl(*arguments: str, seconds: float = 240) -> str:
    """Run kubectl in the namespace and return what it printed; its own words are the error."""
    done = subprocess.run(
        ["kubectl", "--namespace", NAMESPACE, *arguments], capture_output=True, text=True, check=False, timeout=seconds
    )
    assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr or done.stdout}"
    return done.stdout


def objects(kind: str, *arguments: str) -> list[dict[str, Any]]:
    """Return the objects of a kind."""
    found: list[dict[str, Any]] = json.loads(kubectl("get", kind, "--output", "json", *arguments))["items"]
    return found


def job(*arguments: str) -> str:
    """Run `python -m operations job …` and return what the job logged."""
    command = [sys.executable, "-m", "operations", "job", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, f"job {' '.join(arguments)}: {done.stderr or done.stdout}"
    return done.stdout


def until(read: Callable[[], T | None], seconds: float = 150) -> T:
    """Return the first answer that is not empty; what fails meanwhile is asked again."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := read():
                return found
            last = "no answer yet"
        except (OSError, AssertionError) as error:
            last = str(error)
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s: {last}"
        time.sleep(1)


@contextmanager
def new_namespace(name: str) -> Iterator[None]:
    """A namespace for a while. One that is there already is somebody's: the test fails and leaves it alone."""
    if subprocess.run(["kubectl", "get", "namespace", name], capture_output=True, check=False).returncode == 0:
        pytest.fail(f"the cluster has a namespace {name} already; this test would delete it")
    kubectl("create", "namespace", name)
    try:
        yield
    finally:
        kubectl("delete", "namespace", name, "--ignore-not-found", "--timeout=180s")


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """The overlay, applied and ready."""
    with new_namespace(NAMESPACE):
        kubectl("apply", "--kustomize", "k8s/overlays/local")
        wait_for_rollouts("statefulset/postgres", "deployment/image-classifier", "deployment/sentiment-page")
        yield NAMESPACE


def wait_for_rollouts(*workloads: str) -> None:
    """Wait until they are ready and the database has its tables."""
    for workload in workloads:
        kubectl("rollout", "status", workload, "--timeout=180s")
    kubectl("wait", "--for=condition=Complete", "job/sentiment-migrate", "--timeout=120s")


@pytest.fixture
def page(namespace: str) -> Iterator[Callable[[str], Any]]:
    """Ask the sentiment page's API."""
    with asking_the_page() as ask:
        yield ask


@contextmanager
def asking_the_page() -> Iterator[Callable[[str], Any]]:
    """What asks the sentiment page's API."""
    with forwarded("service/sentiment-page") as address:

        def get(path: str) -> Any:
            with urllib.request.urlopen(f"{address}{path}", timeout=10) as response:
                return json.load(response)

        yield get


@contextmanager
def forwarded(target: str, port: int = 80) -> Iterator[str]:
    """The address at which a service, or a pod, of the cluster answers here."""
    command = ["kubectl", "--namespace", NAMESPACE, "port-forward", target, f":{port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forwarding:
        assert forwarding.stdout is not None
        said = forwarding.stdout.readline()
        assert "127.0.0.1:" in said, said
        try:
            yield f"http://127.0.0.1:{said.split('127.0.0.1:')[1].split()[0]}"
        finally:
            forwarding.terminate()


@pytest.fixture
def asked_all_the_time(namespace: str) -> Iterator[Callable[[], dict[str, int]]]:
    """Twenty predictions a second from inside the cluster; called, it ends them and tells what the answers were."""
    here = Path(__file__).parent
    kubectl("create", "configmap", "load", f"--from-file={here / 'load.py'}")
    kubectl("apply", "--filename", str(here / "load.yaml"))
    kubectl("wait", "--for=condition=Ready", "pod/load", "--timeout=60s")

    def answers() -> dict[str, int]:
        kubectl("exec", "load", "--", "touch", "/tmp/stop")
        kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/load", "--timeout=90s")
        found: dict[str, int] = json.loads(kubectl("logs", "load").splitlines()[-1])
        return found

    yield answers
    kubectl("delete", "--filename", str(here / "load.yaml"), "--wait", "--grace-period=1")
    kubectl("delete", "configmap", "load")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a cluster there is nothing to try: say so, once a test."""
    if not os.environ.get("KUBECONFIG"):
        for item in items:
            if "tests/cluster" in item.nodeid:
                item.add_marker(pytest.mark.skip(reason="KUBECONFIG names no cluster"))
