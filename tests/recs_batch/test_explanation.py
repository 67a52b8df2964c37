"""Answers about single pairs are those of the published matrices, whatever the engine and wherever they lie."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import DataError
from common.storage import open_store
from recs_batch.beginning import begin
from recs_batch.drawing import draw
from recs_batch.explanation import Explainer
from recs_batch.generate import write_network
from recs_batch.graph.files import read_array, read_rows
from recs_batch.graph.found import MOST_REASONS
from recs_batch.graph.steps import unit_of
from recs_batch.network import Network, NetworkSize
from recs_batch.night import Night
from recs_batch.parameters import KINDS, Parameters
from recs_batch.published import Published
from recs_batch.serving.answers import known_user, newcomer
from recs_batch.serving.publications import Publication

DAY = date(2026, 10, 31)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    write_network(Network(NetworkSize(120, 20, 600, 3_000), seed=4, until=date(2026, 11, 1)), str(folder))
    return folder


def publish(tables, folder, store=None, **decided):
    work = open_store(str(folder / "work"))
    store = open_store(store or str(folder / "store"))
    (folder / "scratch").mkdir()
    specification = begin(
        work, str(tables), folder / "scratch", **{"day": DAY, "store": store.uri, "evaluation_days": None} | decided
    )
    Night(specification, work, folder / "scratch").run()
    return Published.latest(store)


COUNT = {hop: Parameters(scorer="count", second_hop=hop) for hop in ("follows", "closest")}
NIGHTS = {
    "compiled": {"engine": "compiled"},
    "duckdb": {"engine": "duckdb"},
    **{f"count-{hop}": {"engine": "duckdb", "parameters": parameters} for hop, parameters in COUNT.items()},
}


@pytest.fixture(scope="module", params=NIGHTS)
def published(request, tables, tmp_path_factory):
    return publish(tables, tmp_path_factory.mktemp(request.param), **NIGHTS[request.param])


def dense(rows, sources, targets):
    matrix = np.zeros((sources, targets), np.int64)
    matrix[np.repeat(np.arange(sources), np.diff(rows.bounds)), rows.targets] = rows.weights
    return matrix


@pytest.mark.parametrize("kind", KINDS)
def test_ranks_scores_and_reasons_are_those_of_the_product_of_the_matrices(published, kind):
    engagement, filtered = published.model("engagement"), published.model(f"filter-{kind}")
    ids = {side: read_array(engagement, f"{side}.ids") for side in KINDS}
    links = [dense(read_rows(filtered, f"links.{side}"), len(ids["users"]), len(ids[side])) for side in KINDS]
    similar = [dense(read_rows(filtered, side), len(ids[side]), len(ids[kind])) for side in KINDS]
    scores = sum(one @ other for one, other in zip(links, similar, strict=True))
    explainer, unit = Explainer(published, kind), unit_of(published.specification.parameters)
    for user in (0, 17, 60):
        told = {i: explainer.explain(int(ids["users"][user]), int(item)) for i, item in enumerate(ids[kind])}
        candidates = [i for i, answer in told.items() if "rank" in answer and scores[user, i] > 0]
        expected = sorted(candidates, key=lambda i: (-scores[user, i], i))
        assert [told[i]["rank"] for i in expected] == list(range(1, len(expected) + 1))
        assert len(expected) > 1
        for i in expected:
            assert told[i]["score"] == scores[user, i] / unit
            assert sum(reason["weight"] for reason in told[i]["reasons"]) == pytest.approx(told[i]["score"], abs=1e-9)
        rows = published.rows(kind, int(ids["users"][user]))
        recommended = {int(ids[kind][i]): answer["rank"] for i, answer in told.items() if answer.get("recommended")}
        assert recommended == {row["item_id"]: row["rank"] for row in rows}
        for row in rows:
            told_of = told[int(np.searchsorted(ids[kind], row["item_id"]))]["reasons"]
            assert told_of[:MOST_REASONS] == row["reasons"]


def test_filters_are_told_and_strangers_refused(published):
    explainer = Explainer(published, "users")
    (user,) = published.first_users(1)
    assert explainer.explain(user, user) == {"filter": "it is the user", "arm": None}
    answers = [explainer.explain(user, other).get("filter") for other in range(1, 121)]
    assert {"already followed", "the item is inactive"} <= set(answers)
    for stranger in (10**6, -1, 2**63, -(2**70)):
        with pytest.raises(DataError, match=f"no user {stranger}"):
            explainer.explain(user, stranger)


def test_a_bucket_answers_as_a_directory_does(tables, tmp_path, bucket):
    places = {"here": None, "there": f"s3://{bucket}/store"}
    answers = {}
    for name, store in places.items():
        (tmp_path / name).mkdir()
        explainer = Explainer(publish(tables, tmp_path / name, store), "rooms")
        answers[name] = [explainer.explain(user, room) for user in (1, 2) for room in (1, 2, 3)]
    assert answers["here"] == answers["there"]


@pytest.mark.parametrize("hop", COUNT)
def test_a_newcomer_gets_what_the_algorithm_of_2019_has_for_a_user_who_only_follows(tables, tmp_path, hop):
    quiet, follows, mine = 100_001, [3, 50, 77, 111], tmp_path / "tables"
    shutil.copytree(tables, mine)
    moment = [datetime(2026, 5, 1, tzinfo=UTC)] * len(follows)
    append(mine / "users.parquet", id=[quiet], active=[True], created_at=moment[:1])
    append(mine / "follows.parquet", user_id=[quiet] * 4, following_user_id=follows, created_at=moment)
    published = publish(mine, tmp_path, engine="duckdb", parameters=COUNT[hop])
    served = Publication(published.manifest, published.store.root / "recs")
    for kind in KINDS:
        known = known_user(served, kind, quiet, 5)["items"]
        assert newcomer(served, kind, follows, [], 5)["items"] == known
        assert {reason["kind"] for reason in known[0]["reasons"]} == {"connection"}


def append(path, **columns):
    rows = pq.read_table(path)
    pq.write_table(pa.concat_tables([rows, pa.table(columns).select(rows.column_names).cast(rows.schema)]), path)


def test_reasons_are_drawn(tmp_path):
    draw(1, 2, [{"kind": "connection", "id": 3, "weight": 0.5}]).savefig(tmp_path / "why.png")
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
