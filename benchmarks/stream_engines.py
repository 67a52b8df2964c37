"""The peers of the Flink job: the same minutes of the same replay, as each engine's own guide would write them.

A process runs one of them: `python benchmarks/stream_engines.py ENGINE REPLAY OUT`. None of them deduplicates, which is
to their advantage. Each waits 30 seconds of event time for stragglers.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

WAIT_SECONDS = 30
_COLUMNS = {
    "message_id": "BIGINT",
    "symbol": "STRING",
    "created_at_micros": "BIGINT",
    "bullish_micros": "INT",
    "bearish_micros": "INT",
}
_TOTALS = """SUM(bullish_micros) AS bullish_sum, SUM(bearish_micros) AS bearish_sum,
    COUNT(*) FILTER (WHERE bullish_micros > 0) AS bullish_count,
    COUNT(*) FILTER (WHERE bearish_micros < 0) AS bearish_count,
    COUNT(*) FILTER (WHERE bullish_micros = 0 AND bearish_micros = 0) AS neutral_count"""


def flink_tumble(replay: Path, out: Path) -> None:
    """Flink SQL's own window, TUMBLE, which drops what comes after its end."""
    from pyflink.table import EnvironmentSettings, TableEnvironment

    tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    tables.get_config().set("parallelism.default", "1")
    tables.get_config().set("table.local-time-zone", "UTC")
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    tables.execute_sql(f"""CREATE TABLE scored ({columns},
        event_time AS TO_TIMESTAMP_LTZ(created_at_micros / 1000, 3),
        WATERMARK FOR event_time AS event_time - INTERVAL '{WAIT_SECONDS}' SECOND
    ) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '{(replay / "whole").as_uri()}')""")
    tables.execute_sql(f"""CREATE TABLE minutes (symbol STRING, period_ending STRING, bullish_sum BIGINT,
        bearish_sum BIGINT, bullish_count BIGINT, bearish_count BIGINT, neutral_count BIGINT
    ) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '{out.as_uri()}')""")
    tables.execute_sql(f"""INSERT INTO minutes
        SELECT symbol, DATE_FORMAT(window_end, 'yyyy-MM-dd''T''HH:mm:ss''Z'''), {_TOTALS}
        FROM TABLE(TUMBLE(TABLE scored, DESCRIPTOR(event_time), INTERVAL '1' MINUTE))
        GROUP BY symbol, window_start, window_end""").wait()


def spark(replay: Path, out: Path) -> None:
    """Spark Structured Streaming with a watermark, a file of the replay in each micro-batch."""
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import col, date_format, expr, window

    options = {"spark.sql.shuffle.partitions": "1", "spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC"}
    builder = SparkSession.builder.master("local[1]")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    schema = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    scored = session.readStream.schema(schema).option("maxFilesPerTrigger", 1).json(str(replay / "parts"))
    totals = [expr(total) for total in _split(_TOTALS)]
    minutes = (
        scored.withColumn("event_time", expr("timestamp_micros(created_at_micros)"))
        .withWatermark("event_time", f"{WAIT_SECONDS} seconds")
        .groupBy(window("event_time", "1 minute"), "symbol")
        .agg(*totals)
        .withColumn("period_ending", date_format(col("window.end"), "yyyy-MM-dd'T'HH:mm:ss'Z'"))
        .drop("window")
    )
    query = (
        minutes.writeStream.format("json")
        .option("path", str(out))
        .option("checkpointLocation", str(out.with_name("checkpoints")))
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    session.stop()


def _split(totals: str) -> list[str]:
    return [total.strip() for total in totals.replace(",\n", ", ").split(", ")]


def bytewax(replay: Path, out: Path) -> None:
    """Bytewax' fold over a tumbling window of event time; what is late goes to a stream that is not read here."""
    import bytewax.operators as op
    from bytewax.connectors.files import FileSink, FileSource
    from bytewax.dataflow import Dataflow
    from bytewax.operators.windowing import EventClock, TumblingWindower, fold_window
    from bytewax.testing import run_main

    epoch, minute = datetime(1970, 1, 1, tzinfo=UTC), timedelta(minutes=1)

    def created_at(row: dict[str, int]) -> datetime:
        return epoch + timedelta(microseconds=row["created_at_micros"])

    def add(totals: list[int], row: dict[str, int]) -> list[int]:
        bullish, bearish = row["bullish_micros"], row["bearish_micros"]
        side = 2 if bullish > 0 else 3 if bearish < 0 else 4
        totals[0] += bullish
        totals[1] += bearish
        totals[side] += 1
        return totals

    def line(result: tuple[str, tuple[int, list[int]]]) -> tuple[str, str]:
        symbol, (number, totals) = result
        names = ("bullish_sum", "bearish_sum", "bullish_count", "bearish_count", "neutral_count")
        ending = f"{epoch + (number + 1) * minute:%Y-%m-%dT%H:%M:%SZ}"
        return symbol, json.dumps({"symbol": symbol, "period_ending": ending, **dict(zip(names, totals, strict=True))})

    flow = Dataflow("minutes")
    lines = op.input("scored", flow, FileSource(replay / "whole" / "all.ndjson", batch_size=1_000))
    keyed = op.key_on("symbol", op.map("parse", lines, json.loads), lambda row: row["symbol"])
    windows = fold_window(
        "minute",
        keyed,
        EventClock(created_at, wait_for_system_duration=timedelta(seconds=WAIT_SECONDS)),
        TumblingWindower(length=minute, align_to=epoch),
        lambda: [0, 0, 0, 0, 0],
        add,
        lambda one, other: [a + b for a, b in zip(one, other, strict=True)],
    )
    out.mkdir(parents=True)
    op.output("out", op.map("line", windows.down, line), FileSink(out / "part-0"))
    run_main(flow)


if __name__ == "__main__":
    engine, replay_directory, output = sys.argv[1:]
    {"flink_tumble": flink_tumble, "spark": spark, "bytewax": bytewax}[engine](Path(replay_directory), Path(output))
