"""What the job asks of Managed Service for Apache Flink is what that allows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sentiment_minibatch.streaming.flink_process import REPOSITORY

JOB = REPOSITORY / "sentiment_minibatch" / "streaming" / "job.py"

# The page "Programmatic Flink configuration properties" of the service's developer guide, of November 2026:
# https://docs.aws.amazon.com/managed-flink/latest/java/programmatic-configuration.html. From Flink 2.2 on one
# whose code sets any other key does not start. Of the families python.* and table.exec.* only what was needed is here.
ALLOWED = {
    "execution.runtime-mode",
    "pipeline.auto-generate-uids",
    "pipeline.auto-watermark-interval",
    "pipeline.cached-files",
    "pipeline.classpaths",
    "pipeline.closure-cleaner-level",
    "pipeline.force-avro",
    "pipeline.force-kryo",
    "pipeline.generic-types",
    "pipeline.global-job-parameters",
    "pipeline.jars",
    "pipeline.jobvertex-parallelism-overrides",
    "pipeline.max-parallelism",
    "pipeline.name",
    "pipeline.object-reuse",
    "pipeline.operator-chaining.chain-operators-with-different-max-parallelism",
    "pipeline.operator-chaining.enabled",
    "pipeline.serialization-config",
    "pipeline.vertex-description-mode",
    "pipeline.vertex-name-include-index-prefix",
    "table.exec.source.idle-timeout",
    "table.exec.state.ttl",
    "table.local-time-zone",
}


def _configuration() -> dict[str, str]:
    """The keys that the job sets, read from its source: PyFlink is not installed here."""
    for node in ast.parse(JOB.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "CONFIGURATION":
            configuration: dict[str, str] = ast.literal_eval(node.value)
            return configuration
    raise AssertionError("job.py has no CONFIGURATION")


def test_every_key_that_the_job_sets_is_on_awss_list() -> None:
    assert _configuration()
    assert _configuration().keys() <= ALLOWED


@pytest.mark.parametrize("source", sorted((REPOSITORY / "sentiment_minibatch" / "streaming" / "flink").rglob("*.java")))
def test_nothing_but_that_configures_flink(source: Path) -> None:
    told = source.read_text()
    for setter in ("getCheckpointConfig", "enableCheckpointing", ".configure(", "setParallelism", "getConfig().set"):
        assert setter not in told, setter


def test_the_job_sets_no_key_elsewhere() -> None:
    setters = [node for node in ast.walk(ast.parse(JOB.read_text())) if isinstance(node, ast.Attribute)]
    assert [node.attr for node in setters if node.attr.startswith("set_")] == ["set_string"], "of CONFIGURATION"
