"""SageMaker by plain boto3: training jobs, tuning jobs, endpoints. The container's side is in `training` and `api`."""

from image_classifier.sagemaker.calls import SageMakerError
from image_classifier.sagemaker.endpoints import delete, deploy, invoke
from image_classifier.sagemaker.jobs import METRICS, Job, train, tune

__all__ = ["METRICS", "Job", "SageMakerError", "delete", "deploy", "invoke", "train", "tune"]
