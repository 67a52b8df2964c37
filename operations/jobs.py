"""Run a job now: from a deployed CronJob, with other arguments, its logs here, its exit code ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import urllib3
from kubernetes import client, config
from kubernetes.client import BatchV1Api, V1CronJob, V1Job, V1ObjectMeta
from kubernetes.client.exceptions import ApiException

from common.errors import ApplicationError, ConfigurationError, MissingInputError, UnavailableError
from operations.following import JobFollower


def connect(context: str | None = None) -> client.ApiClient:
    """Return a client for the cluster of the current (or this) context, or of the pod we are in."""
    try:
        config.load_kube_config(context=context)
    except config.ConfigException as error:
        try:
            config.load_incluster_config()
        except config.ConfigException:
            raise ConfigurationError(f"no cluster to talk to: {error}") from None
    return client.ApiClient()


def run_now(
    api: client.ApiClient, namespace: str, cron_job: str, arguments: Sequence[str], write: Callable[[str], None]
) -> int:
    """Start a Job like the CronJob's own but with these arguments, write its logs, and return its exit code.

    `cron_job` is the name or an unambiguous beginning of it. Retries, deadline and clean-up are the CronJob's; the Job
    is deleted when it ends, and also when we are interrupted. Raises `MissingInputError` if there is no such CronJob,
    `ApplicationError` if the Job cannot run, `UnavailableError` if the cluster cannot be reached.
    """
    batch = BatchV1Api(api)
    with _errors():
        found = _find(batch.list_namespaced_cron_job(namespace).items, cron_job, namespace)
        job = batch.create_namespaced_job(namespace, job_of(found, arguments))
        try:
            return JobFollower(api, namespace, write).follow(job.metadata.name)
        finally:
            batch.delete_namespaced_job(job.metadata.name, namespace, propagation_policy="Background")


def job_of(cron_job: V1CronJob, arguments: Sequence[str]) -> V1Job:
    """Return a Job like the CronJob's own, its container given these arguments."""
    template = cron_job.spec.job_template
    job = V1Job(
        api_version="batch/v1",
        kind="Job",
        metadata=V1ObjectMeta(
            generate_name=f"{cron_job.metadata.name}-now-",
            labels=template.metadata.labels if template.metadata else None,
            annotations={"cronjob.kubernetes.io/instantiate": "manual"},
        ),
        spec=template.spec,
    )
    job.spec.template.spec.containers[0].args = list(arguments)
    return job


def _find(cron_jobs: Sequence[V1CronJob], name: str, namespace: str) -> V1CronJob:
    exact = [found for found in cron_jobs if found.metadata.name == name]
    matching = exact or [found for found in cron_jobs if found.metadata.name.startswith(name)]
    if len(matching) != 1:
        known = ", ".join(sorted(found.metadata.name for found in cron_jobs)) or "none"
        raise MissingInputError(f"no one CronJob is called {name!r} in namespace {namespace}; there are: {known}")
    return matching[0]


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        raise ApplicationError(f"the cluster answered {error.status}: {error.reason}") from None
    except urllib3.exceptions.HTTPError as error:
        raise UnavailableError(f"cannot reach the cluster: {error}") from None
