import re
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recs_batch.evaluation.evaluate import METHODS, UNHEEDED, evaluate, held_back
from recs_batch.evaluation.fit import fit
from recs_batch.evaluation.hold_out import without_a_share
from recs_batch.evaluation.metrics import coverage, estimate, hits_of, novelty, per_user
from recs_batch.evaluation.report import render_report
from recs_batch.evaluation.split import Truth, baseline_items, popularity_of, ranked_items, split
from recs_batch.generate import write_network
from recs_batch.graph import steps
from recs_batch.graph.files import read_array, read_pairs
from recs_batch.graph.found import MOST_REASONS
from recs_batch.graph.one_user import OneUser, newcomer_links
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
    truth = Truth(np.array([0, 2, 2]), np.array([3, 7], np.int32))
    assert hits_of(np.array([[7, 5], [3, -1]]), np.array([0, 1]), truth).tolist() == [[True, False], [False, False]]


def test_an_interval_holds_its_mean_and_narrows_with_users():
    random = np.random.default_rng(1)
    few, many = (estimate(random.random(count)) for count in (50, 5000))
    assert few.low < few.mean < few.high
    assert many.high - many.low < few.high - few.low


def test_an_interval_holds_what_95_of_100_means_of_other_users_would():
    random = np.random.default_rng(1)
    users = [random.normal(size=count) for count in range(400, 420)]
    wide = [(found.high - found.low) / 2 for found in map(estimate, users)]
    wide = [half * len(each) ** 0.5 / each.std() for half, each in zip(wide, users, strict=True)]
    assert np.mean(wide) == pytest.approx(1.96, rel=0.02)


def test_nobody_has_no_recall_and_no_interval():
    assert estimate(np.empty(0)) == (0, 0, 0)


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
    known, hidden = int(read_pairs(found.engagement, "users").linked.sum()), len(found.truth["users"].targets)
    assert hidden / (hidden + known) == pytest.approx(0.2, abs=0.02)
    results = evaluate(found, Parameters(), tmp_path / "filter")
    for kind in KINDS:
        assert results[kind]["filter"]["recall"]["mean"] > results[kind]["popularity"]["recall"]["mean"]


def test_mutual_follows_are_held_back_in_both_directions(timeless, tmp_path):
    kept = pq.read_table(without_a_share(timeless, DAY, tmp_path / "kept", seed=3, share=0.2) / "follows").to_pydict()
    every = pq.read_table(timeless / "follows").to_pydict()
    pairs, left = ({*zip(rows["user_id"], rows["following_user_id"], strict=True)} for rows in (every, kept))
    mutual = {(one, other) for one, other in pairs if (other, one) in pairs}
    assert len(mutual) > 1000
    assert {pair for pair in mutual if pair in left} == {(b, a) for a, b in mutual if (a, b) in left}
    assert 0.75 * len(mutual) < len(mutual & left) < 0.85 * len(mutual)


def test_filters_are_fitted_on_what_the_report_does_not_see(timeless, tmp_path):
    last = split(timeless, DAY, 28, Parameters(), tmp_path / "last")
    earlier = split(last.tables, DAY, 1, Parameters(), tmp_path / "again", seed=1)
    for user in earlier.users["users"]:
        assert not np.isin(earlier.truth["users"].of(user), last.truth["users"].of(user)).any()


def test_fitted_filters_are_better_where_they_were_fitted_and_no_worse_after_it(halves, tmp_path):
    fitted = fit(halves.tables, halves.cut, 60, Parameters(), tmp_path / "fit")
    assert fitted != Parameters()
    before, after = (evaluate(halves, one, tmp_path / "filter") for one in (Parameters(), fitted))
    for kind in KINDS:
        recall = {name: one[kind]["filter"]["recall"] for name, one in (("before", before), ("after", after))}
        assert recall["after"]["high"] > recall["before"]["mean"]


def test_a_handful_of_people_keep_the_default_filters(tmp_path):
    write_network(Network(NetworkSize(40, 10, 200, 500), seed=2, until=date(2026, 11, 1)), str(tmp_path / "in"))
    assert fit(fetch_tables(str(tmp_path / "in"), tmp_path / "tables"), DAY, 28, Parameters(), tmp_path) == Parameters()


def test_a_fit_ends_when_its_time_is_over_and_then_has_the_shortest_walk(halves, tmp_path):
    fitted = fit(halves.tables, halves.cut, 60, Parameters(), tmp_path / "fit", seconds=0)
    assert fitted.filter_users == Parameters().filter_users.model_copy(update={"own": 8})
    assert fitted.filter_rooms == Parameters().filter_rooms


def test_the_split_holds_back_only_what_is_new(halves):
    for kind in KINDS:
        pairs = read_pairs(halves.engagement, kind)
        for user in halves.users[kind]:
            row = slice(*pairs.bounds[user : user + 2])
            assert not np.isin(halves.truth[kind].of(user), pairs.targets[row][pairs.linked[row]]).any()


def test_no_more_users_are_evaluated_than_is_asked_for(tables, halves, tmp_path):
    few = split(tables, DAY, 60, Parameters(), tmp_path, most=9)
    for kind in KINDS:
        assert len(few.users[kind]) == 9 < len(halves.users[kind])
        assert (np.diff(few.users[kind]) > 0).all()
        assert np.isin(few.users[kind], halves.users[kind]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_baselines_are_the_most_popular_or_any_of_what_a_user_may_be_recommended(halves, kind):
    bounds, excluded = steps.excluded_of(halves.engagement, kind)
    popular, random = (baseline_items(halves, kind, Parameters(), name) for name in ("popularity", "random"))
    active = np.flatnonzero(read_array(halves.engagement, f"{kind}.active"))
    order = sorted(active.tolist(), key=lambda item: -popularity_of(halves, kind)[item])
    for user, best, drawn in zip(halves.users[kind], popular.tolist(), random.tolist(), strict=True):
        allowed = [item for item in order if item not in excluded[bounds[user] : bounds[user + 1]]]
        assert best == allowed[: Parameters().top]
        assert len({*drawn} & {*allowed}) == Parameters().top
    assert len(np.unique(random)) > len(active) / 2


def test_what_feedback_costs_is_the_difference_to_the_filter_without_it(tables, halves, tmp_path):
    """All have dismissed who would be recommended to them first."""
    ids, folder = read_array(halves.engagement, "users.ids"), tmp_path / "tables"
    first = ranked_items(halves, "users", Parameters(), tmp_path / "first")[:, 0]
    rows = {"user_id": ids[halves.users["users"]], "kind": ["users"] * len(first), "item_id": ids[first]}
    (folder / "dismissals").mkdir(parents=True)
    pq.write_table(pa.table(rows), folder / "dismissals" / "0.parquet")
    for table in tables.iterdir():
        (folder / table.name).symlink_to(table)
    dismissed = split(folder, DAY, 60, Parameters(), tmp_path / "split")
    found = evaluate(dismissed, Parameters(), tmp_path / "found", ("filter", UNHEEDED))
    known = evaluate(halves, Parameters(), tmp_path / "known", ("filter", UNHEEDED))
    assert found["users"][UNHEEDED] == known["users"]["filter"]
    assert found["users"]["filter"]["recall"]["mean"] < known["users"]["filter"]["recall"]["mean"]
    assert [*known["users"]] == [*known["rooms"]] == [*found["rooms"]] == ["filter"]


def test_a_plot_has_every_mean_in_proportion_with_its_interval_and_inside_its_frame():
    one, other = ({"mean": mean, "low": mean / 2, "high": mean * 2} for mean in (0.1, 0.2))
    told = {"coverage": 0.5, "novelty": 1.0, "users": 7}
    methods = {"filter": dict.fromkeys(("recall", "map", "ndcg"), other) | told}
    methods |= {"random": dict.fromkeys(("recall", "map", "ndcg"), one) | told}
    page = render_report({"users": methods}, "filter", "some days", 5)
    plot = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    width, height = (float(plot.attrib[side]) for side in ("width", "height"))
    bars = [{side: float(bar.attrib[side]) for side in ("x", "y", "width", "height")} for bar in plot.iter("rect")]
    lines = [[float(number) for number in re.findall(r"[\d.]+", line.attrib["d"])] for line in plot.iter("path")]
    assert len(bars) == len(lines) == 6
    for (bar, below), (left, middle, right), (left_below, _, right_below) in zip(
        zip(bars[::2], bars[1::2], strict=True), lines[::2], lines[1::2], strict=True
    ):
        assert below["x"] == bar["x"]
        assert bar["y"] + bar["height"] <= below["y"]
        assert below["y"] + below["height"] <= height
        assert bar["width"] == 2 * below["width"] > 0
        assert left == bar["x"] + bar["width"] / 2
        assert right == bar["x"] + bar["width"] * 2 <= width
        assert (left_below, right_below) == (below["x"] + below["width"] / 2, below["x"] + below["width"] * 2)
        assert bar["y"] < middle < bar["y"] + bar["height"]
    texts = [text for text in plot.iter("text") if text.text in methods]
    assert [text.text for text in texts] == ["filter", "random"]
    for text, bar in zip(texts, bars, strict=False):
        assert bar["y"] < float(text.attrib["y"]) <= bar["y"] + bar["height"]
        assert float(text.attrib["x"]) < bar["x"]
    heads = [text for text in plot.iter("text") if text.text not in methods]
    assert [float(head.attrib["x"]) for head in heads] == [bar["x"] for bar in bars[::2]]
    assert all(float(head.attrib["y"]) <= bars[0]["y"] for head in heads)


def test_the_filter_beats_chance_and_the_report_shows_every_method(halves, tmp_path):
    results = evaluate(halves, Parameters(), tmp_path)
    for kind in KINDS:
        assert list(results[kind]) == list(METHODS)
        recall = {method: values["recall"]["mean"] for method, values in results[kind].items()}
        assert recall["filter"] > max(recall["popularity"], recall["random"])
    page = render_report(results, "filter", "the last days", 5)
    assert page.count("<svg ") == 2
    assert "<tr class=chosen><td>filter</td>" in page


@pytest.fixture(scope="module", params=KINDS)
def ranked(request, halves, tmp_path_factory):
    """A kind, the folders of its steps, and what is recommended."""
    folder = tmp_path_factory.mktemp("filter")
    steps.build_filter(halves.engagement, request.param, Parameters(), folder)
    rows = concatenate(steps.recommend(halves.engagement, folder, request.param, Parameters()))
    return request.param, folder, rows


def test_reasons_add_up_to_the_score_unless_there_are_too_many_to_tell(ranked):
    found = ranked[2]
    told, many = np.add.reduceat(found.reason_weight, found.starts[:-1]), np.diff(found.starts) == MOST_REASONS
    linked = found.score > 0
    assert (found.reason_weight > 0).all()
    assert many.any()
    assert (told[linked] <= found.score[linked]).all()
    assert told[linked & ~many].tolist() == found.score[linked & ~many].tolist()


def test_a_newcomer_with_a_users_links_gets_that_users_scores(halves, tmp_path):
    """A user whose links are all follows and memberships, and who follows themselves as everybody is linked."""
    chosen = Parameters()
    steps.build_filter(halves.engagement, "users", chosen, tmp_path)
    one, pairs = OneUser(halves.engagement, tmp_path, "users", chosen), read_pairs(halves.engagement, "users")
    user = int(np.flatnonzero(np.diff(pairs.bounds) > 3)[0])
    links = one.links_of(user)
    others = links.users != user
    newcomer = newcomer_links(links.users[others], links.rooms, "users", chosen)
    assert newcomer.users.tolist() == links.users[others].tolist()
    known = links._replace(
        users=links.users[others], user_weights=newcomer.user_weights, room_weights=newcomer.room_weights
    )
    for mine, theirs in zip(*(one.scores(one.ways_of(links)) for links in (newcomer, known)), strict=True):
        assert mine.tolist() == theirs.tolist()
