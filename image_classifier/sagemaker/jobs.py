"""Training and tuning jobs: submitted and followed to their end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import DataError, MissingInputError
from common.logs import get_logger
from image_classifier.sagemaker.calls import SageMakerError, call, sagemaker_client

log = get_logger(__name__)
METRICS = tuple(
    {"Name": name, "Regex": f"{name}=([0-9.]+)"}
    for name in ("cross_validation_accuracy", "cross_validation_log_loss", "val_accuracy", "val_ece")
)
_FINISHED = {"Completed", "Failed", "Stopped"}


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
    client = sagemaker_client()
    call(client.create_training_job, TrainingJobName=job.name, HyperParameters=values, **job.definition())
    described = _follow(
        lambda: call(client.describe_training_job, TrainingJobName=job.name), "TrainingJobStatus", poll_seconds
    )
    return str(described["ModelArtifacts"]["S3ModelArtifacts"])


def tune(
    job: Job, ranges: Path, hyperparameters: Path | None, *, jobs: int, parallel: int, poll_seconds: float = 15.0
) -> str:
    """Submit a tuning job over the ranges in a file, follow it to its end and return its best training job's name.

    The file holds SageMaker's own ParameterRanges. Raises as `train` does.
    """
    static = {name: str(value) for name, value in _read_object(hyperparameters).items()}
    client = sagemaker_client()
    call(
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
        lambda: call(client.describe_hyper_parameter_tuning_job, HyperParameterTuningJobName=job.name),
        "HyperParameterTuningJobStatus",
        poll_seconds,
    )
    return str(described.get("BestTrainingJob", {}).get("TrainingJobName", "none"))


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
