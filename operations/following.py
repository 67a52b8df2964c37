"""Follow a Job: the logs of each of its pods as they come, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import urllib3
from kubernetes.client import ApiClient, BatchV1Api, CoreV1Api, V1ContainerStatus, V1Job, V1Pod

from common.errors import ApplicationError, UnavailableError

# Kubernetes goes on trying for ever where one of these is the reason; a person has to change something.
_HOPELESS = {
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
}


# A Secret or ConfigMap is missing: on a first deployment whoever writes it may still be at it.
_PATIENT = "CreateContainerConfigError"


class JobFollower:
    """Writes what a Job's pods log, from one pod to the next if the Job tries again."""

    poll_seconds = 1.0
    start_seconds = 600.0
    configuration_seconds = 180.0

    def __init__(self, api: ApiClient, namespace: str, write: Callable[[str], None]) -> None:
        self._batch, self._core = BatchV1Api(api), CoreV1Api(api)
        self._namespace, self._write = namespace, write
        self._unconfigured_since: dict[str, float] = {}
        self._told: set[str] = set()

    def follow(self, job: str) -> int:
        """Return 0 when the Job is complete, its last pod's exit code when it failed.

        Raises `ApplicationError` if a pod cannot start, `UnavailableError` if no pod ran or the last one was lost.
        """
        followed: set[str] = set()
        code: int | None = None
        deadline = time.monotonic() + self.start_seconds
        while True:
            # Read before the pods are listed: a Job that has ended starts no other, so the list then has them all.
            state = self._batch.read_namespaced_job_status(job, self._namespace)
            for pod, container in self._started(job, without=followed):
                followed.add(pod)
                code = self._follow_pod(pod, container)
            if _condition(state, "Complete"):
                return 0
            if failure := _condition(state, "Failed"):
                if code:
                    return code
                raise UnavailableError(f"job {job} failed: {failure}")
            if not followed and time.monotonic() > deadline:
                raise UnavailableError(
                    f"job {job} did not start in {self.start_seconds:.0f} s; {self._last_event(job)}"
                )
            time.sleep(self.poll_seconds)

    def _started(self, job: str, without: set[str]) -> Iterator[tuple[str, str]]:
        pods = self._core.list_namespaced_pod(self._namespace, label_selector=f"batch.kubernetes.io/job-name={job}")
        for pod in sorted(pods.items, key=lambda pod: pod.metadata.creation_timestamp):
            status = _status(pod)
            if unscheduled := _unscheduled(pod):
                self._tell(f"pod {pod.metadata.name} waits for a node: {unscheduled}")
            if pod.metadata.name in without or status is None:
                continue
            if status.state.waiting and self._is_hopeless(pod.metadata.name, status.state.waiting.reason):
                waiting = status.state.waiting
                raise ApplicationError(f"pod {pod.metadata.name} cannot start: {waiting.reason}: {waiting.message}")
            if status.state.running or status.state.terminated:
                yield pod.metadata.name, status.name

    def _tell(self, reason: str) -> None:
        """Write why a pod waits, once."""
        if reason not in self._told:
            self._told.add(reason)
            self._write(reason)

    def _is_hopeless(self, pod: str, reason: str | None) -> bool:
        if reason != _PATIENT:
            return reason in _HOPELESS
        since = self._unconfigured_since.setdefault(pod, time.monotonic())
        return time.monotonic() - since > self.configuration_seconds

    def _follow_pod(self, pod: str, container: str) -> int | None:
        """Write a pod's log until it has ended, whatever breaks the connection; return its exit code, None if lost."""
        last = ""
        while True:
            last = self._write_log(pod, container, after=last)
            found = self._core.read_namespaced_pod(pod, self._namespace)
            status = _status(found)
            if status is not None and status.state.terminated:
                self._write_log(pod, container, after=last)
                code: int = status.state.terminated.exit_code
                return code
            if found.status.phase == "Failed":  # evicted: its containers left no status
                return None
            time.sleep(self.poll_seconds)

    def _write_log(self, pod: str, container: str, after: str) -> str:
        """Write the lines that are newer than the time `after`, as they come; return the last one's time."""
        response = self._core.read_namespaced_pod_log(
            pod, self._namespace, container=container, follow=True, timestamps=True, _preload_content=False
        )
        try:
            for line in _lines(response):
                stamp, _, text = line.partition(" ")
                if stamp > after:
                    self._write(text)
                    after = stamp
        except urllib3.exceptions.HTTPError:
            pass  # the connection broke; who called us looks whether the pod has ended, and comes back
        finally:
            response.release_conn()
        return after

    def _last_event(self, job: str) -> str:
        events = self._core.list_namespaced_event(self._namespace, field_selector=f"involvedObject.name={job}").items
        return f"the cluster says: {events[-1].message}" if events else "the cluster does not say why"


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[str]:
    rest = b""
    for chunk in response.stream():
        *complete, rest = (rest + chunk).split(b"\n")
        yield from (line.decode(errors="replace") for line in complete)
    if rest:
        yield rest.decode(errors="replace")


def _status(pod: V1Pod) -> V1ContainerStatus | None:
    """Return the state of the container that runs now: an init container that is waiting or failed, or the first."""
    for status in pod.status.init_container_statuses or []:
        if status.state.waiting or (status.state.terminated and status.state.terminated.exit_code):
            return status
    statuses = pod.status.container_statuses
    return statuses[0] if statuses else None


def _unscheduled(pod: V1Pod) -> str | None:
    """Return why no node takes a pod, if none does."""
    for condition in pod.status.conditions or []:
        if condition.type == "PodScheduled" and condition.status == "False":
            return str(condition.message)
    return None


def _condition(job: V1Job, kind: str) -> str | None:
    for condition in job.status.conditions or []:
        if condition.type == kind and condition.status == "True":
            return f"{condition.reason}: {condition.message}" if condition.reason else kind
    return None
