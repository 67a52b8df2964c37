"""What Flink plans for the statements of the job."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sentiment_minibatch.streaming.flink_process import PYTHON, REPOSITORY
from tests.sentiment_minibatch.streaming.replays import properties

pytestmark = pytest.mark.flink

PLAN = """
import json, sys
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment
from sentiment_minibatch.streaming.job import define

environment = StreamExecutionEnvironment.get_execution_environment()
define(StreamTableEnvironment.create(environment), json.loads(sys.argv[1]))
print(environment.get_execution_plan())
"""


def test_every_delivery_is_read_and_deduplicated_once_for_both_outputs(tmp_path: Path) -> None:
    done = subprocess.run(
        [PYTHON, "-c", PLAN, json.dumps(properties(tmp_path))],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    nodes = [node["type"] for node in json.loads(done.stdout[done.stdout.index("{") :])["nodes"]]
    assert sum(node.startswith("Source: scored") for node in nodes) == 1, done.stderr
    assert sum(node.startswith("Rank") for node in nodes) == 1, nodes
