"""The faults of the 2019 template cannot come back: public buckets, roles that may do all, a password in the file."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operations.registry import lifecycle_policy
from sentiment_minibatch.streaming.application import RUN_OPTIONS
from tests.infra.conftest import TEMPLATES, parse

# The actions that know no resources (service authorization reference), the only ones that may stand with "*".
WITHOUT_RESOURCES = {
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# The template of 2019, its three faults and nothing else.
FAULTY = """
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {AccessControl: PublicRead}
  Role:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/AmazonS3FullAccess"]
      Policies:
        - PolicyDocument: {Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}
  Database:
    Type: AWS::RDS::DBInstance
    Properties: {MasterUserPassword: hunter2, PubliclyAccessible: true}
"""


def faults(template: dict[str, Any]) -> list[str]:
    return [*public_buckets(template), *powerful_roles(template), *exposed_databases(template)]


def of_type(template: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource["Properties"]


def public_buckets(template: dict[str, Any]) -> Iterator[str]:
    for name, bucket in of_type(template, "AWS::S3::Bucket"):
        blocked = bucket.get("PublicAccessBlockConfiguration", {})
        if len(blocked) != 4 or not all(blocked.values()) or "AccessControl" in bucket:
            yield f"{name} may be public"
        for required in ("BucketEncryption", "VersioningConfiguration", "LifecycleConfiguration"):
            if required not in bucket:
                yield f"{name} has no {required}"


def powerful_roles(template: dict[str, Any]) -> Iterator[str]:
    for name, role in of_type(template, "AWS::IAM::Role"):
        for managed in role.get("ManagedPolicyArns", []):
            if "service-role/" not in str(managed):
                yield f"{name} takes a policy that AWS wrote for everybody: {managed}"
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                if any(action.endswith("*") for action in actions):
                    yield f"{name} may do {actions}"
                if statement["Resource"] == "*" and not set(actions) <= WITHOUT_RESOURCES:
                    yield f"{name} may do {actions} to everything"


def exposed_databases(template: dict[str, Any]) -> Iterator[str]:
    for name, database in of_type(template, "AWS::RDS::DBInstance"):
        if "MasterUserPassword" in database or not database.get("ManageMasterUserPassword"):
            yield f"{name} has a password that the template knows"
        if database.get("PubliclyAccessible", True) or not database.get("StorageEncrypted"):
            yield f"{name} is public or not encrypted"


def test_no_template_has_the_faults_of_2019(template: dict[str, Any]) -> None:
    assert faults(template) == []


def test_the_faults_of_2019_would_be_found() -> None:
    found = faults(parse(FAULTY))
    for words in ("Bucket may be public", "written for everybody", "to everything", "knows", "is public"):
        assert any(words.replace("written", "AWS wrote") in fault for fault in found), (words, found)


def test_no_template_asks_for_a_password_or_holds_one(template: dict[str, Any]) -> None:
    for name, parameter in template["Parameters"].items():
        assert "password" not in name.lower()
        assert "NoEcho" not in parameter
    assert "password" not in json.dumps(template["Resources"]).lower().replace("managemasteruserpassword", "")


def test_nothing_is_open_to_the_world(template: dict[str, Any]) -> None:
    assert "0.0.0.0/0" not in json.dumps(template)
    assert "::/0" not in json.dumps(template)


def test_whatever_is_stored_is_encrypted(template: dict[str, Any]) -> None:
    encryption = {
        "AWS::S3::Bucket": "BucketEncryption",
        "AWS::ECR::Repository": "EncryptionConfiguration",
        "AWS::Kinesis::Stream": "StreamEncryption",
        "AWS::SQS::Queue": "KmsMasterKeyId",
        "AWS::SNS::Topic": "KmsMasterKeyId",
        "AWS::Logs::LogGroup": "KmsKeyId",
        "AWS::RDS::DBInstance": "KmsKeyId",
        # Its source is an encrypted Kinesis stream, its bucket too: there is nothing else that it keeps.
        "AWS::KinesisFirehose::DeliveryStream": "KinesisStreamSourceConfiguration",
    }
    for name, resource in template["Resources"].items():
        if required := encryption.get(resource["Type"]):
            assert required in resource["Properties"], name


def test_repositories_expire_images_alike_whoever_creates_them() -> None:
    template = parse(Path("infra/storage.yaml").read_text())
    assert json.loads(template["Parameters"]["RepositoryLifecycle"]["Default"]) == json.loads(lifecycle_policy())


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_linter_has_nothing_to_say(name: str) -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), f"infra/{name}.yaml"], capture_output=True, text=True, check=False
    )
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_flink_application_is_started_as_it_is_packaged() -> None:
    resources = parse(Path("infra/streaming.yaml").read_text())["Resources"]
    configuration = resources["FlinkApplication"]["Properties"]["ApplicationConfiguration"]
    groups = {g["PropertyGroupId"]: g["PropertyMap"] for g in configuration["EnvironmentProperties"]["PropertyGroups"]}
    assert groups.pop("kinesis.analytics.flink.run.options") == RUN_OPTIONS
    assert groups.keys() == {"InputStream0", "OutputStream0", "Sentiment"}
    assert groups["Sentiment"]["retention.hours"] == {"Ref": "RetentionHours"}, "what the stream really keeps"
    handler = resources["PreprocessFunction"]["Properties"]["Handler"]["Ref"]
    module, _, function = parse(Path("infra/streaming.yaml").read_text())["Parameters"][handler]["Default"].rpartition(
        "."
    )
    assert callable(getattr(importlib.import_module(module), function))


def test_firehose_ends_every_record_with_a_newline() -> None:
    streams = dict(of_type(parse(Path("infra/streaming.yaml").read_text()), "AWS::KinesisFirehose::DeliveryStream"))
    assert streams
    for stream in streams.values():
        processing = stream["ExtendedS3DestinationConfiguration"]["ProcessingConfiguration"]
        assert processing["Enabled"]
        assert [processor["Type"] for processor in processing["Processors"]] == ["AppendDelimiterToRecord"]


def test_new_code_is_a_new_version_of_its_object() -> None:
    """Under the same key CloudFormation sees no change: AWS::Lambda::Function Code, S3ObjectVersion."""
    resources = parse(Path("infra/streaming.yaml").read_text())["Resources"]
    assert resources["PreprocessFunction"]["Properties"]["Code"]["S3ObjectVersion"] == {"Ref": "PreprocessCodeVersion"}
    code = resources["FlinkApplication"]["Properties"]["ApplicationConfiguration"]["ApplicationCodeConfiguration"]
    assert code["CodeContent"]["S3ContentLocation"]["ObjectVersion"] == {"Ref": "FlinkCodeVersion"}


def test_what_a_failed_first_create_made_is_in_nobodys_way(template: dict[str, Any]) -> None:
    """A bucket that stays would keep its name from the next try: aws-attribute-deletionpolicy.html."""
    for name, resource in template["Resources"].items():
        assert resource.get("DeletionPolicy") in {None, "RetainExceptOnCreate", "Snapshot"}, name


# Metrics that the services' own pages list; an alarm on another name would wait for ever.
METRICS = {
    "AWS/RDS": {"CPUUtilization", "FreeStorageSpace"},
    "AWS/Lambda": {"IteratorAge", "OnFailureDestinationDeliveredEventCount"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
    "AWS/Firehose": {"DeliveryToS3.DataFreshness"},
    # streams/latest/dev/monitoring-with-cloudwatch.html
    "AWS/Kinesis": {"GetRecords.IteratorAgeMilliseconds"},
    # managed-flink/latest/java/metrics-dimensions.html; for Flink 2.2 it has no fullRestarts any more.
    "AWS/KinesisAnalytics": {"numRestarts", "numberOfFailedCheckpoints"},
}


def watched(alarm: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The metrics of an alarm, which names one or has expressions over some, as (namespace, name)."""
    if "MetricName" in alarm:
        yield alarm["Namespace"], alarm["MetricName"]
    for query in alarm.get("Metrics", []):
        if "MetricStat" in query:
            yield query["MetricStat"]["Metric"]["Namespace"], query["MetricStat"]["Metric"]["MetricName"]


def test_alarms_watch_metrics_that_exist_and_somebody_is_told(template: dict[str, Any]) -> None:
    alarms = dict(of_type(template, "AWS::CloudWatch::Alarm"))
    for name, alarm in alarms.items():
        assert list(watched(alarm)), name
        for namespace, metric in watched(alarm):
            assert metric in METRICS[namespace], name
        assert alarm["AlarmActions"] == [{"Ref": "Alarms"}], name
    if alarms:
        (subscription,) = (properties for _, properties in of_type(template, "AWS::SNS::Subscription"))
        assert subscription["TopicArn"] == {"Ref": "Alarms"}
        assert subscription["Endpoint"] == {"Ref": "AlarmEmail"}


def test_what_is_worth_trying_again_is_tried_until_the_stream_forgets_it() -> None:
    template = parse(Path("infra/streaming.yaml").read_text())
    source = template["Resources"]["PreprocessSource"]["Properties"]
    assert source["MaximumRetryAttempts"] == -1
    hours = template["Parameters"]["RetentionHours"]["AllowedValues"]
    seconds = {hour: int(found["TryAgainSeconds"]) for hour, found in template["Mappings"]["Retention"].items()}
    assert seconds == {hour: (int(hour) - 1) * 3600 for hour in hours}
    assert max(seconds.values()) <= 604_800  # Lambda's limit


def test_no_account_region_or_network_is_written_into_a_template_or_an_overlay(template: dict[str, Any]) -> None:
    overlays = "".join(path.read_text() for path in Path("k8s").rglob("*.yaml"))
    for literal in ("123456789012", "us-east-1", "10.0.0.0/16", "example.com/authorize"):
        assert literal not in json.dumps(template)
        assert literal not in overlays
