from datetime import UTC, date, datetime

import numpy as np
import pyarrow.parquet as pq
import pytest

from recs_batch.generate import write_network
from recs_batch.network import Network, NetworkSize

SMALL = NetworkSize(users=300, rooms=40, messages=2_000, likes=10_000)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    write_network(Network(SMALL, seed=1, until=date(2026, 11, 1)), str(folder))
    return {path.stem: pq.read_table(path).to_pydict() for path in folder.glob("*.parquet")}


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        write_network(Network(SMALL, seed, date(2026, 11, 1)), str(tmp_path / name))
    for table in ("users", "rooms", "messages", "likes", "follows", "subscriptions", "blocks"):
        first, again = ((tmp_path / name / f"{table}.parquet").read_bytes() for name in ("first", "again"))
        assert first == again
    assert (tmp_path / "first" / "likes.parquet").read_bytes() != (tmp_path / "other" / "likes.parquet").read_bytes()


def test_likes_come_near_to_the_number_wanted(tables):
    assert 0.95 * SMALL.likes <= len(tables["likes"]["user_id"]) <= SMALL.likes


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("likes", ("user_id", "message_id")),
        ("follows", ("user_id", "following_user_id")),
        ("subscriptions", ("user_id", "room_id")),
    ],
)
def test_no_pair_occurs_twice(tables, table, columns):
    pairs = list(zip(*(tables[table][column] for column in columns), strict=True))
    assert len(pairs) == len(set(pairs))


def test_every_reference_is_to_a_row_that_is_there(tables):
    users, rooms = set(tables["users"]["id"]), set(tables["rooms"]["id"])
    messages = set(tables["messages"]["id"])
    assert set(tables["messages"]["user_id"]) <= users
    assert set(tables["messages"]["room_id"]) <= rooms
    assert {user for mentions in tables["messages"]["mention_ids"] for user in mentions} <= users
    assert set(tables["likes"]["message_id"]) <= messages
    assert set(tables["follows"]["following_user_id"]) <= users


def test_nobody_likes_their_own_message_or_one_not_yet_written(tables):
    author = dict(zip(tables["messages"]["id"], tables["messages"]["user_id"], strict=True))
    written = dict(zip(tables["messages"]["id"], tables["messages"]["created_at"], strict=True))
    likes = zip(*(tables["likes"][name] for name in ("user_id", "message_id", "created_at")), strict=True)
    for user, message, moment in likes:
        assert author[message] != user
        assert written[message] <= moment


def test_popularity_follows_a_heavy_tail(tables):
    followers = np.bincount(tables["follows"]["following_user_id"])
    assert followers.max() > 5 * np.median(followers[followers > 0])


def test_likes_and_mentions_follow_the_links_that_they_come_through(tables):
    """Who likes a message has followed its author, or joined its room; whom somebody mentions they have followed."""
    since = {}
    for table, target in (("follows", "following_user_id"), ("subscriptions", "room_id")):
        columns = (tables[table][name] for name in ("user_id", target, "created_at"))
        since[table] = {(user, other): moment for user, other, moment in zip(*columns, strict=True)}
    messages = dict(
        zip(
            tables["messages"]["id"],
            zip(*(tables["messages"][n] for n in ("user_id", "room_id")), strict=True),
            strict=True,
        )
    )
    late = datetime(9999, 1, 1, tzinfo=UTC)
    for user, message, moment in zip(
        *(tables["likes"][n] for n in ("user_id", "message_id", "created_at")), strict=True
    ):
        author, room = messages[message]
        known = since["follows"].get((user, author), late), since["subscriptions"].get((user, room), late)
        assert min(known) <= moment
    for user, mentioned, moment in zip(
        *(tables["messages"][n] for n in ("user_id", "mention_ids", "created_at")), strict=True
    ):
        assert all(since["follows"][user, other] <= moment for other in mentioned)


def test_a_network_may_be_very_small():
    network = Network(NetworkSize(users=20, rooms=5, messages=30, likes=60), seed=3, until=date(2026, 11, 1))
    assert network.subscriptions.starts[-1] == len(network.subscriptions.targets)
