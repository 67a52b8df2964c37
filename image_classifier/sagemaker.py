"""SageMaker by plain boto3: training jobs, tuning jobs, endpoints. The container's side is in `training` and `api`."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from common.errors import ApplicationError, DataError, MissingInputError, UnavailableError
from common.logs import get_logger

log = get_logger(__name__)
METRICS = tuple(
    {"Name": name, "Regex": f"{name}=([0-9.]+)"}
    for name in ("cross_validation_accuracy", "cross_validation_log_loss", "val_accuracy", "val_ece")
)
_FINISHED = {"Completed", "Failed", "Stopped"}


class SageMakerError(ApplicationError):
    """SageMaker refused a request or a job failed; the message is SageMaker's own."""


@dataclass(frozen=True)
class Job:
    """Where a job runs and what it reads and writes."""

    name: str
    image: str
    role: str
    train_uri: str
    val_uri: str
    output_uri: str
    instance_type: str = "ml.m5.xlarge"
    max_seconds: int = 3600
    spot: bool = False

    def channels(self) -> list[dict[str, Any]]:
        """Return the two input channels, `train` and `val`."""
        return [
            {
                "ChannelName": name,
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": uri,
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
            for name, uri in (("train", self.train_uri), ("val", self.val_uri))
        ]

    def definition(self) -> dict[str, Any]:
        """Return what training jobs and tuning jobs have in common."""
        return {
            "AlgorithmSpecification": {
                "TrainingImage": self.image,
                "TrainingInputMode": "File",
                "MetricDefinitions": list(METRICS),
            },
            "RoleArn": self.role,
            "InputDataConfig": self.channels(),
            "OutputDataConfig": {"S3OutputPath": self.output_uri},
            "ResourceConfig": {"InstanceType": self.instance_type, "InstanceCount": 1, "VolumeSizeInGB": 30},
            "CheckpointConfig": {
                "S3Uri": f"{self.output_uri.rstrip('/')}/checkpoints/{self.name}",
                "LocalPath": "/opt/ml/checkpoints",
            },
            "EnableManagedSpotTraining": self.spot,
            "StoppingCondition": self._stopping(),
        }

    def _stopping(self) -> dict[str, int]:
        """Bound the run; on spot instances also the time with the interruptions, after which it goes on."""
        waiting = {"MaxWaitTimeInSeconds": 4 * self.max_seconds} if self.spot else {}
        return {"MaxRuntimeInSeconds": self.max_seconds, **waiting}


def train(job: Job, hyperparameters: Path | None, poll_seconds: float = 15.0) -> str:
    """Submit a training job, follow it to its end and return the URI of its model.tar.gz.

    Raises `SageMakerError` when the job is refused or fails, and `UnavailableError` when SageMaker cannot be reached.
    """
    values = {name: str(value) for name, value in _read_object(hyperparameters).items()}
    client = _client()
    _call(client.create_training_job, TrainingJobName=job.name, HyperParameters=values, **job.definition())
    described = _follow(
        lambda: _call(client.describe_training_job, TrainingJobName=job.name), "TrainingJobStatus", poll_seconds
    )
    return str(described["ModelArtifacts"]["S3ModelArtifacts"])


def tune(
    job: Job, ranges: Path, hyperparameters: Path | None, *, jobs: int, parallel: int, poll_seconds: float = 15.0
) -> str:
    """Submit a tuning job over the ranges in a file, follow it to its end and return its best training job's name.

    The file holds SageMaker's own ParameterRanges. Raises as `train` does.
    """
    static = {name: str(value) for name, value in _read_object(hyperparameters).items()}
    client = _client()
    _call(
        client.create_hyper_parameter_tuning_job,
        HyperParameterTuningJobName=job.name,
        HyperParameterTuningJobConfig={
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "cross_validation_log_loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel},
            "ParameterRanges": _read_object(ranges),
        },
        TrainingJobDefinition={"StaticHyperParameters": static, **job.definition()},
    )
    described = _follow(
        lambda: _call(client.describe_hyper_parameter_tuning_job, HyperParameterTuningJobName=job.name),
        "HyperParameterTuningJobStatus",
        poll_seconds,
    )
    return str(described.get("BestTrainingJob", {}).get("TrainingJobName", "none"))


def deploy(name: str, image: str, role: str, model_uri: str, instance_type: str | None) -> str:
    """Create or update an endpoint for a model.tar.gz and wait until it is in service; None asks for a serverless one.

    Each deployment has a model and a configuration of its own; an update switches the endpoint over to the new ones
    while the old ones answer, and then removes the old ones. A refused or failed one leaves nothing: SageMaker rolls an
    update that fails back to the old ones, and calls that in service. Raises as `train` does.
    """
    client = _client()
    version = f"{name}-{int(time.time() * 1000)}"
    container = {"Image": image, "ModelDataUrl": model_uri}
    previous = _current_config(client, name)
    operation = client.create_endpoint if previous is None else client.update_endpoint
    variants = [_variant(version, instance_type)]
    try:
        _call(client.create_model, ModelName=version, PrimaryContainer=container, ExecutionRoleArn=role)
        _call(client.create_endpoint_config, EndpointConfigName=version, ProductionVariants=variants)
        _call(operation, EndpointName=name, EndpointConfigName=version)
    except SageMakerError:
        _discard(client, version)
        raise
    _wait_for(client, name, version, is_new=previous is None)
    if previous is not None:
        _delete_version(client, previous)
    return version


def invoke(name: str, image: Path) -> dict[str, Any]:
    """Send an image file to an endpoint and return its answer."""
    if not image.is_file():
        raise MissingInputError(f"{image} is not there")
    response = _call(
        boto3.client("sagemaker-runtime").invoke_endpoint,
        EndpointName=name,
        ContentType="application/json",
        Body=json.dumps({"image": base64.b64encode(image.read_bytes()).decode()}),
    )
    answer: dict[str, Any] = json.loads(response["Body"].read())
    return answer


def delete(name: str) -> None:
    """Delete an endpoint, its configuration and its model."""
    client = _client()
    config = _current_config(client, name)
    if config is None:
        raise MissingInputError(f"there is no endpoint {name}")
    _call(client.delete_endpoint, EndpointName=name)
    _wait(client, "endpoint_deleted", name)
    _delete_version(client, config)


def _client() -> Any:
    return boto3.client("sagemaker")


def _call(operation: Callable[..., Any], **request: Any) -> Any:
    try:
        return operation(**request)
    except ClientError as error:
        raise SageMakerError(
            f"SageMaker refused {error.operation_name}: {error.response['Error']['Message']}"
        ) from None
    except BotoCoreError as error:
        raise UnavailableError(f"SageMaker cannot be reached: {error}") from None


def _wait_for(client: Any, name: str, version: str, *, is_new: bool) -> None:
    """Wait until an endpoint serves a version; if it never does, remove that and raise `SageMakerError`."""
    try:
        _wait(client, "endpoint_in_service", name)
    except SageMakerError:
        if is_new:  # an endpoint that failed can only be deleted
            _call(client.delete_endpoint, EndpointName=name)
            _discard(client, version)
        raise
    described = _call(client.describe_endpoint, EndpointName=name)
    if described["EndpointConfigName"] != version:
        _discard(client, version)
        reason = described.get("FailureReason", "no reason given")
        raise SageMakerError(f"endpoint {name} serves {described['EndpointConfigName']} as before: {reason}")


def _discard(client: Any, version: str) -> None:
    """Remove what was made of a version that serves nobody, as far as it was made."""
    for operation, named in ((client.delete_endpoint_config, "EndpointConfigName"), (client.delete_model, "ModelName")):
        with suppress(SageMakerError):
            _call(operation, **{named: version})


def _wait(client: Any, waiter: str, name: str) -> None:
    try:
        client.get_waiter(waiter).wait(EndpointName=name)
    except WaiterError as error:
        reason = error.last_response.get("FailureReason") or str(error)
        raise SageMakerError(f"endpoint {name}: {reason}") from None


def _follow(describe: Callable[[], dict[str, Any]], status: str, poll_seconds: float) -> dict[str, Any]:
    """Poll a job and log every new status until it is finished; raises `SageMakerError` unless it completed."""
    last = ""
    while True:
        described = describe()
        shown = " ".join(filter(None, (described[status], described.get("SecondaryStatus"))))
        if shown != last:
            log.info("job", status=shown)
            last = shown
        if described[status] in _FINISHED:
            break
        time.sleep(poll_seconds)
    if described[status] != "Completed":
        raise SageMakerError(
            f"the job ended as {described[status]}: {described.get('FailureReason', 'no reason given')}"
        )
    return described


def _variant(model: str, instance_type: str | None) -> dict[str, Any]:
    variant: dict[str, Any] = {"VariantName": "all", "ModelName": model}
    if instance_type is None:
        return variant | {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
    return variant | {"InstanceType": instance_type, "InitialInstanceCount": 1, "InitialVariantWeight": 1.0}


def _current_config(client: Any, name: str) -> str | None:
    pages = client.get_paginator("list_endpoints").paginate(NameContains=name)
    found = _call(lambda: [endpoint["EndpointName"] for page in pages for endpoint in page["Endpoints"]])
    if name not in found:
        return None
    return str(_call(client.describe_endpoint, EndpointName=name)["EndpointConfigName"])


def _delete_version(client: Any, config: str) -> None:
    variants = _call(client.describe_endpoint_config, EndpointConfigName=config)["ProductionVariants"]
    _call(client.delete_endpoint_config, EndpointConfigName=config)
    for variant in variants:
        _call(client.delete_model, ModelName=variant["ModelName"])


def _read_object(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError:
        raise MissingInputError(f"{path} is not there") from None
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise DataError(f"{path} does not hold a JSON object")
    return values
