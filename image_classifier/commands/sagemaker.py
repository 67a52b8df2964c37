"""`sagemaker`: its commands train, tune and serve on SageMaker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from common.commands import Command
from image_classifier.commands.options import FILE


def _job_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that describe a job."""
    options = (
        click.option("--name", required=True, help="the job's name"),
        click.option("--image", required=True, help="the training image in ECR"),
        click.option("--role", required=True, help="ARN of the execution role"),
        click.option("--train-uri", required=True, help="s3://... with chart/ and meme/"),
        click.option("--val-uri", required=True, help="s3://... with chart/ and meme/"),
        click.option("--output-uri", required=True, help="s3://... for model.tar.gz"),
        click.option("--instance-type", default="ml.m5.xlarge", show_default=True),
        click.option("--max-seconds", type=click.IntRange(min=60), default=3600, show_default=True),
        click.option("--spot", is_flag=True, help="on spot instances: cheaper, and resumed from checkpoints"),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group("sagemaker")
def command() -> None:
    """Train, tune and serve on SageMaker (boto3's own settings: AWS_REGION, AWS_PROFILE, ...)."""


@command.command(cls=Command)
@_job_options
@click.option("--hyperparameters", type=FILE, help="a JSON file")
def train(hyperparameters: Path | None, **job: Any) -> None:
    """Submit a training job, follow it and print where its model is."""
    from image_classifier import sagemaker

    click.echo(sagemaker.train(sagemaker.Job(**job), hyperparameters))


@command.command(cls=Command)
@_job_options
@click.option("--ranges", type=FILE, required=True, help="a JSON file with SageMaker's ParameterRanges")
@click.option("--hyperparameters", type=FILE, help="a JSON file with what stays fixed")
@click.option("--jobs", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--parallel", type=click.IntRange(min=1), default=2, show_default=True)
def tune(ranges: Path, hyperparameters: Path | None, jobs: int, parallel: int, **job: Any) -> None:
    """Submit a tuning job, follow it and print its best training job."""
    from image_classifier import sagemaker

    click.echo(sagemaker.tune(sagemaker.Job(**job), ranges, hyperparameters, jobs=jobs, parallel=parallel))


@command.command(cls=Command)
@click.argument("name")
@click.option("--image", required=True, help="the serving image in ECR")
@click.option("--role", required=True, help="ARN of the execution role")
@click.option("--model-uri", required=True, help="s3://.../model.tar.gz")
@click.option("--instance-type", help="of a real-time endpoint; without it, the endpoint is serverless")
def deploy(name: str, image: str, role: str, model_uri: str, instance_type: str | None) -> None:
    """Create the endpoint NAME, or update it without downtime."""
    from image_classifier import sagemaker

    click.echo(f"{name} serves {sagemaker.deploy(name, image, role, model_uri, instance_type)}")


@command.command(cls=Command)
@click.argument("name")
@click.argument("image", type=FILE)
def invoke(name: str, image: Path) -> None:
    """Ask the endpoint NAME about an image file."""
    from image_classifier import sagemaker

    answer = sagemaker.invoke(name, image)
    click.echo(f"{answer['class']} {answer['probability']:.3f}{'' if answer['confident'] else ' (not confident)'}")


@command.command(cls=Command)
@click.argument("name")
def delete(name: str) -> None:
    """Delete the endpoint NAME with its configuration and model."""
    from image_classifier import sagemaker

    sagemaker.delete(name)
    click.echo(f"{name} is deleted")
