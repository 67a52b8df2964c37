"""Other ways to compute one minute: the way of 2019, and fetching to aggregate outside the database."""

from __future__ import annotations

import io
import warnings
from datetime import datetime, timedelta

import adbc_driver_postgresql.dbapi as adbc
import pandas as pd
import polars as pl
import psycopg

ROWS = "SELECT symbol, score_micros FROM sentiment.raw_score WHERE created_at >= '{start}' AND created_at < '{end}'"
UPSERT = """
INSERT INTO peer_minute VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (symbol, period_ending) DO UPDATE SET bullish_sum = excluded.bullish_sum
"""
TABLE = """
CREATE TABLE IF NOT EXISTS peer_minute (
    symbol text, period_ending timestamptz, bullish_sum float8, bearish_sum float8,
    bullish_count bigint, bearish_count bigint, neutral_count bigint, PRIMARY KEY (symbol, period_ending)
);
TRUNCATE peer_minute
"""


def rows_of(period_ending: datetime) -> str:
    """Return the query for the raw scores of a minute."""
    return ROWS.format(start=period_ending - timedelta(minutes=1), end=period_ending)


def pandas_of_2019(connection: psycopg.Connection, url: str, period_ending: datetime) -> None:
    """`read_sql`, a Python function per row, one INSERT per symbol."""
    with warnings.catch_warnings():  # pandas would rather have SQLAlchemy
        warnings.simplefilter("ignore")
        frame = pd.read_sql(rows_of(period_ending), connection)
    frame["bullish"] = frame.apply(lambda row: max(row["score_micros"], 0) / 1e6, axis=1)
    frame["bearish"] = frame.apply(lambda row: min(row["score_micros"], 0) / 1e6, axis=1)
    frame["side"] = frame.apply(lambda row: (row["score_micros"] > 0) - (row["score_micros"] < 0), axis=1)
    for symbol, group in frame.groupby("symbol"):
        sides = group["side"]
        counts = [int((sides == side).sum()) for side in (1, -1, 0)]
        sums = [float(group["bullish"].sum()), float(group["bearish"].sum())]
        connection.execute(UPSERT, [symbol, period_ending, *sums, *counts])


def adbc_and_polars(connection: psycopg.Connection, url: str, period_ending: datetime) -> None:
    """Arrow out, Polars, COPY back."""
    with adbc.connect(url) as source, source.cursor() as cursor:
        cursor.execute(rows_of(period_ending))
        frame = pl.from_arrow(cursor.fetch_arrow_table())
    score = pl.col("score_micros")
    totals = frame.group_by("symbol").agg(
        pl.lit(period_ending).alias("period_ending"),
        score.filter(score > 0).sum().alias("bullish_sum"),
        score.filter(score < 0).sum().alias("bearish_sum"),
        (score > 0).sum().alias("bullish_count"),
        (score < 0).sum().alias("bearish_count"),
        (score == 0).sum().alias("neutral_count"),
    )
    _copy_back(connection, totals.rows())


def copy_and_pandas(connection: psycopg.Connection, url: str, period_ending: datetime) -> None:
    """COPY out as CSV, pandas in its vectorised way, COPY back."""
    text = io.BytesIO()
    with connection.cursor() as cursor, cursor.copy(f"COPY ({rows_of(period_ending)}) TO STDOUT (FORMAT csv)") as copy:
        for block in copy:
            text.write(block)
    text.seek(0)
    frame = pd.read_csv(text, names=["symbol", "score"])
    score = frame["score"]
    frame = frame.assign(
        bullish=score.clip(lower=0), bearish=score.clip(upper=0), up=score > 0, down=score < 0, flat=score == 0
    )
    totals = frame.groupby("symbol")[["bullish", "bearish", "up", "down", "flat"]].sum()
    _copy_back(connection, [(symbol, period_ending, *map(int, row)) for symbol, *row in totals.itertuples()])


def _copy_back(connection: psycopg.Connection, rows: list[tuple[object, ...]]) -> None:
    connection.execute("CREATE TEMPORARY TABLE IF NOT EXISTS fetched (LIKE peer_minute)")
    connection.execute("TRUNCATE fetched")
    with connection.cursor() as cursor, cursor.copy("COPY fetched FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    connection.execute("INSERT INTO peer_minute SELECT * FROM fetched ON CONFLICT (symbol, period_ending) DO NOTHING")
