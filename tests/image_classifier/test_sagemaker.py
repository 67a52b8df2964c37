"""SageMaker's API by boto3 against moto's server: what is asked for, and how refusals and failures read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from click.testing import CliRunner

from common.errors import MissingInputError, UnavailableError
from image_classifier import sagemaker
from image_classifier.cli import main
from image_classifier.sagemaker import calls, endpoints, jobs

ROLE = "arn:aws:iam::123456789012:role/SageMaker"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image-classifier-training:1"
RANGES = {
    "ContinuousParameterRanges": [
        {"Name": "learning_rate", "MinValue": "0.0003", "MaxValue": "0.01", "ScalingType": "Logarithmic"}
    ]
}


@pytest.fixture
def job(aws: str) -> sagemaker.Job:
    return sagemaker.Job("train-1", IMAGE, ROLE, "s3://data/train", "s3://data/val", "s3://models/out")


@pytest.fixture
def client(aws: str) -> Any:
    return boto3.client("sagemaker")


def test_a_training_job_has_the_image_the_hyperparameters_and_both_channels(
    job: sagemaker.Job, client: Any, tmp_path: Path
) -> None:
    (tmp_path / "h.json").write_text(json.dumps({"epochs": 3, "learning_rate": 0.001}))
    model = sagemaker.train(job, tmp_path / "h.json", poll_seconds=0)
    described = client.describe_training_job(TrainingJobName="train-1")
    assert described["HyperParameters"] == {"epochs": "3", "learning_rate": "0.001"}
    assert described["AlgorithmSpecification"]["TrainingImage"] == IMAGE
    channels = {c["ChannelName"]: c["DataSource"]["S3DataSource"]["S3Uri"] for c in described["InputDataConfig"]}
    assert channels == {"train": "s3://data/train", "val": "s3://data/val"}
    assert described["CheckpointConfig"]["S3Uri"] == "s3://models/out/checkpoints/train-1"
    assert described["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints"
    assert model.startswith("s3://models/out/")
    assert model.endswith("model.tar.gz")


def test_a_refusal_reads_as_sagemaker_words_it(client: Any) -> None:
    with pytest.raises(sagemaker.SageMakerError, match="SageMaker refused DescribeTrainingJob: Could not find"):
        calls.call(client.describe_training_job, TrainingJobName="nothing")


def test_an_unreachable_sagemaker_may_be_tried_again(monkeypatch: pytest.MonkeyPatch, job: sagemaker.Job) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(UnavailableError, match="SageMaker cannot be reached"):
        sagemaker.train(job, None)


def test_a_job_that_fails_is_an_error_with_its_reason() -> None:
    states = iter([{"S": "InProgress"}, {"S": "InProgress"}, {"S": "Failed", "FailureReason": "ran out of memory"}])
    with pytest.raises(sagemaker.SageMakerError, match="ended as Failed: ran out of memory"):
        jobs._follow(lambda: next(states), "S", 0)


def test_a_tuning_job_searches_the_ranges_of_the_file(job: sagemaker.Job, client: Any, tmp_path: Path) -> None:
    (tmp_path / "ranges.json").write_text(json.dumps(RANGES))
    sagemaker.tune(job, tmp_path / "ranges.json", None, jobs=4, parallel=2, poll_seconds=0)
    described = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="train-1")
    config = described["HyperParameterTuningJobConfig"]
    assert config["ParameterRanges"]["ContinuousParameterRanges"][0]["Name"] == "learning_rate"
    assert config["ResourceLimits"]["MaxNumberOfTrainingJobs"] == 4
    assert config["HyperParameterTuningJobObjective"]["MetricName"] == "cross_validation_log_loss"


@pytest.mark.parametrize("instance", ["ml.m5.large", None])
def test_an_endpoint_is_created_and_deleted_with_all_that_belongs_to_it(client: Any, instance: str | None) -> None:
    name = f"classifier-{'serverless' if instance is None else 'instance'}"
    version = sagemaker.deploy(name, IMAGE, ROLE, "s3://models/1/model.tar.gz", instance)
    assert client.describe_endpoint(EndpointName=name)["EndpointConfigName"] == version
    container = client.describe_model(ModelName=version)["PrimaryContainer"]
    assert container == {**container, "Image": IMAGE, "ModelDataUrl": "s3://models/1/model.tar.gz"}
    variant = client.describe_endpoint_config(EndpointConfigName=version)["ProductionVariants"][0]
    assert ("ServerlessConfig" in variant) == (instance is None)
    sagemaker.delete(name)
    assert not [found for found in client.list_endpoints()["Endpoints"] if found["EndpointName"] == name]
    assert not [found for found in client.list_models()["Models"] if found["ModelName"] == version]


def test_an_update_switches_over_and_only_then_removes_the_old_version(
    monkeypatch: pytest.MonkeyPatch, client: Any
) -> None:
    """moto has no UpdateEndpoint: botocore's stubber checks each request, in order, against the API's model."""
    endpoint = {
        "EndpointName": "live",
        "EndpointArn": f"arn:aws:sagemaker:{'x' * 20}",
        "CreationTime": 0,
        "LastModifiedTime": 0,
    }
    old = {"EndpointConfigName": "old", "EndpointConfigArn": "arn:" + "x" * 20, "CreationTime": 0}
    arn = "arn:" + "x" * 20
    serving = {**endpoint, "EndpointStatus": "InService"}
    with Stubber(client) as stubber:
        stubber.add_response("list_endpoints", {"Endpoints": [serving]}, {"NameContains": "live"})
        stubber.add_response("describe_endpoint", {**serving, "EndpointConfigName": "old"}, {"EndpointName": "live"})
        stubber.add_response("create_model", {"ModelArn": arn})
        stubber.add_response("create_endpoint_config", {"EndpointConfigArn": arn})
        stubber.add_response(
            "update_endpoint", {"EndpointArn": arn}, {"EndpointName": "live", "EndpointConfigName": ANY}
        )
        for _ in ("the waiter asks", "so does deploy"):
            stubber.add_response("describe_endpoint", {**serving, "EndpointConfigName": "live-5000"})
        variants = [{"VariantName": "all", "ModelName": "old-model"}]
        stubber.add_response(
            "describe_endpoint_config", {**old, "ProductionVariants": variants}, {"EndpointConfigName": "old"}
        )
        stubber.add_response("delete_endpoint_config", {}, {"EndpointConfigName": "old"})
        stubber.add_response("delete_model", {}, {"ModelName": "old-model"})
        monkeypatch.setattr(endpoints, "sagemaker_client", lambda: client)
        monkeypatch.setattr(endpoints.time, "time", lambda: 5)
        sagemaker.deploy("live", IMAGE, ROLE, "s3://models/2/model.tar.gz", None)
        stubber.assert_no_pending_responses()


def test_a_refused_update_leaves_the_old_version_and_nothing_else(monkeypatch: pytest.MonkeyPatch, client: Any) -> None:
    """moto refuses it: it has no UpdateEndpoint."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    version = sagemaker.deploy("kept", IMAGE, ROLE, "s3://models/1/model.tar.gz", None)
    with pytest.raises(sagemaker.SageMakerError, match="SageMaker refused UpdateEndpoint"):
        sagemaker.deploy("kept", IMAGE, ROLE, "s3://models/2/model.tar.gz", None)
    assert client.describe_endpoint(EndpointName="kept")["EndpointConfigName"] == version
    assert [model["ModelName"] for model in client.list_models(NameContains="kept")["Models"]] == [version]
    configs = client.list_endpoint_configs(NameContains="kept")["EndpointConfigs"]
    assert [config["EndpointConfigName"] for config in configs] == [version]


def test_an_endpoint_is_found_among_many_of_similar_names(client: Any) -> None:
    for number in range(12):
        sagemaker.deploy(f"many-{number:02}", IMAGE, ROLE, "s3://models/1/model.tar.gz", None)
    sagemaker.deploy("many", IMAGE, ROLE, "s3://models/1/model.tar.gz", None)
    sagemaker.delete("many")
    with pytest.raises(MissingInputError, match="there is no endpoint many"):
        sagemaker.delete("many")


def test_what_is_not_there_is_said(client: Any, tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="there is no endpoint nothing"):
        sagemaker.delete("nothing")
    with pytest.raises(MissingInputError, match="is not there"):
        sagemaker.invoke("nothing", tmp_path / "image.png")


def test_the_command_line_invokes_an_endpoint(aws: str, client: Any, tmp_path: Path, chart: bytes) -> None:
    sagemaker.deploy("asked", IMAGE, ROLE, "s3://models/1/model.tar.gz", None)
    answer = {"class": "chart", "probability": 0.987, "confident": True}
    preset_answer(aws, json.dumps(answer))
    (tmp_path / "chart.png").write_bytes(chart)
    run = CliRunner().invoke(main, ["sagemaker", "invoke", "asked", str(tmp_path / "chart.png")])
    assert run.output == "chart 0.987\n"


def preset_answer(aws: str, body: str) -> None:
    """Tell moto what the endpoint answers: it runs no container."""
    import urllib.request

    result = {
        "Body": body,
        "ContentType": "application/json",
        "InvokedProductionVariant": "all",
        "CustomAttributes": "",
    }
    data = json.dumps({"account_id": "123456789012", "region": "us-east-1", "results": [result]}).encode()
    url = f"{aws}/moto-api/static/sagemaker/endpoint-results"
    urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"})).close()
