"""The Flink application: scored deliveries in, revisions of minutes and what came too late out.

It runs in Managed Service for Apache Flink, or in a mini cluster here; which source and sinks it has is said by the
property groups InputStream0, OutputStream0 and OutputStream1, whose properties are options of Flink SQL tables.
It imports PyFlink and the standard library alone, as nothing else is installed there.
"""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path
from string import Template

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from sentiment_minibatch.streaming.properties import SERVICE_FILE, Properties, group, read_properties
from sentiment_minibatch.streaming.revisions import Appended, appended_type

_KINESIS = {"connector": "kinesis", "format": "json"}
_FIREHOSE = {"connector": "firehose", "format": "json"}
_LATENESS_SECONDS = 25 * 3600
_REDELIVERY_SECONDS = 3600


def main() -> None:
    """Run the application until its source ends, if it does.

    Its properties are in the file that is its first argument, or where the service puts them.
    """
    properties = read_properties(Path(sys.argv[1]) if len(sys.argv) > 1 else SERVICE_FILE)
    environment = StreamExecutionEnvironment.get_execution_environment(_configuration(properties))
    define(StreamTableEnvironment.create(environment), properties)
    environment.execute("sentiment-minutes")


def define(tables: StreamTableEnvironment, properties: Properties) -> None:
    """Define the tables and the statements between them in the environment that will execute them."""
    _create(tables, "scored", {**_KINESIS, **group(properties, "InputStream0")})
    _create(tables, "minute_revision", {**_FIREHOSE, **group(properties, "OutputStream0")})
    _create(tables, "too_late", {**_FIREHOSE, **group(properties, "OutputStream1")})
    tables.execute_sql(Template(_sql("placed")).substitute(lateness_seconds=_lateness_seconds(properties)))
    for view in ("counted", "minutes", "came_too_late"):
        tables.execute_sql(_sql(view))
    changes = tables.to_changelog_stream(tables.sql_query(_sql("changes")))
    appended = changes.flat_map(Appended(), output_type=appended_type()).name("append")
    tables.create_temporary_view("appended", appended)
    statements = tables.create_statement_set()
    statements.add_insert("minute_revision", tables.sql_query(_sql("appended_revisions")))
    statements.add_insert("too_late", tables.sql_query(_sql("appended_too_late")))
    statements.attach_as_datastream()


def _configuration(properties: Properties) -> Configuration:
    lateness = _lateness_seconds(properties)
    configuration = Configuration()
    settings = {
        "table.local-time-zone": "UTC",
        "table.exec.emit.late-fire.enabled": "true",
        # Every late row fires at once: a delay would lose those that still wait when their minute's state is given up.
        "table.exec.emit.late-fire.delay": "0 ms",
        "table.exec.emit.allow-lateness": f"{lateness} s",
        # A delivery must be remembered for as long as a repetition of it may still be counted.
        "table.exec.state.ttl": f"{lateness + _REDELIVERY_SECONDS} s",
        "table.exec.source.idle-timeout": "10 s",
        **properties.get("Flink", {}),
    }
    for key, value in settings.items():
        configuration.set_string(key, value)
    return configuration


def _lateness_seconds(properties: Properties) -> int:
    return int(properties.get("Sentiment", {}).get("lateness.seconds", _LATENESS_SECONDS))


def _create(tables: StreamTableEnvironment, name: str, options: dict[str, str]) -> None:
    quoted = ",\n".join(f"    {_quoted(key)} = {_quoted(value)}" for key, value in options.items())
    tables.execute_sql(f"{_sql(name)}WITH (\n{quoted}\n)")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _sql(name: str) -> str:
    return resources.files("sentiment_minibatch.streaming").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
