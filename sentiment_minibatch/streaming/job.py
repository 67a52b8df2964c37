"""The Flink application: scored deliveries in, revisions of minutes out.

It runs in Managed Service for Apache Flink, or in a mini cluster here. What is between the deliveries and SQL is in
Java (`flink/`). The property group InputStream0 says where the deliveries come from, OutputStream0 has the options of
the SQL table that takes the revisions. It imports PyFlink and the standard library alone, as nothing else is there.
"""

from __future__ import annotations

import json
import sys
from importlib import resources
from pathlib import Path

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway
from pyflink.table import StreamTableEnvironment

from sentiment_minibatch.streaming.properties import SERVICE_FILE, Properties, group, read_properties

# Managed Service for Apache Flink refuses to start if the code sets any other key than those of its page "Programmatic
# Flink configuration properties"; these are on it.
CONFIGURATION = {
    "pipeline.auto-watermark-interval": "200 ms",
    "pipeline.object-reuse": "true",
    "table.local-time-zone": "UTC",
}
_KINESIS_SOURCE = {
    "source.init.position": "TRIM_HORIZON",
    "source.reader.empty-records-fetch-interval": "250 ms",
    "source.shard.discovery.interval": "10 s",
}
_KINESIS_SINK = {"connector": "kinesis", "sink.flush-buffer.timeout": "200"}
_JSON = {"format": "json", "json.encode.ignore-null-fields": "true"}
_LATENESS_SECONDS = 25 * 3600
_RETENTION_HOURS = 24


def main() -> None:
    """Run the application until its source ends, if it does.

    Its properties are in the file that is its first argument, or where the service puts them. A second file, of Flink's
    own settings, is for a machine of one's own: on the service they are the service's.
    """
    arguments = [Path(argument) for argument in sys.argv[1:]]
    properties = read_properties(arguments[0] if arguments else SERVICE_FILE)
    settings = json.loads(arguments[1].read_text(encoding="utf-8")) if len(arguments) > 1 else {}
    configuration = Configuration()
    for key, value in {**CONFIGURATION, **settings}.items():
        configuration.set_string(key, value)
    environment = StreamExecutionEnvironment.get_execution_environment(configuration)
    define(environment, properties)
    environment.execute("sentiment-minutes")


def define(environment: StreamExecutionEnvironment, properties: Properties) -> None:
    """Define source, operator and sink in the environment that will execute them."""
    tables = StreamTableEnvironment.create(environment)
    source = group(properties, "InputStream0")
    sentiment = properties.get("Sentiment", {})
    job = get_gateway().jvm.sentiment.minutes.MinutesJob
    java_environment = environment._j_stream_execution_environment  # PyFlink offers no other way to Java
    job.define(
        java_environment,
        tables._j_tenv,
        source if "path" in source else {**_KINESIS_SOURCE, **source},
        int(sentiment.get("lateness.seconds", _LATENESS_SECONDS)),
        0 if "path" in source else int(sentiment.get("retention.hours", _RETENTION_HOURS)) * 3600,
    )
    sink = group(properties, "OutputStream0")
    _create(tables, "revision", {**({} if "connector" in sink else _KINESIS_SINK), **_JSON, **sink})
    statements = tables.create_statement_set()
    statements.add_insert_sql("INSERT INTO revision SELECT * FROM change")
    statements.attach_as_datastream()
    job.identify(java_environment.getTransformations())


def _create(tables: StreamTableEnvironment, name: str, options: dict[str, str]) -> None:
    quoted = ",\n".join(f"    {_quoted(key)} = {_quoted(value)}" for key, value in options.items())
    tables.execute_sql(f"{_sql(name)}WITH (\n{quoted}\n)")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _sql(name: str) -> str:
    return resources.files("sentiment_minibatch.streaming").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
