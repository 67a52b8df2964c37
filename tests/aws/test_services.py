"""What AWS's own services do with the roles that we give them: as they document it, on our names, and no more.

Nothing of ours makes these calls, so they are written down here from the page that says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from image_classifier.sagemaker import Job
from tests.aws.calls import ACCOUNT, REGION, Call
from tests.aws.policies import allows
from tests.aws.test_permissions import EXCUSED, check, deployed, statements  # noqa: F401 (a fixture)

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning")  # what moto does not create
_READ = ("DescribeStream", "GetRecords", "GetShardIterator", "ListShards")
_KEY = {Call("kms:Decrypt", "key"), Call("kms:GenerateDataKey", "key")}


def stream(name: str, *operations: str) -> set[Call]:
    return {
        Call(f"kinesis:{operation}", f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}") for operation in operations
    }


def bucket(name: str, *operations: str) -> set[Call]:
    return {Call(f"s3:{operation}", f"arn:aws:s3:::{name}") for operation in operations}


def logs(group: str, *operations: str) -> set[Call]:
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    return {Call(f"logs:{operation}", arn) for operation in operations}


def test_firehose_reads_revisions_and_writes_the_archive_and_what_it_could_not(
    deployed: dict[str, str],  # noqa: F811
) -> None:
    """https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3"""
    name, data = deployed["Name"], deployed["DataBucket"]
    made = stream(f"{name}-RevisionStreamName", *_READ) | _KEY
    made |= bucket(data, "GetBucketLocation", "ListBucket", "ListBucketMultipartUploads")
    for prefix in ("sentiment/stream/revisions/dt=2026-01-05/hour=14", "sentiment/stream-errors/processing-failed"):
        made |= bucket(f"{data}/{prefix}/a.gz", "AbortMultipartUpload", "GetObject", "PutObject")
    made |= logs(f"/aws/kinesisfirehose/{name}-ArchiveStreamName:log-stream:delivery", "PutLogEvents")
    check("firehose", statements(deployed, "streaming", "DeliveryRole"), made)


def test_sagemaker_trains_on_what_a_job_names_and_serves_what_it_made(
    deployed: dict[str, str],  # noqa: F811
) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, of CreateTrainingJob and CreateModel."""
    data, registry = deployed["DataBucket"], f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository"
    images, models = f"s3://{data}/images", f"s3://{data}/models"
    job = Job("chart-or-meme-1", "image", "role", f"{images}/train", f"{images}/val", models).definition()
    made = {Call("ecr:GetAuthorizationToken", "*")} | _KEY
    for channel in job["InputDataConfig"]:
        made.update(_listed(channel["DataSource"]["S3DataSource"]["S3Uri"], "GetObject"))
    made.update(_listed(job["CheckpointConfig"]["S3Uri"], "GetObject", "PutObject", "AbortMultipartUpload"))
    model = f"{urlsplit(job['OutputDataConfig']['S3OutputPath']).path}/chart-or-meme-1/output/model.tar.gz"
    made |= bucket(f"{data}{model}", "PutObject", "GetObject")
    for image in ("image-classifier", "image-classifier-training"):
        actions = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
        made |= {Call(f"ecr:{action}", f"{registry}/{image}") for action in actions}
    for kind in ("TrainingJobs", "Endpoints/chart-or-meme"):
        events = ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents")
        made |= logs(f"/aws/sagemaker/{kind}:log-stream:a", *events)
        made.add(Call("cloudwatch:PutMetricData", "*", (("cloudwatch:namespace", f"/aws/sagemaker/{kind}"),)))
    held = statements(deployed, "identity", "SageMakerRole")
    check("sagemaker", held, made)
    assert not allows(held, Call("s3:GetObject", f"arn:aws:s3:::{data}/recs/latest.json"))
    assert not allows(held, Call("s3:PutObject", f"arn:aws:s3:::{data}/images/train/chart/a.png"))


def _listed(uri: str, *operations: str) -> Iterator[Call]:
    place = urlsplit(uri)
    yield Call("s3:ListBucket", f"arn:aws:s3:::{place.netloc}", (("s3:prefix", place.path.lstrip("/")),))
    yield from bucket(f"{place.netloc}{place.path}/a/b.png", *operations)


def test_lambda_polls_the_raw_stream_and_puts_aside_what_it_cannot_pass_on(
    deployed: dict[str, str],  # noqa: F811
) -> None:
    """The pages are those of `EXCUSED`, each action of which is needed here."""
    name, data = deployed["Name"], deployed["DataBucket"]
    made = stream(f"{name}-RawStreamName", *_READ, "DescribeStreamSummary")
    made |= bucket(data, "ListBucket") | bucket(f"{data}/aws/lambda/5be0/shardId-000000000000/a", "PutObject")
    made |= logs(f"/aws/lambda/{name}-PreprocessFunctionName:log-stream:a", "CreateLogStream", "PutLogEvents")
    made |= {Call("xray:PutTraceSegments", "*"), Call("xray:PutTelemetryRecords", "*")}
    held = statements(deployed, "streaming", "PreprocessRole")
    assert sorted(call for call in made if not allows(held, call)) == []
    assert {call.action for call in made} == {action for component, action in EXCUSED if component == "preprocess"}


def of_managed_flink(deployed: dict[str, str]) -> set[Call]:  # noqa: F811
    """https://docs.aws.amazon.com/managed-flink/latest/java/examples-gs-scala-create-run-cli.html"""
    group = f"/aws/kinesis-analytics/{deployed['Name']}-FlinkApplicationName"
    made = bucket(f"{deployed['CodeBucket']}/g", "GetObject", "GetObjectVersion") | {Call("kms:Decrypt", "key")}
    made |= logs(f"{group}:log-stream:application", "DescribeLogStreams", "PutLogEvents")
    return made | logs(group, "DescribeLogGroups")


def test_managed_flink_reads_its_code_and_writes_its_log(deployed: dict[str, str]) -> None:  # noqa: F811
    held = statements(deployed, "streaming", "FlinkRole")
    assert sorted(call for call in of_managed_flink(deployed) if not allows(held, call)) == []
