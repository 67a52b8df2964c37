import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.storage import latest_publication, list_publications, open_store
from recs_batch.parameters import Parameters
from recs_batch.published import Published
from tests.recs_batch.command_line import DATE, recs_batch, refused, succeed


@pytest.fixture
def places(tables, tmp_path):
    return ("--tables", tables, "--work", tmp_path / "work", "--store", tmp_path / "store")


def published(uri):
    """Return the published files of the latest run: their names under the kind, and their checksums."""
    manifest = latest_publication(open_store(str(uri)), "recs")
    found = {file.key.split("/")[0] + "/" + file.key.split("/")[-1]: file.sha256 for file in manifest.files}
    return {name: sha256 for name, sha256 in found.items() if not name.endswith("/specification.json")}


def test_a_run_is_evaluated_published_and_shown(places, tmp_path):
    succeed("run", *places, "--date", DATE)
    assert (
        latest_publication(open_store(str(tmp_path / "store")), "recs").metadata["evaluation"]["users"]["recall"][
            "mean"
        ]
        > 0
    )
    shown = succeed("show", "--store", tmp_path / "store", "--users", 2)
    assert "whom to follow" in shown
    assert "which rooms to join" in shown
    assert "by your" in shown


def test_the_csv_says_what_the_parquet_says(places, tmp_path):
    succeed("run", *places, "--date", DATE, "--no-evaluate")
    folder = next((tmp_path / "store/recs/kind=users").glob("dt=*/run=*"))
    wanted = {}
    for row in pq.read_table(folder / "part-00000.parquet").to_pylist():
        lists = wanted.setdefault(row["user_id"], ([], [], []))
        reasons = [reason["id"] for reason in row["reasons"] if reason["id"] is not None]
        score = float(f"{row['score']:.3g}")  # what is right of it
        for values, value in zip(lists, (row["item_id"], score, reasons), strict=True):
            values.append(value)
    with (folder / "recommendations.csv").open() as text:
        lines = list(csv.DictReader(text))
    assert list(lines[0]) == ["user_id", "recommendations", "recommendation_weights", "recommendation_reasons"]
    assert {int(line.pop("user_id")): tuple(json.loads(text) for text in line.values()) for line in lines} == wanted


STEPS = ("engagement", "filter-users", "filter-rooms", "follow-recs", "room-recs", "publish")


def test_steps_taken_one_by_one_and_again_publish_what_a_run_does(places, tmp_path):
    succeed("run", *places, "--date", DATE, "--top", 3, "--no-evaluate")
    at_once = published(tmp_path / "store")
    succeed("specify", *places, "--date", DATE, "--top", 3, "--no-evaluate", "--anew")
    for step in (*STEPS[:4], "follow-recs", *STEPS[4:]):
        succeed(step, *places[2:4], "--date", DATE)
    assert published(tmp_path / "store") == at_once
    night = latest(tmp_path / "store").metadata["night"]
    assert len([path for path in tmp_path.glob(f"work/dt=*/night={night}/follow-recs/*") if path.is_dir()]) == 1


def test_a_night_that_was_killed_goes_on_where_it_ended_and_a_repeated_one_changes_nothing(
    places, tmp_path, monkeypatch
):
    monkeypatch.setenv("CODE_VERSION", "1")
    options = (*places, "--date", DATE, "--no-evaluate")
    succeed("specify", *options)
    succeed("engagement", *places[2:4], "--date", DATE)
    (before,) = tmp_path.glob("work/dt=*/night=*/engagement/manifest.json")
    written = before.stat().st_mtime_ns
    succeed("run", *options)
    pointer = (tmp_path / "store/recs/latest.json").read_bytes()
    succeed("run", *options)
    assert (tmp_path / "store/recs/latest.json").read_bytes() == pointer
    assert before.stat().st_mtime_ns == written
    succeed("run", *options, "--anew")
    assert (tmp_path / "store/recs/latest.json").read_bytes() != pointer


def test_a_step_asks_the_specification_and_not_the_environment(places, tmp_path, monkeypatch):
    succeed("specify", *places, "--date", DATE, "--top", 3, "--no-evaluate")
    monkeypatch.setenv("RECS_TOP", "7")
    for step in STEPS:
        succeed(step, *places[2:4], "--date", DATE)
    assert latest(tmp_path / "store").metadata["parameters"]["top"] == 3
    assert latest(tmp_path / "store").metadata["counts"]["users"]["rows"] <= 3 * 200


def test_tables_that_change_during_a_night_end_it(tables, tmp_path):
    own = shutil.copytree(tables, tmp_path / "tables")
    succeed("specify", "--tables", own, "--work", tmp_path / "work", "--store", tmp_path / "store", "--date", DATE)
    rows = pq.read_table(own / "likes.parquet")
    pq.write_table(rows.slice(1), own / "likes.parquet")
    refused(recs_batch("engagement", "--work", tmp_path / "work", "--date", DATE), 75, "likes", "changed")


def latest(store):
    return latest_publication(open_store(str(store)), "recs")


def test_the_sql_engine_publishes_the_same_bytes(places, tmp_path):
    succeed("run", *places, "--date", DATE, "--no-evaluate")
    compiled = published(tmp_path / "store")
    succeed("run", *places, "--date", DATE, "--no-evaluate", "--engine", "duckdb")
    by_sql = published(tmp_path / "store")
    assert by_sql == {name: sha256 for name, sha256 in compiled.items() if not name.endswith(".scaled.npy")}
    assert "model=filter-users/users.targets.npy" in by_sql


def test_the_algorithm_of_2019_runs_where_there_is_sql_and_nowhere_else(places, tmp_path):
    succeed("run", *places, "--date", DATE, "--scorer", "count", "--engine", "duckdb")
    assert latest(tmp_path / "store").metadata["counts"]["users"]["connection"] > 100
    assert latest(tmp_path / "store").metadata["evaluation"] is None
    refused(recs_batch("run", *places, "--date", DATE, "--scorer", "count"), 78, "duckdb and spark")


def test_the_first_night_fits_the_filters_and_the_next_keeps_them(places, tmp_path, monkeypatch):
    succeed("run", *places, "--date", "2026-10-30")
    first = latest(tmp_path / "store").metadata
    assert first["fitted"]
    succeed("run", *places, "--date", DATE, "--no-evaluate")
    assert latest(tmp_path / "store").metadata["parameters"] == first["parameters"]
    assert not latest(tmp_path / "store").metadata["fitted"]
    monkeypatch.setenv("RECS_FILTER_USERS", '{"own": 2}')
    succeed("run", *places, "--date", DATE, "--no-evaluate")
    changed = {"filter_users": Parameters().filter_users.model_dump() | {"own": 2.0}}
    assert latest(tmp_path / "store").metadata["parameters"] == first["parameters"] | changed


def test_parquet_in_a_bucket_and_steps_in_a_bucket_give_the_same(tables, places, bucket, tmp_path):
    succeed("run", *places, "--date", DATE, "--no-evaluate")
    client = boto3.client("s3")
    for path in tables.glob("*.parquet"):
        client.upload_file(str(path), bucket, f"in/{path.stem}/part-0.parquet")
    remote = [f"s3://{bucket}/{name}" for name in ("in", "work", "store")]
    options = ("--tables", remote[0], "--work", remote[1], "--store", remote[2], "--date", DATE)
    succeed("specify", *options, "--no-evaluate")
    for step in STEPS:
        succeed(step, "--work", remote[1], "--date", DATE)
    assert published(remote[2]) == published(tmp_path / "store")


def test_a_database_gives_the_same_as_parquet(tables, places, database_url, tmp_path):
    load(tables, database_url)
    succeed("run", *places, "--date", DATE, "--no-evaluate")
    from_files = published(tmp_path / "store")
    succeed("run", "--tables", database_url, *places[2:], "--date", DATE, "--no-evaluate")
    assert published(tmp_path / "store") == from_files


def test_a_database_with_what_was_shown_and_direct_messages_gives_the_same_as_parquet(tmp_path, database_url):
    tables, places = tmp_path / "tables", ("--work", tmp_path / "work", "--store", tmp_path / "store")
    size = ("--users", 100, "--rooms", 20, "--messages", 400, "--likes", 2000, "--shown", 20)
    succeed("generate", "--out", tables, *size)
    rows = pq.read_table(tables / "messages.parquet")
    rooms = pa.array([None if place % 2 else room for place, room in enumerate(rows["room_id"].to_pylist())])
    pq.write_table(
        rows.set_column(rows.schema.get_field_index("room_id"), "room_id", rooms), tables / "messages.parquet"
    )
    load(tables, database_url)
    found = []
    for uri in (tables, database_url):
        succeed("run", "--tables", uri, *places, "--date", DATE, "--no-evaluate")
        found.append((published(tmp_path / "store"), latest(tmp_path / "store").metadata["dropped"]))
    assert found[0] == found[1]
    assert found[0][1]["messages"]["direct"] > 100
    assert found[0][1].keys() >= {"impressions", "dismissals"}


def load(tables, url):
    kinds = {
        "string": "text",
        "dictionary<values=string, indices=int8, ordered=0>": "text",
        "int64": "bigint",
        "bool": "boolean",
        "timestamp[us, tz=UTC]": "timestamptz",
        "list<item: int64>": "bigint[]",
    }
    with psycopg.connect(url) as connection:
        for path in tables.glob("*.parquet"):
            rows = pq.read_table(path)
            columns = [f"{field.name} {kinds.get(str(field.type), 'bigint[]')}" for field in rows.schema]
            connection.execute(f"CREATE TABLE {path.stem} ({', '.join(columns)})")
            with connection.cursor().copy(f"COPY {path.stem} FROM STDIN") as copy:
                for row in rows.to_pylist():
                    copy.write_row(list(row.values()))


def test_backfill_publishes_every_day_and_rollback_goes_back_to_one(places, tmp_path):
    succeed("backfill", *places, "--from", "2026-10-29", "--to", DATE)
    assert latest(tmp_path / "store").metadata["date"] == DATE
    succeed("rollback", "--store", tmp_path / "store", "--to", "2026-10-30")
    assert latest(tmp_path / "store").metadata["date"] == "2026-10-30"


def test_a_backfill_of_old_days_leaves_the_latest_publication(places, tmp_path):
    succeed("run", *places, "--date", DATE, "--no-evaluate")
    succeed("backfill", *places, "--from", "2026-10-28", "--to", "2026-10-29")
    assert latest(tmp_path / "store").metadata["date"] == DATE
    listed = succeed("publications", "--store", tmp_path / "store")
    assert [line.split("dt=")[1][:10] for line in listed.splitlines() if "dt=" in line] == [
        DATE,
        "2026-10-28",
        "2026-10-29",
    ]
    assert next(line for line in listed.splitlines() if "*" in line).count(DATE) == 1


def test_a_day_with_several_publications_is_no_place_to_go_back_to(places, tmp_path):
    for top in (3, 4):
        succeed("run", *places, "--date", DATE, "--top", top, "--no-evaluate")
    first, second = (one.run for one in list_publications(open_store(str(tmp_path / "store")), "recs"))
    refused(recs_batch("rollback", "--store", tmp_path / "store", "--to", DATE), 78, first, second)
    succeed("rollback", "--store", tmp_path / "store", "--to", first)
    assert latest(tmp_path / "store").run == first


def test_a_question_is_answered_from_the_publication_and_not_from_todays_settings(places, tmp_path, monkeypatch):
    succeed("run", *places, "--date", DATE, "--no-evaluate")
    shutil.rmtree(tmp_path / "work")
    monkeypatch.setenv("RECS_TOP", "1")
    monkeypatch.setenv("RECS_FILTER_USERS", '{"rooms": 3, "own": 0}')
    published, store = Published.latest(open_store(str(tmp_path / "store"))), ("--store", tmp_path / "store")
    (user,) = published.first_users(1)
    for row in published.rows("users", user):
        score = float(f"{row['score']:.3g}")
        found = f"{row['item_id']} is number {row['rank']} for user {user}, with a score of {score:g}, because of"
        assert succeed("explain", user, row["item_id"], *store).startswith(found)
        assert f"as number {row['rank']}" in succeed("why-not", user, row["item_id"], *store)
    assert f"{user} is not recommended to user {user}: it is the user" in succeed("why-not", user, user, *store)
    items = {row["item_id"] for row in published.rows("users", user)}
    others = (succeed("why-not", user, other, *store) for other in range(1, 200) if other not in items)
    assert any("it ranks 6," in answer for answer in others)


def test_a_publication_may_be_named_and_its_reasons_drawn(places, tmp_path):
    succeed("backfill", *places, "--from", "2026-10-30", "--to", DATE)
    user, item = first_recommendation(tmp_path / "store")
    picture, store = tmp_path / "why.png", ("--store", tmp_path / "store")
    answer = succeed("explain", user, item, *store, "--picture", picture)
    assert answer == succeed("explain", user, item, *store, "--of", DATE, "--picture", picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    refused(recs_batch("explain", user, item, *store, "--of", "2020-01-01"), 66, "2020-01-01")
    refused(recs_batch("explain", 2**63, item, *store), 65, f"no user {2**63}")
    refused(recs_batch("why-not", user, 10**6, *store), 65, "no user 1000000")


def test_a_bucket_is_asked_the_same_questions(places, bucket, tmp_path):
    succeed("run", *places, "--date", DATE, "--no-evaluate")
    succeed("run", *places[:4], "--store", f"s3://{bucket}/store", "--date", DATE, "--no-evaluate")
    user, item = first_recommendation(tmp_path / "store")
    for question in (("explain", user, item), ("why-not", user, 7), ("why-not", user, 3, "--kind", "rooms"), ("show",)):
        here, there = (succeed(*question, "--store", store) for store in (tmp_path / "store", f"s3://{bucket}/store"))
        assert here == there


def first_recommendation(store):
    """Return the first user of the latest publication, and whom to follow first."""
    found = Published.latest(open_store(str(store)))
    (user,) = found.first_users(1)
    return user, found.rows("users", user)[0]["item_id"]


def test_a_day_in_the_past_sees_nothing_that_came_later(places, tmp_path):
    succeed("run", *places, "--date", "2026-03-01", "--no-evaluate")
    manifest = latest_publication(open_store(str(tmp_path / "store")), "recs")
    assert manifest.metadata["dropped"]["likes"]["late"] > 1000


def damaged(tables, folder, table, change):
    shutil.copytree(tables, folder)
    path = folder / f"{table}.parquet"
    pq.write_table(change(pq.read_table(path)), path)
    return folder


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("likes", lambda rows: rows.drop_columns(["message_id"]), ["likes", "no column message_id"]),
        ("follows", lambda rows: rows.set_column(0, "user_id", [["x"] * len(rows)]), ["follows", "expected integer"]),
        ("users", lambda rows: rows.slice(0, 0), ["users is empty"]),
        ("users", lambda rows: rows.slice(0, 100), ["name a user who is not in users", "RECS_MAX_DROPPED"]),
        ("messages", lambda rows: rows.slice(0, 500), ["likes", "refer to something that is not there"]),
    ],
)
def test_tables_that_would_publish_nonsense_are_refused(tables, tmp_path, table, change, words):
    bad = damaged(tables, tmp_path / "bad", table, change)
    options = ("--tables", bad, "--work", tmp_path / "work", "--store", tmp_path / "store", "--date", DATE)
    refused(recs_batch("run", *options), 65, *words)
    assert not list(Path(tmp_path).glob("store/recs/**/*.parquet"))
    assert not list(Path(tmp_path).glob("work/**/*.npy"))


def test_a_drop_in_volume_since_the_last_publication_is_refused(tables, places, tmp_path):
    succeed("run", *places, "--date", DATE, "--no-evaluate")
    before = published(tmp_path / "store")
    fewer = damaged(tables, tmp_path / "fewer", "likes", lambda rows: rows.slice(0, 2000))
    done = recs_batch("run", "--tables", fewer, *places[2:], "--date", DATE)
    refused(done, 65, "likes has 2,000 rows", "RECS_MAX_VOLUME_DROP")
    assert published(tmp_path / "store") == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "--tables", "nowhere"), 66, ["users.parquet"]),
        (("show", "--store", "nothing"), 66, ["latest.json"]),
        (("publish", "--work", "nothing", "--date", DATE), 66, ["no night of 2026-10-31 has been specified"]),
        (("publications", "--store", "nothing"), 66, ["nothing has been published"]),
        (("run", "--date", "9999-12-31"), 78, ["9999-12-31"]),
        (("backfill", "--from", "9999-12-31", "--to", "9999-12-31"), 78, ["9999-12-31"]),
        (("rollback", "--store", "nothing", "--to", DATE), 66, [DATE]),
        (("run", "--second-hop", "sideways"), 78, ["SECOND_HOP", "sideways"]),
        (("run", "--closest", "0"), 78, ["CLOSEST"]),
        (("run", "--scorer", "magic"), 78, ["SCORER", "magic"]),
        (("run", "--scorer", "count"), 78, ["RECS_SCORER", "duckdb and spark"]),
        (("run", "--tables", "postgresql://nobody@127.0.0.1:1/none"), 75, ["cannot reach the database"]),
        (("backfill", "--from", DATE, "--to", "2026-10-01"), 78, ["lies after"]),
    ],
)
def test_bad_input_is_one_line_that_says_what_was_wrong(tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    refused(recs_batch(*arguments), code, *words)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("RECS_FILTER_USERS", '{"romms": 1}', ["unknown name 'romms'", "'rooms'"]),
        ("RECS_WEIGHTS", '{"lke": 3}', ["unknown name 'lke'", "'like'"]),
        ("RECS_WEIGHTS", "{", ["RECS_WEIGHTS is not JSON"]),
        ("RECS_TPO", "3", ["RECS_TPO", "RECS_TOP"]),
        ("RECS_MAX_DROPPED", "2", ["RECS_MAX_DROPPED"]),
    ],
)
def test_a_wrong_variable_is_refused_with_the_name_that_was_meant(tables, places, monkeypatch, variable, value, words):
    monkeypatch.setenv(variable, value)
    refused(recs_batch("run", *places, "--date", DATE), 78, *words)


@pytest.mark.parametrize("damage", [lambda body: b"no Parquet", lambda body: body[:1000] + bytes(2000) + body[3000:]])
def test_a_damaged_table_is_unfit_input(tables, tmp_path, damage):
    bad = shutil.copytree(tables, tmp_path / "bad")
    (bad / "likes.parquet").write_bytes(damage((bad / "likes.parquet").read_bytes()))
    options = ("--tables", bad, "--work", tmp_path / "work", "--store", tmp_path / "store", "--date", DATE)
    refused(recs_batch("run", *options, "--no-evaluate"), 65, "read")


def test_spark_that_is_not_installed_is_a_wrong_setting(places):
    refused(recs_batch("run", *places, "--date", DATE, "--engine", "spark", "--no-evaluate"), 78, "pyspark")


def test_a_network_without_rooms_has_recommendations_of_users(tables, tmp_path):
    bare = shutil.copytree(tables, tmp_path / "bare")
    for table in ("rooms", "subscriptions", "messages", "likes"):
        rows = pq.read_table(bare / f"{table}.parquet")
        pq.write_table(rows.slice(0, 0), bare / f"{table}.parquet")
    succeed("run", "--tables", bare, "--work", tmp_path / "work", "--store", tmp_path / "store", "--date", DATE)
    counts = latest(tmp_path / "store").metadata["counts"]
    assert counts["users"]["rows"] > 500
    assert counts["rooms"] == {"users": 0, "rows": 0}
    assert "whom to follow" in succeed("show", "--store", tmp_path / "store")


def test_a_small_network_without_new_links_is_published_every_night(tables, tmp_path):
    few = shutil.copytree(tables, tmp_path / "few")
    rows = pq.read_table(few / "subscriptions.parquet").sort_by("created_at")
    pq.write_table(rows.slice(0, 40), few / "subscriptions.parquet")
    for day in ("2026-10-30", DATE):
        succeed("run", "--tables", few, "--work", tmp_path / "work", "--store", tmp_path / "store", "--date", day)
    found = latest(tmp_path / "store").metadata
    assert found["date"] == DATE
    assert found["evaluation"]["rooms"]["users"] == 0
    assert "not measured" in succeed("publications", "--store", tmp_path / "store")


def test_it_runs_as_a_program(tmp_path):
    command = [sys.executable, "-m", "recs_batch", "show", "--store", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    refused(done, 66, "latest.json")
