"""The Flink job with AWS's connectors does its work with the role that the template gives the application."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentiment_minibatch.scores import Delivery
from sentiment_minibatch.streaming.local_aws import REVISION_STREAM, SCORED_STREAM
from sentiment_minibatch.streaming.pipeline import pipeline
from tests.aws.calls import recorded
from tests.aws.test_permissions import check, deployed, statements  # noqa: F401 (a fixture)
from tests.aws.test_services import of_managed_flink

pytestmark = [
    pytest.mark.flink,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),  # what moto does not create
]


def test_the_job_between_its_two_streams(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    at = datetime.now(UTC) - timedelta(minutes=3)
    with recorded() as made, pipeline(tmp_path) as stages:
        while not stages.objects():  # what the job wrote has come as far as the archive
            stages.produce([Delivery(str(time.time_ns() // 1_000), "TSLA", "0.5", at.isoformat())])
            stages.advance()
            time.sleep(0.5)
    deployed = request.getfixturevalue("deployed")  # noqa: F811 (a local AWS that starts forgets what there was)
    names = {
        SCORED_STREAM: f"{deployed['Name']}-ScoredStreamName",
        REVISION_STREAM: f"{deployed['Name']}-RevisionStreamName",
    }
    of_connectors = set()
    for call in made["flink"]:
        prefix, _, stream = call.resource.rpartition("/")
        of_connectors.add(call._replace(resource=f"{prefix}/{names[stream]}") if prefix else call)
    check("flink", statements(deployed, "streaming", "FlinkRole"), of_connectors | of_managed_flink(deployed))
