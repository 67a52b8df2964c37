"""Values of a file and outputs of stacks under one set of names; a first failure does not spoil the second try."""

from __future__ import annotations

import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import yaml

from common.errors import ConfigurationError, MissingInputError
from operations import code, deployment, plan, stacks
from operations.cli import main
from operations.environment import EXAMPLE, Environment, read_environment

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning")  # what moto does not create
TEMPLATE = "Parameters: {Name: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic}}\n"


@pytest.fixture
def values(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The example's values with names of this test's own; the environment's variables are put back afterwards."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    unique = f"test-{uuid.uuid4().hex[:8]}"
    found: dict[str, str] = yaml.safe_load(EXAMPLE.read_text())
    buckets = {f"{kind}BucketName": f"{unique}-{kind.lower()}" for kind in ("Data", "Code", "Log")}
    kinds = ("Classifier", "ClassifierTraining", "Recommendations", "Spark", "Sentiment")
    return found | buckets | {f"{kind}Repository": f"{unique}/{kind.lower()}" for kind in kinds} | {"Name": unique}


def environment(tmp_path: Path, values: dict[str, str]) -> Environment:
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump(values))
    return read_environment(path)


def infra_deploy(tmp_path: Path, *arguments: str) -> None:
    main(["infra-deploy", *arguments, "--values", str(tmp_path / "values.yaml")], standalone_mode=False)


@pytest.fixture
def topics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small template, to be changed."""
    monkeypatch.setattr(stacks, "TEMPLATES", tmp_path)
    template = tmp_path / "topics.yaml"
    template.write_text(TEMPLATE)
    return template


def test_a_stack_gets_its_parameters_from_the_file_and_says_what_became_of_it(
    tmp_path: Path, values: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = environment(tmp_path, values)
    infra_deploy(tmp_path, "storage")
    said = capsys.readouterr().out
    assert f"{values['Name']}-storage: created" in said
    assert f"DataBucket={values['DataBucketName']}" in said
    assert found.find("DataBucket") == values["DataBucketName"], "an output of the stack has a name of its own"
    # The same once more: moto updates where AWS says that there is nothing to do.
    infra_deploy(tmp_path, "storage")


def test_a_parameter_that_nobody_gives_is_named(tmp_path: Path, values: dict[str, str]) -> None:
    environment(tmp_path, {name: value for name, value in values.items() if name not in {"VpcId", "SubnetIds"}})
    with pytest.raises(ConfigurationError, match=r"^SubnetIds, VpcId: neither in .*values.yaml nor an output"):
        infra_deploy(tmp_path, "database")


def test_nothing_is_done_in_another_account(tmp_path: Path, values: dict[str, str]) -> None:
    environment(tmp_path, values | {"Account": "999999999999"})
    with pytest.raises(ConfigurationError, match=r"for account 123456789012, .*values.yaml for 999999999999"):
        infra_deploy(tmp_path, "storage")


def test_a_stack_whose_first_create_failed_is_made_again(topics: Path, values: dict[str, str]) -> None:
    """Such a stack can only be deleted: AWSCloudFormation/latest/UserGuide/view-stack-events.html."""
    name, client = f"{values['Name']}-topics", boto3.client("cloudformation")
    stacks.deploy(name, "topics", {"Name": "a"})
    first = client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    _set_status(name, "ROLLBACK_COMPLETE")
    stacks.deploy(name, "topics", {"Name": "a"})
    again = client.describe_stacks(StackName=name)["Stacks"][0]
    assert again["StackId"] != first
    assert again["StackStatus"] == "CREATE_COMPLETE"


def test_an_update_of_nothing_is_said_to_be_none(
    topics: Path, values: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As AWS refuses it; moto does not."""
    from botocore.exceptions import ClientError

    def refuse(**_: Any) -> None:
        error = {"Code": "ValidationError", "Message": "No updates are to be performed."}
        raise ClientError({"Error": error}, "UpdateStack")

    name, said = f"{values['Name']}-topics", []
    stacks.deploy(name, "topics", {"Name": "a"}, said.append)
    client = boto3.client("cloudformation")
    monkeypatch.setattr(client, "update_stack", refuse)
    assert "unchanged" in stacks._create_or_update(client, name, topics.read_text(), {"Name": "a"})


def test_new_code_is_a_new_version_and_old_code_is_not(tmp_path: Path, bucket: str) -> None:
    s3 = boto3.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    file = tmp_path / "function.zip"
    file.write_bytes(b"first")
    first = code.upload(s3, bucket, file)
    assert code.upload(s3, bucket, file) == first
    file.write_bytes(b"second")
    second = code.upload(s3, bucket, file)
    assert second != first
    assert s3.get_object(Bucket=bucket, Key="function.zip", VersionId=first)["Body"].read() == b"first"


def test_streaming_is_deployed_with_the_versions_of_the_code_that_was_built(
    tmp_path: Path, values: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = yaml.safe_load(Path("infra/streaming.yaml").read_text().partition("Conditions:")[0])["Parameters"]
    own = {name: f"{values['Name']}-{name}" for name in declared if name.endswith("Name") and name != "Name"}
    # All of them given, for moto's update knows no default.
    defaults = {name: str(parameter["Default"]) for name, parameter in declared.items() if "Default" in parameter}
    found = environment(tmp_path, defaults | values | own)
    infra_deploy(tmp_path, "storage")
    versioned = {"Status": "Enabled"}  # what moto's CloudFormation leaves out of the template
    found.client("s3").put_bucket_versioning(Bucket=values["CodeBucketName"], VersioningConfiguration=versioned)
    monkeypatch.setattr(code, "BUILD", tmp_path)
    with pytest.raises(
        MissingInputError, match=r"sentiment-preprocess.zip does not exist: run `make lambda-zip` first"
    ):
        infra_deploy(tmp_path, "streaming")

    def versions(content: bytes, *command: str) -> tuple[str, str]:
        for file, _ in code.ZIPS.values():
            tmp_path.joinpath(file).write_bytes(content)
        main([*(command or ("infra-deploy", "streaming")), *of_it], standalone_mode=False)
        stack = stacks.described(found.client("cloudformation"), found.stack("streaming"))
        assert stack is not None
        held = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack["Parameters"]}
        return held["PreprocessCodeVersion"], held["FlinkCodeVersion"]

    of_it = ("--values", str(tmp_path / "values.yaml"))
    empty = b"PK\x05\x06" + bytes(18)
    first = versions(empty)
    assert versions(empty) == first
    assert [f.state for f in plan._stack(found, "streaming")] == ["there"]
    second = versions(b"PK\x05\x06" + bytes(16) + b"\x01\x00a")
    assert set(second).isdisjoint(first)

    # The Flink application is stopped for that (test_flink.py plays the service, which moto does not).
    application = SimpleNamespace(update=lambda deploy: deploy())
    monkeypatch.setattr("operations.cli_flink._flink", lambda _: application)
    third = versions(b"PK\x05\x06" + bytes(16) + b"\x01\x00b", "flink", "update")
    assert set(third).isdisjoint(second)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Account: 123456789012\nRegion: a\nName: b\n", "every value is a text, numbers in quotes: Account"),
        ("- a\n", "no list of names and values"),
        ("Region: a\n", "does not say Account, Name"),
        ("a: [", "is no YAML"),
    ],
)
def test_a_wrong_file_is_told_by_its_name(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "values.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=told) as error:
        read_environment(path)
    assert str(path) in str(error.value)


def test_without_a_file_one_is_told_what_to_copy(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match=r"copy infra/values/example.yaml to it"):
        read_environment(tmp_path / "values.yaml")


def test_a_plan_says_what_is_missing_and_makes_nothing(
    tmp_path: Path, values: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    found = environment(tmp_path, values)
    before = boto3.client("cloudformation").list_stacks()["StackSummaries"]
    status = main(["deploy-plan", "aws", "--values", str(tmp_path / "values.yaml")], standalone_mode=False)
    said = capsys.readouterr().out
    assert status == 78
    assert "✓ account 123456789012, us-east-1" in said
    for sign, template in zip("✗✗✗-", ("storage", "database", "identity", "streaming"), strict=True):
        assert f"{sign} stack {template}: make infra-deploy STACK={template}" in said
    assert "No cluster found for name: trader-network" in said
    assert "no cluster to talk to" in said
    assert boto3.client("cloudformation").list_stacks()["StackSummaries"] == before

    others = environment(tmp_path, values | {"Account": "999999999999"})
    assert plan.make("aws", others, None)[0].detail == ""
    assert "the credentials are for account 123456789012" in plan.make("aws", others, None)[0].what

    environment(tmp_path, values)
    infra_deploy(tmp_path, "storage")
    assert [f.state for f in plan._stack(found, "storage")] == ["there"]
    assert list(plan._values(found)) == []
    (hidden,) = plan._values(environment(tmp_path, values | {"DataBucket": "example"}))
    assert hidden.what.startswith("DataBucket of ")
    assert hidden.detail == f"a stack says {values['DataBucketName']}: take it out there"
    changed = environment(tmp_path, values | {"RecommendationDays": "90"})
    assert [(f.state, f.detail) for f in plan._stack(changed, "storage")] == [("changes", "RecommendationDays")]


def test_a_plan_looks_whether_images_are_there(
    tmp_path: Path, values: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = environment(tmp_path, values | {"ClusterName": values["Name"]})
    pushed = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/recs-batch@sha256:{'0' * 64}"
    monkeypatch.setattr("operations.digests.read_digests", lambda: {"recs-batch": pushed})
    (image,) = plan._images(found)
    assert (image.state, image.what) == ("missing", "image recs-batch")


def test_a_plan_names_the_objects_that_would_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kubectl that says what the real one says with this program to compare."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        '#!/bin/sh\n[ "$KUBECTL_EXTERNAL_DIFF" = "diff -rqN" ] || exit 2\n'
        "echo 'Files /tmp/LIVE-1/apps.v1.Deployment.trader-network.sentiment-page and /tmp/MERGED-2/x differ'\n"
        "echo 'Files /tmp/LIVE-1/v1.Namespace..trader-network and /tmp/MERGED-2/y differ'\nexit 1\n"
    )
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert deployment.changes([], None) == ["Deployment/sentiment-page", "Namespace/trader-network"]


def _set_status(name: str, status: str) -> None:
    """What no request can make of moto's stack."""
    from moto.backends import get_backend

    backend = get_backend("cloudformation")["123456789012"]["us-east-1"]
    (stack,) = (stack for stack in backend.stacks.values() if stack.name == name)
    stack.status = status
