import json
import re
from pathlib import Path

import boto3
import click
from moto import mock_aws

import recs_batch
from recs_batch.cli import main

FOLDER = Path(recs_batch.__file__).parent / "emr_serverless"


def read(name):
    return json.loads((FOLDER / name).read_text())


def test_the_service_accepts_the_application_and_the_job():
    application = read("application.json")
    assert application["releaseLabel"].startswith("emr-spark-8")  # the first whose Spark gives Arrow tables
    with mock_aws():
        client = boto3.client("emr-serverless", region_name="us-east-1")
        made = client.create_application(**application | {"releaseLabel": "emr-6.6.0"})  # one that moto knows
        assert client.start_job_run(applicationId=made["applicationId"], **read("job-run.json"))["jobRunId"]


def test_the_command_line_understands_the_job():
    submit = read("job-run.json")["jobDriver"]["sparkSubmit"]
    command, *arguments = submit["entryPointArguments"]
    parent = click.Context(main)
    parsed = main.get_command(parent, command).make_context(command, arguments, parent=parent).params
    assert (parsed["engine"], parsed["scorer"], parsed["evaluating"]) == ("spark", None, False)
    settings = submit["sparkSubmitParameters"].split("--conf ")[1:]
    assert all(re.fullmatch(r"spark\.[\w.-]+=\S+ ?", setting) for setting in settings)
