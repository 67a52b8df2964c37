"""Run a job now: from a deployed CronJob, with other arguments, its logs here, its exit code ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy

from common.errors import MissingInputError
from operations.cluster import Cluster, Object
from operations.following import JobFollower


def run_now(
    cluster: Cluster, namespace: str, cron_job: str, arguments: Sequence[str], write: Callable[[str], None]
) -> int:
    """Start a Job like the CronJob's own but with these arguments, write its logs, and return its exit code.

    `cron_job` is the name or an unambiguous beginning of it. Retries, deadline and clean-up are the CronJob's; the Job
    is deleted when it ends, and also when we are interrupted. Raises `MissingInputError` if there is no such CronJob,
    `ApplicationError` if the Job cannot run, `UnavailableError` if the cluster cannot be reached.
    """
    batch = f"/apis/batch/v1/namespaces/{namespace}"
    found = _find(cluster.get(f"{batch}/cronjobs")["items"], cron_job, namespace)
    name = cluster.create(f"{batch}/jobs", job_of(found, arguments))["metadata"]["name"]
    try:
        return JobFollower(cluster, namespace, write).follow(name)
    finally:
        cluster.delete(f"{batch}/jobs/{name}", propagationPolicy="Background")


def job_of(cron_job: Object, arguments: Sequence[str]) -> Object:
    """Return a Job like the CronJob's own, its container given these arguments."""
    template = deepcopy(cron_job["spec"]["jobTemplate"])
    template["spec"]["template"]["spec"]["containers"][0]["args"] = list(arguments)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "generateName": f"{cron_job['metadata']['name']}-now-",
            "labels": template.get("metadata", {}).get("labels", {}),
            "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
        },
        "spec": template["spec"],
    }


def _find(cron_jobs: Sequence[Object], name: str, namespace: str) -> Object:
    names = [found["metadata"]["name"] for found in cron_jobs]
    matching = [found for found in names if found == name] or [found for found in names if found.startswith(name)]
    if len(matching) != 1:
        known = ", ".join(sorted(names)) or "none"
        raise MissingInputError(f"no one CronJob is called {name!r} in namespace {namespace}; there are: {known}")
    return cron_jobs[names.index(matching[0])]
