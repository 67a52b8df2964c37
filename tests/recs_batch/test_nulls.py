"""A null costs the row it is in, is counted, and is judged like any other fault of the tables; every engine agrees."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from common.errors import DataError
from recs_batch.checks import check_references
from recs_batch.engines import sql_engine
from recs_batch.engines.duckdb_sql import opened
from recs_batch.engines.names import engine
from recs_batch.graph.files import read_pairs
from recs_batch.graph.steps import count_engagement
from recs_batch.parameters import KINDS, UNITS_PER_ENGAGEMENT, Parameters
from recs_batch.specification import Limits
from tests.recs_batch.networks import networks, write_tables

DAY = date(2026, 10, 31)
THEN, LATER = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)


def network(**changes):
    """Return 20 users who follow the next; user 1 writes 100 messages in room 1, and user 2 likes 90 of them."""
    people = [{"id": i, "active": True, "created_at": THEN} for i in range(1, 21)]
    found = {
        "users": people,
        "rooms": people[:2],
        "messages": [
            {"id": i, "user_id": 1, "room_id": 1, "mention_ids": None, "created_at": THEN} for i in range(1, 101)
        ],
        "likes": [{"user_id": 2, "message_id": i, "created_at": THEN} for i in range(1, 91)],
        "follows": [{"user_id": i, "following_user_id": i + 1, "created_at": THEN} for i in range(1, 20)],
        "subscriptions": [{"user_id": i, "room_id": 1, "created_at": THEN} for i in range(1, 11)],
        "blocks": [],
    }
    for table, change in changes.items():
        found[table] = [row | change for row in found[table][:1]] + found[table][1:]
    return found


def counted(tables, folder):
    folder.mkdir()
    dropped = count_engagement(tables, DAY, Parameters(), folder)
    return dropped, {kind: int(read_pairs(folder, kind).events.sum()) for kind in KINDS}


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("messages", {"user_id": None}),
        ("messages", {"created_at": None}),
        ("likes", {"message_id": None}),
        ("likes", {"created_at": None}),
        ("follows", {"following_user_id": None}),
        ("subscriptions", {"room_id": None}),
    ],
)
def test_one_null_costs_one_row(tmp_path, table, change):
    whole = counted(write_tables(network(), tmp_path / "whole"), tmp_path / "one")
    dropped, events = counted(write_tables(network(**{table: change}), tmp_path / "null"), tmp_path / "two")
    assert dropped[table]["nulls"] == 1
    assert sum(reasons["nulls"] for reasons in dropped.values()) == 1
    assert all(whole[1][kind] - events[kind] <= 2 * UNITS_PER_ENGAGEMENT for kind in KINDS)


def test_a_message_without_a_room_is_a_direct_one_and_counts_for_people(tmp_path):
    found = network()
    found["messages"] = [row | {"room_id": None, "mention_ids": [5]} for row in found["messages"]]
    tables = write_tables(found, tmp_path / "tables")
    dropped, events = counted(tables, tmp_path / "one")
    assert {reason: rows for reason, rows in dropped["messages"].items() if rows} == {"direct": 100}
    check_references({table: len(rows) for table, rows in found.items()}, dropped, Limits())
    assert events == {"users": (100 + 90) * UNITS_PER_ENGAGEMENT, "rooms": 0}


def test_lists_of_either_kind_may_be_null(tmp_path):
    tables = write_tables(network(), tmp_path / "tables")
    rows = pq.read_table(tables / "messages/0.parquet")
    large = rows.set_column(3, "mention_ids", rows["mention_ids"].cast(pa.large_list(pa.int64())))
    before = counted(tables, tmp_path / "one")
    pq.write_table(large, tables / "messages/0.parquet")
    assert counted(tables, tmp_path / "two") == before
    assert before[1]["rooms"] > 100 * UNITS_PER_ENGAGEMENT


def test_nulls_count_against_the_limit(tmp_path):
    found = network()
    found["follows"] = [row | {"following_user_id": None} for row in found["follows"][:8]] + found["follows"][8:9]
    dropped, _ = counted(write_tables(found, tmp_path / "tables"), tmp_path / "one")
    assert dropped["follows"]["nulls"] == 8
    with pytest.raises(DataError, match="follows: 8 of 9 rows lack a value.*RECS_MAX_DROPPED"):
        check_references({table: len(rows) for table, rows in found.items()}, dropped, Limits())


def test_who_came_after_the_day_is_late_and_neither_served_nor_recommended(tmp_path):
    tables = write_tables(network(users={"created_at": LATER, "id": 20}), tmp_path / "tables")
    found = engine("compiled")(tables, DAY, Parameters(), tmp_path)
    assert not {1} & {*found["users"].user.tolist(), *found["users"].item.tolist()}


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_sql_counts_what_it_leaves_out_as_the_compiled_steps_do(network):
    with tempfile.TemporaryDirectory() as folder:
        tables = write_tables(network, Path(folder) / "tables")
        compiled, _ = counted(tables, Path(folder) / "engagement")
        with opened(tables, Path(folder)) as database:
            sql_engine.count_engagement(database, DAY, Parameters())
            found = sql_engine.count_dropped(database, DAY, Parameters())
    assert found == {
        table: left for table, reasons in compiled.items() if (left := {name: n for name, n in reasons.items() if n})
    }


@pytest.mark.parametrize("table", ["users", "rooms", "messages", "likes", "follows", "subscriptions"])
def test_sql_leaves_out_the_same_rows(tmp_path, table):
    change = {"active": None} if table in {"users", "rooms"} else {"created_at": None}
    tables = write_tables(network(**{table: change}), tmp_path / "tables")
    found = []
    for name in ("compiled", "duckdb"):
        (tmp_path / name).mkdir()
        found.append(engine(name)(tables, DAY, Parameters(), tmp_path / name))
    for kind in KINDS:
        assert found[0][kind].to_arrow().equals(found[1][kind].to_arrow())
