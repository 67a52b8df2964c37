from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import MissingInputError
from recs_batch.evaluation.evaluate import evaluate, fit, held_back
from recs_batch.evaluation.hold_out import without_a_fifth
from recs_batch.evaluation.metrics import coverage, estimate, hits_of, novelty, per_user
from recs_batch.evaluation.report import render_report
from recs_batch.evaluation.split import split
from recs_batch.explanation import Explainer, draw
from recs_batch.generate import write_network
from recs_batch.graph import steps
from recs_batch.graph.files import read_sets
from recs_batch.graph.reasons import MOST_REASONS
from recs_batch.graph.rows import Rows
from recs_batch.network import Network, NetworkSize
from recs_batch.parameters import KINDS, Parameters
from recs_batch.recommendations import concatenate
from recs_batch.tables import fetch_tables

DAY = date(2026, 10, 31)


def test_metrics_of_rankings_worked_out_by_hand():
    hits = np.array([[True, False, True], [False, False, False]])
    values = per_user(hits, np.array([4, 1]))
    assert values["recall"].tolist() == [0.5, 0]
    assert values["map"].tolist() == [pytest.approx((1 + 2 / 3) / 3), 0]
    assert values["ndcg"].tolist() == [pytest.approx(1.5 / (1 + 1 / np.log2(3) + 0.5)), 0]


def test_hits_are_what_came_true_and_no_item_is_no_hit():
    truth = Rows(np.array([0, 2]), np.array([2, 2]), np.array([3, 7], np.int32), np.empty(0, np.uint16))
    assert hits_of(np.array([[7, 5], [3, -1]]), np.array([0, 1]), truth).tolist() == [[True, False], [False, False]]


def test_an_interval_holds_its_mean_and_narrows_with_users():
    random = np.random.default_rng(1)
    few, many = (estimate(random.random(count)) for count in (50, 5000))
    assert few.low < few.mean < few.high
    assert many.high - many.low < few.high - few.low


def test_coverage_counts_items_and_novelty_their_rarity():
    items = np.array([[0, 1], [1, -1]], np.int32)
    assert coverage(items, active=4) == 0.5
    assert novelty(items, np.array([8, 2, 0, 0]), users=8) == pytest.approx((0 + 2 + 2) / 3)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    size = NetworkSize(users=400, rooms=60, messages=4_000, likes=40_000)
    write_network(Network(size, seed=2, until=date(2026, 11, 1)), str(folder / "tables"))
    return fetch_tables(str(folder / "tables"), folder / "local")


@pytest.fixture(scope="module")
def halves(tables, tmp_path_factory):
    found = split(tables, DAY, 60, Parameters(), tmp_path_factory.mktemp("split"))
    assert not found.at_random
    return found


@pytest.fixture(scope="module", params=[DAY - timedelta(days=300), DAY])
def timeless(tables, request, tmp_path_factory):
    """Tables in which all links were made in the same moment, and half of the follows are mutual."""
    folder = tmp_path_factory.mktemp("timeless")
    moment = datetime.combine(request.param, datetime.min.time(), UTC)
    for table in tables.iterdir():
        rows = pq.read_table(table)
        if table.name == "follows":
            back = rows.slice(0, len(rows) // 2).select(["following_user_id", "user_id", "created_at"])
            rows = pa.concat_tables([rows, back.rename_columns(rows.column_names)])
        if table.name in {"follows", "subscriptions"}:
            moments = pa.array([moment] * len(rows), rows.schema.field("created_at").type)
            rows = rows.set_column(2, "created_at", moments)
        (folder / table.name).mkdir()
        pq.write_table(rows, folder / table.name / "0.parquet")
    return folder


def test_where_links_say_nothing_of_time_a_fifth_of_them_is_held_back(timeless, tmp_path):
    found = split(timeless, DAY, 28, Parameters(), tmp_path)
    assert found.at_random
    assert "at random" in held_back(found)
    known = read_sets(found.folders[0], "follows")
    hidden = found.truth["users"]
    assert len(hidden.targets) / (len(hidden.targets) + len(known.targets)) == pytest.approx(0.2, abs=0.02)
    results = evaluate(found, Parameters())
    for kind in KINDS:
        assert results[kind]["blend"]["recall"]["mean"] > results[kind]["popularity"]["recall"]["mean"]


def test_mutual_follows_are_held_back_in_both_directions(timeless, tmp_path):
    kept = pq.read_table(without_a_fifth(timeless, tmp_path / "kept", seed=3) / "follows").to_pydict()
    every = pq.read_table(timeless / "follows").to_pydict()
    pairs, left = ({*zip(rows["user_id"], rows["following_user_id"], strict=True)} for rows in (every, kept))
    mutual = {(one, other) for one, other in pairs if (other, one) in pairs}
    assert len(mutual) > 1000
    assert {pair for pair in mutual if pair in left} == {(b, a) for a, b in mutual if (a, b) in left}
    assert 0.75 * len(mutual) < len(mutual & left) < 0.85 * len(mutual)


def test_weights_are_fitted_on_what_the_report_does_not_see(timeless, tmp_path):
    last = split(timeless, DAY, 28, Parameters(), tmp_path / "last")
    fitted = fit(last, Parameters(), tmp_path / "earlier")
    assert fitted.blend_users.follows == Parameters().blend_users.follows
    earlier = split(last.tables, DAY, 1, Parameters(), tmp_path / "again", seed=1)
    for user in earlier.users["users"]:
        new, unseen = (
            truth.targets[truth.starts[user] : truth.ends[user]]
            for truth in (earlier.truth["users"], last.truth["users"])
        )
        assert not np.isin(new, unseen).any()


def test_the_split_holds_back_only_what_is_new(halves):
    inputs = {kind: steps.Inputs.read(*halves.folders, kind) for kind in KINDS}
    for kind in KINDS:
        links, truth = inputs[kind].links, halves.truth[kind]
        for user in halves.users[kind]:
            known = set(links.targets[links.starts[user] : links.ends[user]].tolist())
            assert not known & set(truth.targets[truth.starts[user] : truth.ends[user]].tolist())


def test_every_scorer_beats_chance_and_the_report_shows_them_all(halves):
    results = evaluate(halves, Parameters())
    for kind in KINDS:
        chance = results[kind]["random"]["recall"]["mean"]
        for method in ("blend", "follows", "closest"):
            assert results[kind][method]["recall"]["mean"] > chance
    page = render_report(results, "blend", "the last days", 5)
    assert page.count("data:image/png;base64,") == 2
    assert "<tr class=chosen><td>blend</td>" in page


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scorer", ["count", "blend"])
def test_reasons_add_up_to_the_score_unless_there_are_too_many_to_tell(halves, kind, scorer):
    found = concatenate(steps.recommend(*halves.folders, kind, Parameters(scorer=scorer)))
    assert (found.reason_weight > 0).all()
    told, few = np.add.reduceat(found.reason_weight, found.starts[:-1]), np.diff(found.starts) < MOST_REASONS
    assert np.diff(found.starts).max() <= MOST_REASONS
    assert few.any()
    assert told[few].tolist() == found.score[few].tolist()
    assert (told <= found.score).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scorer", ["count", "blend"])
def test_explanations_agree_with_the_recommendations(halves, kind, scorer, tmp_path):
    parameters = Parameters(scorer=scorer)
    rows = concatenate(steps.recommend(*halves.folders, kind, parameters)).to_arrow().to_pylist()
    explainer = Explainer(halves.folders, kind, parameters)
    for row in rows[:3]:
        told = explainer.explain(row["user_id"], row["item_id"])
        assert told["recommended"]
        assert (told["rank"], told["score"], told["reasons"]) == (row["rank"], row["score"], row["reasons"])
    draw(rows[0]["user_id"], rows[0]["item_id"], rows[0]["reasons"]).savefig(Path(tmp_path) / "why.png")
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_not_recommended_has_a_filter_or_a_rank(halves):
    explainer = Explainer(halves.folders, "users", Parameters())
    inputs = steps.Inputs.read(*halves.folders, "users")
    user = int(np.flatnonzero(inputs.served & (inputs.links.ends > inputs.links.starts))[0])
    followed = int(inputs.user_ids[inputs.links.targets[inputs.links.starts[user]]])
    me = int(inputs.user_ids[user])
    assert explainer.explain(me, me) == {"filter": "it is the user"}
    assert explainer.filtered_by(me, followed) in {"already followed", "the item is inactive"}


def test_closest_users_found_for_the_counting_scorer_do_not_do_for_the_blend(tables, tmp_path):
    folders = [tmp_path / name for name in ("engagement", "closest-users", "closest-rooms")]
    for folder in folders:
        folder.mkdir()
    counting = Parameters(scorer="count")
    steps.count_engagement(tables, DAY, counting, folders[0])
    for kind, folder in zip(KINDS, folders[1:], strict=True):
        steps.find_closest(folders[0], kind, counting, folder)
    with pytest.raises(MissingInputError, match="find them again"):
        next(steps.recommend(*folders, "users", Parameters(scorer="blend")))
