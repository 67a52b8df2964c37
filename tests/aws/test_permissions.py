"""Every component does its work with the role that the templates give it: each call allowed, each permission used.

The components run against an AWS on this machine that records who asks for what; the roles are what CloudFormation
makes of the templates. What AWS itself does in our name (Lambda's poller, Firehose, SageMaker) cannot be recorded:
it is excused here with the page that says so, and held against the role in test_services.py.
"""

from __future__ import annotations

import ast
import base64
import gzip
import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from click.testing import CliRunner

from common.storage import list_publications, open_store
from image_classifier.artifact import SHIPPED, load_artifact
from image_classifier.classifier import Classifier
from image_classifier.drawing import draw_picture
from image_classifier.learning.models import publish_artifact
from image_classifier.learning.samples import Samples
from image_classifier.serving.app import create_app as create_classifier
from image_classifier.serving.following import fetch_latest
from image_classifier.serving.settings import ServiceSettings
from operations import stacks
from recs_batch.cli import main as recs_batch
from recs_batch.serving.app import create_app
from recs_batch.serving.settings import ServeSettings
from sentiment_minibatch.cli import main as sentiment_minibatch
from sentiment_minibatch.streaming import preprocess
from sentiment_minibatch.streaming.cli import main as streaming
from sentiment_minibatch.streaming.delivery import PREFIX as ARCHIVE
from tests.aws.calls import ACCOUNT, REGION, Call, recorded
from tests.aws.policies import allows, listed, permits
from tests.aws.rds import MASTER, Rds
from tests.aws.test_database import DATABASE, instance, secret, server  # noqa: F401 (fixtures)
from tests.image_classifier.conftest import encoded
from tests.infra.conftest import parse
from tests.sentiment_minibatch.streaming.test_revisions import message, revision

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning")  # what moto does not create

_POLLER = "Lambda's poller: lambda/latest/dg/with-kinesis.html#events-kinesis-permissions"
_LOGS = "Lambda writes the function's output: lambda/latest/dg/monitoring-cloudwatchlogs.html"
_TRACES = "Lambda's tracing: lambda/latest/dg/services-xray.html"
_LARGE = "s3transfer ends a broken multipart upload: AmazonS3/latest/userguide/mpuoverview.html"
EXCUSED = {
    ("recs-batch", "s3:AbortMultipartUpload"): _LARGE,
    ("sentiment-job", "s3:AbortMultipartUpload"): _LARGE,
    ("image-classifier", "s3:AbortMultipartUpload"): _LARGE,
    **{
        ("preprocess", f"kinesis:{action}"): _POLLER
        for action in ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
    },
    ("preprocess", "s3:PutObject"): "Lambda puts failed batches aside: kinesis-on-failure-destination.html",
    ("preprocess", "s3:ListBucket"): "likewise",
    ("preprocess", "logs:CreateLogStream"): _LOGS,
    ("preprocess", "logs:PutLogEvents"): _LOGS,
    ("preprocess", "xray:PutTraceSegments"): _TRACES,
    ("preprocess", "xray:PutTelemetryRecords"): _TRACES,
}


@pytest.fixture
def deployed(aws: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The stacks that make roles, under names of this test's own: the outputs of all, and `Name`."""
    unique = f"role-{uuid.uuid4().hex[:8]}"
    given = {f"{kind}BucketName": f"{unique}-{kind.lower()}" for kind in ("Data", "Code", "Log")}
    kinds = ("Classifier", "ClassifierTraining", "Recommendations", "Spark", "Sentiment")
    repositories = {f"{kind}Repository": f"{unique}/{kind.lower()}" for kind in kinds}
    found = stacks.deploy(f"{unique}-storage", "storage", {"Name": unique, **given, **repositories})
    secret_arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:master"
    of_pods = ("Classifier", "Recommendations", "Serving", "Sentiment", "Page", "Migration")
    roles = {f"{kind}RoleName": f"{unique}-{kind}" for kind in of_pods}
    stacks.deploy(
        f"{unique}-identity",
        "identity",
        {"Name": unique, "ClusterName": "c", "DatabaseSecretArn": secret_arn, "DatabaseResourceId": "db-A", **roles}
        | {"SageMakerRoleName": f"{unique}-SageMaker"},
    )
    s3 = boto3.client("s3")
    s3.put_bucket_versioning(Bucket=found["CodeBucket"], VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=found["CodeBucket"], Key="f.zip", Body=_empty_zip())["VersionId"]
    declared = parse(Path("infra/streaming.yaml").read_text())["Parameters"]
    names = [name for name in declared if name.endswith("Name") and name != "Name"]
    code = {
        "PreprocessCodeKey": "f.zip",
        "PreprocessCodeVersion": version,
        "FlinkCodeKey": "g",
        "FlinkCodeVersion": "1",
        "DatabaseResourceId": "db-A",
    }
    stacks.deploy(
        f"{unique}-streaming", "streaming", {"Name": unique, **code, **{name: f"{unique}-{name}" for name in names}}
    )
    return {**found, "Name": unique, "Secret": secret_arn}


def statements(deployed: dict[str, str], stack: str, role: str) -> list[dict[str, Any]]:
    """What a role may do, as deployed; the key's ARN reads `key`, as in the recorded calls."""
    described = boto3.client("cloudformation").describe_stack_resources(StackName=f"{deployed['Name']}-{stack}")
    (name,) = (r["PhysicalResourceId"] for r in described["StackResources"] if r.get("LogicalResourceId") == role)
    iam = boto3.client("iam")
    held = []
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        document = json.dumps(ast.literal_eval(document) if isinstance(document, str) else document)
        document = re.sub(r'(:log-group:[^"*]+)"', r'\1:*"', document)  # so AWS returns the ARN, and moto does not
        held += json.loads(document.replace(deployed["KeyArn"], "key"))["Statement"]
    return held


def check(component: str, held: list[dict[str, Any]], made: set[Call]) -> None:
    """Fail for a call that is not allowed, and for an action that a statement allows, unused and not excused."""
    refused = sorted(call for call in made if not allows(held, call))
    assert refused == [], f"{component} would be refused"
    unused = {
        action
        for statement in held
        for action in listed(statement["Action"])
        if not any(call.action == action and permits(statement, call) for call in made)
    }
    assert unused == {action for name, action in EXCUSED if name == component}, (
        f"{component}: unused or wrongly excused"
    )


# Roles that AWS's own services assume: what they do with them happens in no process of ours.
OF_SERVICES = {
    "DeliveryRole": "Firehose delivers: firehose/latest/dev/controlling-access.html#using-iam-s3",
    "FlinkRole": "the service reads the code, the job's connectors the streams: test_flink.py and test_services.py",
    "MonitoringRole": "RDS reports: AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html",
    "SageMakerRole": "SageMaker pulls, trains, serves: sagemaker/latest/dg/sagemaker-roles.html",
}
REHEARSED = {
    "ClassifierRole",
    "MigrationRole",
    "PageRole",
    "PreprocessRole",
    "ReaderRole",
    "RecommendationsRole",
    "SentimentRole",
    "ServingRole",
}


def test_every_role_of_the_templates_is_rehearsed_or_is_a_services() -> None:
    roles = {
        name
        for path in Path("infra").glob("*.yaml")
        for name, resource in parse(path.read_text())["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
    }
    assert roles == REHEARSED | OF_SERVICES.keys()


Run = Callable[..., None]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command as a component: its access key is its name."""

    def as_component(component: str, command: Any, *arguments: str, **environment: str) -> None:
        with monkeypatch.context() as patched:
            patched.setenv("AWS_ACCESS_KEY_ID", component)
            done = CliRunner().invoke(command, arguments, env=environment)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output

    return as_component


@pytest.fixture
def calls() -> Iterator[dict[str, set[Call]]]:
    with recorded() as found:
        yield found


def test_the_nightly_recommendations_and_who_answers_from_them(
    deployed: dict[str, str],
    calls: dict[str, set[Call]],
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket = deployed["DataBucket"]
    size = ["--users", "60", "--rooms", "12", "--messages", "300", "--likes", "900"]
    run("somebody", recs_batch, "generate", "--out", f"s3://{bucket}/tables", *size)
    places = {
        "TABLES_URI": f"s3://{bucket}/tables",
        "WORK_URI": f"s3://{bucket}/recs/work",
        "STORE_URI": f"s3://{bucket}",
        "RECS_KEEP_PUBLICATIONS": "2",
        "RECS_KEEP_WORK_DAYS": "0",
    }
    for day in ("2026-10-29", "2026-10-30", "2026-10-31"):  # nothing is there yet; then something; then too much
        run("recs-batch", recs_batch, "run", "--date", day, "--no-evaluate", **places)
    kept = [found.metadata["date"] for found in list_publications(open_store(f"s3://{bucket}"), "recs")]
    assert kept == ["2026-10-30", "2026-10-31"]
    check("recs-batch", statements(deployed, "identity", "RecommendationsRole"), calls["recs-batch"])

    with monkeypatch.context() as patched:
        patched.setenv("AWS_ACCESS_KEY_ID", "recs-serving")
        settings = ServeSettings(STORE_URI=places["STORE_URI"], poll_seconds=50, cache=tmp_path / "cache")
        client = create_app(settings).test_client()
        client.application.extensions["recs"].refresh()
        assert client.get("/readyz").status_code == 200
        newest, before = client.get("/api/v1/publications").json["publications"]
        for run_of in (newest["run"], before["run"]):
            answer = client.get("/api/v1/users/1/recommendations", query_string={"of": run_of})
            assert answer.status_code in {200, 404}, answer.text
        assert client.post("/api/v1/recommendations", json={}).status_code == 200
    check("recs-serving", statements(deployed, "identity", "ServingRole"), calls["recs-serving"])


def test_the_classifier_follows_what_is_published_and_keeps_answers(
    deployed: dict[str, str], calls: dict[str, set[Call]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, feedback = (f"s3://{deployed['DataBucket']}/{prefix}" for prefix in ("models", "feedback"))
    publish_artifact(models, load_artifact(SHIPPED), {})
    old = Samples(open_store(feedback))
    old.keep("20200101-0123456789abcdef", b"old", {})
    with monkeypatch.context() as patched:
        patched.setenv("AWS_ACCESS_KEY_ID", "image-classifier")
        classifier = Classifier(load_artifact(fetch_latest(models, tmp_path)))
        settings = ServiceSettings(feedback=feedback, feedback_random_share=1)
        client = create_classifier(classifier, settings).test_client()
        answer = client.post("/predict", data=encoded(draw_picture("chart", 11, 2)), content_type="image/png").json
        while not old.has(answer["id"]):
            time.sleep(0.1)
        assert client.post("/feedback", json={"id": answer["id"], "class": "meme"}).status_code == 204
        assert client.post("/feedback", json={"id": "20261130-0123456789abcdef", "class": "meme"}).status_code == 404
    assert not old.has("20200101-0123456789abcdef")
    check("image-classifier", statements(deployed, "identity", "ClassifierRole"), calls["image-classifier"])


def test_the_sentiment_products_three_users(
    deployed: dict[str, str],
    calls: dict[str, set[Call]],
    run: Run,
    instance: Rds,  # noqa: F811
    secret: str,  # noqa: F811
    tmp_path: Path,
) -> None:
    store = f"s3://{deployed['DataBucket']}"
    scores = tmp_path / "scores.ndjson"
    run("x", sentiment_minibatch, "generate", "--out", str(scores), "--messages", "300", "--start", "2026-01-05T10:00")
    boto3.client("s3").upload_file(str(scores), deployed["DataBucket"], "sentiment/scores/a.ndjson")

    def as_user(component: str, user: str, *arguments: str, credentials: str = "iam") -> None:
        url = instance.url(user, DATABASE)
        run(
            component,
            sentiment_minibatch,
            *arguments,
            DATABASE_URL=url,
            DATABASE_CREDENTIALS=credentials,
            STORE_URI=store,
        )

    # The client of Secrets Manager is kept, so it is recorded under the key of the first who used it.
    as_user("sentiment-migrate", MASTER, "create-roles", credentials=secret)
    as_user("sentiment-migrate", "sentiment_owner", "migrate")
    as_user("sentiment-job", "sentiment_job", "load", f"{store}/sentiment/scores/")
    as_user("sentiment-job", "sentiment_job", "aggregate")
    as_user("sentiment-job", "sentiment_job", "export")
    as_user("sentiment-page", "sentiment_page", "show")

    held = {
        "sentiment-migrate": statements(deployed, "identity", "MigrationRole"),
        "sentiment-job": statements(deployed, "identity", "SentimentRole"),
        "sentiment-page": statements(deployed, "identity", "PageRole"),
    }
    users = {
        "sentiment-migrate": "sentiment_owner",
        "sentiment-job": "sentiment_job",
        "sentiment-page": "sentiment_page",
    }
    assert {(user, "token") for user in users.values()} <= set(instance.logins)
    for component, user in users.items():
        login = Call("rds-db:connect", f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-A/{user}")
        made = calls.get(component, set()) | {login}
        if component == "sentiment-migrate":  # the secret of the test has a name of its own
            made = {call._replace(resource=deployed["Secret"]) if call.resource == secret else call for call in made}
        check(component, held[component], made)
        others = [
            login._replace(resource=login.resource.replace(user, other)) for other in users.values() if other != user
        ]
        assert not any(allows(held[component], other) for other in others), f"{component} may be somebody else"


def test_the_reader_of_the_stream(
    deployed: dict[str, str],
    calls: dict[str, set[Call]],
    run: Run,
    instance: Rds,  # noqa: F811
    secret: str,  # noqa: F811
    server: str,  # noqa: F811
) -> None:
    """As it runs in its pod, a process that is told to stop; then what is rebuilt from the archive."""
    stream = f"{deployed['Name']}-RevisionStreamName"
    lately = revision(1, period_ending=f"{datetime.now(UTC):%Y-%m-%dT%H:%M}:00Z")  # what is old would be forgotten
    boto3.client("kinesis").put_record(StreamName=stream, PartitionKey="TSLA", Data=json.dumps(lately))
    archived = f"{ARCHIVE}/dt=2026-01-05/hour=14/a.gz"
    body = gzip.compress(json.dumps(message(2, 7)).encode())
    boto3.client("s3").put_object(Bucket=deployed["DataBucket"], Key=archived, Body=body)
    master = {"DATABASE_URL": instance.url(MASTER, DATABASE), "DATABASE_CREDENTIALS": secret}
    run("somebody", sentiment_minibatch, "create-roles", **master)
    owner = {"DATABASE_URL": instance.url("sentiment_owner", DATABASE), "DATABASE_CREDENTIALS": "iam"}
    run("somebody", sentiment_minibatch, "migrate", **owner)

    job = {"DATABASE_URL": instance.url("sentiment_job", DATABASE), "DATABASE_CREDENTIALS": "iam"}
    follow = [sys.executable, "-m", "sentiment_minibatch.streaming", "follow", "--stream", stream, "--port", "0"]
    with subprocess.Popen(follow, env=os.environ | job | {"AWS_ACCESS_KEY_ID": "sentiment-reader"}) as reader:
        try:
            _wait_for_a_minute(server, reader)
        finally:
            reader.terminate()
    assert reader.returncode == 0
    archive = f"s3://{deployed['DataBucket']}/{ARCHIVE}"
    period = ("--from", "2026-01-05T14:00", "--to", "2026-01-05T15:00")
    run("sentiment-reader", streaming, "rebuild", archive, *period, **job)

    held = statements(deployed, "streaming", "ReaderRole")
    assert ("sentiment_job", "token") in instance.logins
    login = Call("rds-db:connect", f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-A/sentiment_job")
    check("sentiment-reader", held, calls["sentiment-reader"] | {login})
    assert not allows(held, login._replace(resource=login.resource.replace("_job", "_owner")))


def _wait_for_a_minute(server: str, reader: subprocess.Popen[bytes]) -> None:  # noqa: F811
    with psycopg.connect(server.replace("/postgres?", f"/{DATABASE}?"), autocommit=True) as connection:
        ends = time.monotonic() + 60
        while not connection.execute("SELECT FROM sentiment.minute").fetchall():
            assert reader.poll() is None, "the reader has ended"
            assert time.monotonic() < ends, "the reader brings no minute"
            time.sleep(0.2)


def test_the_preprocessing_function(
    deployed: dict[str, str], calls: dict[str, set[Call]], monkeypatch: pytest.MonkeyPatch
) -> None:
    unique = deployed["Name"]
    queue = boto3.client("sqs").get_queue_url(QueueName=f"{unique}-RejectedQueueName")["QueueUrl"]
    score = {"message_id": "1", "symbol": "TSLA", "score": "0.5", "created_at": "2026-01-05T14:30:00Z"}
    good = base64.b64encode(json.dumps(score).encode())
    records = [{"kinesis": {"sequenceNumber": str(n), "data": data.decode()}} for n, data in enumerate((good, b"eA=="))]
    with monkeypatch.context() as patched:
        patched.setattr(boto3, "DEFAULT_SESSION", None)  # it would go on with the credentials that it has
        patched.setenv("AWS_ACCESS_KEY_ID", "preprocess")
        patched.setenv("OUTPUT_STREAM", f"{unique}-ScoredStreamName")
        patched.setenv("REJECTED_QUEUE_URL", queue)
        assert preprocess.handler({"Records": records}) == {"batchItemFailures": []}
    check("preprocess", statements(deployed, "streaming", "PreprocessRole"), calls["preprocess"])


def test_a_call_that_the_role_lacks_would_be_found(deployed: dict[str, str]) -> None:
    held = statements(deployed, "identity", "RecommendationsRole")
    bucket = f"arn:aws:s3:::{deployed['DataBucket']}"
    assert allows(held, Call("s3:PutObject", f"{bucket}/recs/latest.json"))
    assert not allows(held, Call("s3:PutObject", f"{bucket}/sentiment/minutes/latest.json"))
    assert not allows(held, Call("s3:DeleteObject", f"{bucket}/recs/latest.json"))
    assert not allows(held, Call("s3:DeleteObject", f"{bucket}/tables/users.parquet"))
    assert allows(held, Call("s3:ListBucket", bucket)), "else S3 would say 403 about what is missing"
    assert not allows(held, Call("s3:ListBucket", bucket, (("s3:prefix", "sentiment/"),)))
    with pytest.raises(AssertionError, match="recs-batch would be refused"):
        check("recs-batch", held, {Call("s3:GetObject", f"{bucket}/models/a")})


def _empty_zip() -> bytes:
    return b"PK\x05\x06" + bytes(18)
