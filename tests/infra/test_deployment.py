"""The stacks really deploy: into moto, which creates what it knows, and asserted by the ids of what came to be."""

from __future__ import annotations

import ast
import io
import uuid
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest

from operations import stacks
from operations.stacks import StackError

# moto warns of what its CloudFormation does not create, such as bucket policies; the linter alone speaks for those.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning")


@pytest.fixture
def names(aws: str) -> dict[str, str]:
    """Names of this test's own, and the network that the database stack expects to find."""
    unique = f"test-{uuid.uuid4().hex[:8]}"
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName=unique, Description="cluster", VpcId=vpc)["GroupId"]
    return {"Name": unique, "VpcId": vpc, "SubnetIds": ",".join(subnets), "ClientSecurityGroupId": group}


def deploy(names: dict[str, str], template: str, **parameters: str) -> dict[str, str]:
    return stacks.deploy(f"{names['Name']}-{template}", template, {"Name": names["Name"], **parameters})


def deploy_storage(names: dict[str, str], **parameters: str) -> dict[str, str]:
    unique = names["Name"]
    buckets = {f"{kind}BucketName": f"{unique}-{kind.lower()}" for kind in ("Data", "Code", "Log")}
    repositories = {
        f"{kind}Repository": f"{unique}/{kind.lower()}"
        for kind in ("Classifier", "ClassifierTraining", "Recommendations", "Spark", "Sentiment")
    }
    return deploy(names, "storage", **buckets, **repositories, **parameters)


def resources(names: dict[str, str], template: str) -> dict[str, str]:
    """The physical ids of a stack's resources."""
    described = boto3.client("cloudformation").describe_stack_resources(StackName=f"{names['Name']}-{template}")
    created = [found for found in described["StackResources"] if "PhysicalResourceId" in found]
    return {found["LogicalResourceId"]: found["PhysicalResourceId"] for found in created}


def test_storage_makes_encrypted_buckets_and_repositories_with_immutable_tags(names: dict[str, str]) -> None:
    outputs = deploy_storage(names)
    made = resources(names, "storage")
    assert made["DataBucket"] == outputs["DataBucket"] == f"{names['Name']}-data"
    for bucket, algorithm in {"DataBucket": "aws:kms", "CodeBucket": "aws:kms", "LogBucket": "AES256"}.items():
        encryption = boto3.client("s3").get_bucket_encryption(Bucket=made[bucket])
        (rule,) = encryption["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == algorithm
    for name in (
        "ClassifierImages",
        "ClassifierTrainingImages",
        "RecommendationsImages",
        "SparkImages",
        "SentimentImages",
    ):
        (repository,) = boto3.client("ecr").describe_repositories(repositoryNames=[made[name]])["repositories"]
        assert repository["imageTagMutability"] == "IMMUTABLE"
    assert outputs["KeyArn"].endswith(f":key/{made['Key']}")


def test_a_stack_is_updated_in_place_and_keeps_the_parameters_that_are_not_given(names: dict[str, str]) -> None:
    lifecycle = '{"rules": []}'
    deploy_storage(names, RecommendationDays="400", RepositoryLifecycle=lifecycle)
    before = resources(names, "storage")
    deploy(names, "storage", RecommendationDays="90")
    assert resources(names, "storage") == before
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=f"{names['Name']}-storage")["Stacks"]
    parameters = {found["ParameterKey"]: found["ParameterValue"] for found in stack["Parameters"]}
    assert (parameters["RecommendationDays"], parameters["RepositoryLifecycle"]) == ("90", lifecycle)


def test_a_parameter_that_a_newer_template_lacks_is_left_behind(
    names: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "TEMPLATES", tmp_path)
    template = "Parameters:\n  Name: {Type: String}\n"
    old = template + "  Old: {Type: String}\nResources: {First: {Type: AWS::SNS::Topic}}\n"
    tmp_path.joinpath("topics.yaml").write_text(old)
    deploy(names, "topics", Old="value")
    new = template + "Resources: {First: {Type: AWS::SNS::Topic}, Second: {Type: AWS::SNS::Topic}}\n"
    tmp_path.joinpath("topics.yaml").write_text(new)
    deploy(names, "topics")
    assert resources(names, "topics").keys() == {"First", "Second"}


def test_the_database_is_private_encrypted_and_open_to_the_cluster_alone(
    names: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # moto knows no MasterUserSecret, no DbiResourceId, and gives no instance the parameter group of the same stack
    unknown = ("MasterUserSecret.SecretArn", "DbiResourceId", "DBParameterGroupName: !Ref")
    template = Path("infra/database.yaml").read_text()
    known = [line for line in template.splitlines() if not any(words in line for words in unknown)]
    tmp_path.joinpath("database.yaml").write_text("\n".join(known))
    deploy_storage(names)
    monkeypatch.setattr(stacks, "TEMPLATES", tmp_path)
    network = {key: names[key] for key in ("VpcId", "SubnetIds", "ClientSecurityGroupId")}
    deploy(names, "database", **network, DatabaseIdentifier=names["Name"])
    made = resources(names, "database")
    (database,) = boto3.client("rds").describe_db_instances(DBInstanceIdentifier=made["Database"])["DBInstances"]
    assert (database["PubliclyAccessible"], database["StorageEncrypted"], database["MultiAZ"]) == (False, True, True)
    (group,) = boto3.client("ec2").describe_security_groups(GroupIds=[made["SecurityGroup"]])["SecurityGroups"]
    (rule,) = group["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"]) == (5432, 5432)
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == [names["ClientSecurityGroupId"]]
    assert rule["IpRanges"] == []


def test_each_workload_gets_a_role_for_its_own_prefix(names: dict[str, str]) -> None:
    bucket = deploy_storage(names)["DataBucketArn"]
    unique = names["Name"]
    roles = {
        f"{kind}RoleName": f"{unique}-{kind}"
        for kind in ("Recommendations", "Serving", "Sentiment", "Page", "Migration", "SageMaker")
    }
    secret = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{unique}"
    deploy(names, "identity", ClusterName="cluster", DatabaseSecretArn=secret, DatabaseResourceId="db-ABC", **roles)
    made = resources(names, "identity")
    iam = boto3.client("iam")

    def writes(role: str, policy: str) -> list[str]:
        held = iam.get_role_policy(RoleName=made[role], PolicyName=policy)["PolicyDocument"]
        statements = ast.literal_eval(held)["Statement"]  # moto gives Python's notation, not JSON
        return [statement["Resource"] for statement in statements if "s3:PutObject" in statement["Action"]]

    assert writes("RecommendationsRole", "read-tables-write-recommendations") == [f"{bucket}/recs/*"]
    assert writes("SentimentRole", "load-scores-export-minutes") == [f"{bucket}/sentiment/*"]
    assert writes("SageMakerRole", "train-and-serve-the-classifier") == [f"{bucket}/models/*"]


def test_streaming_joins_kinesis_lambda_and_a_place_for_what_failed(names: dict[str, str]) -> None:
    code_bucket = deploy_storage(names)["CodeBucket"]
    versioned = {"Status": "Enabled"}  # what moto's CloudFormation leaves out of the template
    boto3.client("s3").put_bucket_versioning(Bucket=code_bucket, VersioningConfiguration=versioned)
    body = _zip("def handler(event, _): ...")
    version = boto3.client("s3").put_object(Bucket=code_bucket, Key="preprocess.zip", Body=body)["VersionId"]
    unique = names["Name"]
    deploy(
        names,
        "streaming",
        RawStreamName=f"{unique}-raw",
        ScoredStreamName=f"{unique}-scored",
        RevisionStreamName=f"{unique}-revisions",
        ReaderRoleName=f"{unique}-reader",
        PreprocessFunctionName=f"{unique}-preprocess",
        RejectedQueueName=f"{unique}-rejected",
        PreprocessCodeKey="preprocess.zip",
        PreprocessCodeVersion=version,
        FlinkCodeKey="flink.zip",
        FlinkCodeVersion="1",
        DatabaseResourceId="db-ABC",
    )
    made = resources(names, "streaming")
    summary = boto3.client("kinesis").describe_stream_summary(StreamName=made["RawStream"])["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 2
    source = boto3.client("lambda").get_event_source_mapping(UUID=made["PreprocessSource"])
    assert source["EventSourceArn"] == summary["StreamARN"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    configuration: dict[str, Any] = boto3.client("lambda").get_function_configuration(
        FunctionName=made["PreprocessFunction"]
    )
    assert source["DestinationConfig"]["OnFailure"]["Destination"] == f"arn:aws:s3:::{unique}-data"
    assert configuration["Environment"]["Variables"]["OUTPUT_STREAM"] == f"{unique}-scored"
    assert boto3.client("kinesis").describe_stream_summary(StreamName=f"{unique}-revisions")
    (policy,) = boto3.client("iam").list_role_policies(RoleName=f"{unique}-reader")["PolicyNames"]
    document = boto3.client("iam").get_role_policy(RoleName=f"{unique}-reader", PolicyName=policy)["PolicyDocument"]
    assert not [action for action in _actions(document) if "Put" in action or "*" in action], (
        "the reader writes nothing"
    )


def test_a_template_that_cannot_be_deployed_says_why(names: dict[str, str]) -> None:
    with pytest.raises(StackError, match="was not deployed"):
        deploy(
            names,
            "streaming",
            PreprocessCodeKey="a",
            PreprocessCodeVersion="1",
            FlinkCodeKey="b",
            FlinkCodeVersion="1",
            DatabaseResourceId="db-ABC",
        )


def _actions(document: dict[str, Any] | str) -> list[str]:
    statements = (ast.literal_eval(document) if isinstance(document, str) else document)["Statement"]
    return [action for s in statements for action in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])]


def _zip(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("sentiment_minibatch/streaming/preprocess.py", source)
    return buffer.getvalue()
