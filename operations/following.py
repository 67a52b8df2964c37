"""Follow a Job: the logs of each of its pods as they come, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from common.errors import ApplicationError, UnavailableError
from operations.cluster import Cluster, Object

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

    def __init__(self, cluster: Cluster, namespace: str, write: Callable[[str], None]) -> None:
        self._cluster, self._write = cluster, write
        self._jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self._core = f"/api/v1/namespaces/{namespace}"
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
            state = self._cluster.get(f"{self._jobs}/{job}/status")
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
        pods = self._cluster.get(f"{self._core}/pods", labelSelector=f"batch.kubernetes.io/job-name={job}")["items"]
        for pod in sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"])):
            name, status = pod["metadata"]["name"], _status(pod)
            if unscheduled := _unscheduled(pod):
                self._tell(f"pod {name} waits for a node: {unscheduled}")
            if name in without or status is None:
                continue
            waiting = status["state"].get("waiting")
            if waiting and self._is_hopeless(name, waiting.get("reason")):
                reason = ": ".join(filter(None, (waiting["reason"], waiting.get("message"))))
                raise ApplicationError(f"pod {name} cannot start: {reason}")
            if status["state"].keys() & {"running", "terminated"}:
                yield name, status["name"]

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
            found = self._cluster.get(f"{self._core}/pods/{pod}")
            status = _status(found)
            if status is not None and (terminated := status["state"].get("terminated")):
                self._write_log(pod, container, after=last)
                return int(terminated["exitCode"])
            if found["status"]["phase"] == "Failed":  # evicted: its containers left no status
                return None
            time.sleep(self.poll_seconds)

    def _write_log(self, pod: str, container: str, after: str) -> str:
        """Write the lines that are newer than the time `after`, as they come; return the last one's time."""
        log = f"{self._core}/pods/{pod}/log"
        try:
            for line in self._cluster.lines(log, container=container, follow="true", timestamps="true"):
                stamp, _, text = line.partition(" ")
                if stamp > after:
                    self._write(text)
                    after = stamp
        except UnavailableError:
            pass  # the connection broke; who called us looks whether the pod has ended, and comes back
        return after

    def _last_event(self, job: str) -> str:
        events = self._cluster.get(f"{self._core}/events", fieldSelector=f"involvedObject.name={job}")["items"]
        return f"the cluster says: {events[-1]['message']}" if events else "the cluster does not say why"


def _status(pod: Object) -> Object | None:
    """Return the state of the container that runs now: an init container that is waiting or failed, or the first."""
    for status in pod["status"].get("initContainerStatuses", []):
        if "waiting" in status["state"] or status["state"].get("terminated", {}).get("exitCode"):
            return dict(status)
    statuses = pod["status"].get("containerStatuses", [])
    return statuses[0] if statuses else None


def _unscheduled(pod: Object) -> str | None:
    """Return why no node takes a pod, if none does."""
    for condition in pod["status"].get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return str(condition.get("message"))
    return None


def _condition(job: Object, kind: str) -> str | None:
    for condition in job["status"].get("conditions", []):
        if condition["type"] == kind and condition["status"] == "True":
            return f"{condition['reason']}: {condition.get('message')}" if condition.get("reason") else kind
    return None
