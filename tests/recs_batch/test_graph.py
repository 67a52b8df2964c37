"""What the steps are made of."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recs_batch.graph import steps
from recs_batch.graph.files import read_array
from recs_batch.graph.ids import MISSING, IdIndex
from recs_batch.graph.links import MOST_LINKS, Row, heaviest
from recs_batch.graph.packed import Packed, pack
from recs_batch.graph.similarity import FEWEST, MOST, eighth_power, limits_of
from recs_batch.graph.similarity_kernel import _put_greatest_first
from recs_batch.graph.sorting_kernel import sort_by_digits
from recs_batch.parameters import Parameters
from tests.recs_batch.networks import IDS, write_tables


@settings(deadline=None)
@given(st.lists(st.one_of(IDS, st.integers(10**18, 10**18 + 500)), unique=True), st.lists(IDS))
def test_ids_are_found_at_their_places_and_nothing_else_is(known, strangers):
    index = IdIndex(np.sort(np.array(known, np.int64)))
    wanted = np.array([*known, *strangers], np.int64)
    places = {number: place for place, number in enumerate(sorted(known))}
    assert index.find(wanted).tolist() == [places.get(int(number), MISSING) for number in wanted]


@settings(deadline=None)
@given(st.lists(st.sampled_from([1e-9, 0.1, 0.25, 0.250001, 3.0, 1e9]), min_size=2, max_size=60), st.data())
def test_the_greatest_values_come_first_with_ties_by_target(numbers, data):
    kept = data.draw(st.integers(1, len(numbers) - 1))
    targets = np.array(data.draw(st.permutations(range(len(numbers)))), np.int32)
    values, wanted = np.array(numbers), sorted(zip([-n for n in numbers], targets.tolist(), strict=True))[:kept]
    _put_greatest_first(values, targets, len(numbers), kept)
    assert sorted(zip((-values[:kept]).tolist(), targets[:kept].tolist(), strict=True)) == wanted


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**40)), st.integers(0, 23))
def test_numbers_are_sorted_digit_by_digit(numbers, fewer_bits):
    keys = np.array(numbers, np.int64) >> fewer_bits
    wanted = sorted(keys.tolist())
    sort_by_digits(keys, np.empty_like(keys), max(wanted, default=0).bit_length())
    assert keys.tolist() == wanted


@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))))
def test_what_was_packed_is_what_is_unpacked(entries):
    targets, weights = (np.array([entry[part] for entry in entries], np.int64) for part in (0, 1))
    rows = Packed(np.array([0, len(entries)]), pack(targets, weights)).unpacked()
    assert list(zip(rows.targets.tolist(), rows.weights.tolist(), strict=True)) == entries


@pytest.mark.parametrize("eighths", range(9))
def test_eighth_powers_are_powers(eighths):
    values = np.array([1e-12, 0.3, 1.0, 7.0, 1e6])
    assert eighth_power(values, eighths) == pytest.approx(values ** (eighths / 8), rel=1e-14)


def test_the_heaviest_links_of_a_user_stay_ties_first_to_users_then_by_index():
    users, rooms = np.arange(MOST_LINKS - 1, dtype=np.int32), np.arange(4, dtype=np.int32)
    one = Row(np.array([0, len(users)]), users, np.full(len(users), 5))
    other = Row(np.array([0, 4]), rooms, np.array([5, 9, 5, 1]))
    to_users, to_rooms = heaviest(one, other)
    assert len(to_users.targets) == MOST_LINKS - 1
    assert to_rooms.targets.tolist() == [1]


def test_the_more_are_linked_to_a_source_and_the_larger_the_network_the_fewer_similarities_are_kept():
    members = np.array([1, 4, 40, 10**6])
    assert limits_of(members, 10**7).tolist() == [MOST, MOST, 100, FEWEST]
    assert limits_of(members, 1_100_000).tolist() == [MOST, MOST, 400, 400]
    assert limits_of(members, 0).tolist() == [MOST] * 4


MOMENT = {"created_at": datetime(2026, 10, 1, tzinfo=UTC)}


@pytest.fixture
def one_step_away():
    """User 1 follows 2, who follows 3; user 1 likes 4's messages in room 7, daily, and 5 follows user 1."""
    messages = [{"id": n, "user_id": 4, "room_id": 7, "mention_ids": []} | MOMENT for n in range(50)]
    follows = [(1, 2), (2, 3), (5, 1)]
    return {
        "users": [{"id": user, "active": True} | MOMENT for user in range(1, 6)],
        "rooms": [{"id": 7, "active": True} | MOMENT],
        "messages": messages,
        "likes": [{"user_id": 1, "message_id": n} | MOMENT for n in range(50)],
        "follows": [{"user_id": one, "following_user_id": other} | MOMENT for one, other in follows],
        "subscriptions": [],
        "blocks": [],
    }


def recommended(network, folder, kind, user):
    tables, engagement, filtered = folder / "tables", folder / f"{kind}-e", folder / f"{kind}-f"
    for one in (engagement, filtered):
        one.mkdir()
    steps.count_engagement(write_tables(network, tables), date(2026, 10, 31), Parameters(), engagement)
    steps.build_filter(engagement, kind, Parameters(), filtered)
    [block] = steps.recommend(engagement, filtered, kind, Parameters())
    return {r["item_id"]: r for r in block.to_arrow().to_pylist() if r["user_id"] == user}


def test_who_is_one_step_away_is_recommended_and_the_reason_says_how(one_step_away, tmp_path):
    found = recommended(one_step_away, tmp_path, "users", 1)
    assert {3, 4, 5} == set(found)
    assert {"kind": "connection", "id": 4} in [{k: r[k] for k in ("kind", "id")} for r in found[4]["reasons"]]
    assert {"kind": "neighbourhood", "id": 1} in [{k: r[k] for k in ("kind", "id")} for r in found[5]["reasons"]]
    rooms = recommended(one_step_away, tmp_path, "rooms", 1)
    assert {"kind": "room", "id": 7} in [{k: r[k] for k in ("kind", "id")} for r in rooms[7]["reasons"]]


def test_one_null_costs_one_row(one_step_away, tmp_path):
    """A direct message has no room; what was liked and said elsewhere still counts."""
    one_step_away["messages"][3]["room_id"] = None
    one_step_away["messages"][4]["user_id"] = None
    one_step_away["messages"][5]["mention_ids"] = None
    one_step_away["follows"].append({"user_id": 1, "following_user_id": None} | MOMENT)
    engagement = tmp_path / "engagement"
    engagement.mkdir()
    tables = write_tables(one_step_away, tmp_path / "tables")
    dropped = steps.count_engagement(tables, date(2026, 10, 31), Parameters(), engagement)
    assert (dropped["messages"]["nulls"], dropped["follows"]["nulls"], dropped["likes"]["nulls"]) == (1, 1, 0)
    assert dropped["likes"]["without_target"] == 1
    assert read_array(engagement, "users.events").tolist().count(49 * 1024) == 1
