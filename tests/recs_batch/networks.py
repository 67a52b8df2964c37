"""Small random networks for property tests: any 64-bit ids, repeats, unknown ids, events after the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

DAY = date(2026, 10, 31)
TIME = pa.timestamp("us", tz="UTC")
SCHEMAS = {
    "users": pa.schema([("id", pa.int64()), ("active", pa.bool_()), ("created_at", TIME)]),
    "rooms": pa.schema([("id", pa.int64()), ("active", pa.bool_()), ("created_at", TIME)]),
    "messages": pa.schema(
        [
            ("id", pa.int64()),
            ("user_id", pa.int64()),
            ("room_id", pa.int64()),
            ("mention_ids", pa.list_(pa.int64())),
            ("created_at", TIME),
        ]
    ),
    "likes": pa.schema([("user_id", pa.int64()), ("message_id", pa.int64()), ("created_at", TIME)]),
    "follows": pa.schema([("user_id", pa.int64()), ("following_user_id", pa.int64()), ("created_at", TIME)]),
    "subscriptions": pa.schema([("user_id", pa.int64()), ("room_id", pa.int64()), ("created_at", TIME)]),
    "blocks": pa.schema([("user_id", pa.int64()), ("blocked_user_id", pa.int64())]),
    "impressions": pa.schema(
        [("user_id", pa.int64()), ("kind", pa.string()), ("item_id", pa.int64()), ("shown_at", TIME)]
    ),
    "dismissals": pa.schema([("user_id", pa.int64()), ("kind", pa.string()), ("item_id", pa.int64())]),
}
IDS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-20, 20))
INSTANTS = st.integers(-5 * 86_400, 86_400 * 2).map(lambda s: datetime(2026, 10, 31, tzinfo=UTC) + timedelta(seconds=s))


KIND = st.sampled_from(["users", "users", "rooms", "pages"])
LAST_MONTH = st.integers(-31, 1).map(lambda days: datetime(2026, 10, 31, 12, tzinfo=UTC) + timedelta(days=days))


@st.composite
def networks(draw: st.DrawFn) -> dict[str, list[dict]]:
    """Draw a network as rows by table, with unknown ids, late events, direct messages, repeats, perhaps nulls."""
    nulls = draw(st.integers(0, 3)) == 0
    users = draw(st.lists(IDS, min_size=1, max_size=9, unique=True))
    rooms = draw(st.lists(IDS, min_size=1, max_size=5, unique=True))
    stranger = draw(IDS)
    somebody = st.sampled_from([*users, *users, *users, stranger])
    somewhere = st.sampled_from([*rooms, *rooms, stranger])
    message_ids = draw(st.lists(IDS, max_size=12, unique=True))

    def rows(most: int, **columns: st.SearchStrategy) -> list[dict]:
        gaps = {name: st.one_of(st.none(), column) if nulls else column for name, column in columns.items()}
        return draw(st.lists(st.fixed_dictionaries(gaps), max_size=most))

    def perhaps(value: object) -> object:
        return None if nulls and draw(st.integers(0, 5)) == 0 else value

    def person() -> dict:
        born = datetime(2027 if draw(st.integers(0, 9)) == 0 else 2026, 1, 1, tzinfo=UTC)
        return {"active": perhaps(draw(st.integers(0, 9)) < 9), "created_at": perhaps(born)}

    def again_of(ids: list[int]) -> list[dict]:
        return [{"id": one} | person() for one in draw(st.lists(st.sampled_from(ids), max_size=2))]

    members, places = [person() for _ in users], [person() for _ in rooms]
    messages = [
        {
            "id": message,
            "user_id": perhaps(draw(somebody)),
            "room_id": draw(st.one_of(somewhere, somewhere, st.none())),
            "mention_ids": perhaps([perhaps(one) for one in draw(st.lists(somebody, max_size=3))]),
            "created_at": perhaps(draw(INSTANTS)),
        }
        for message in message_ids
    ]
    for original in draw(st.lists(st.sampled_from(messages), max_size=3)) if messages else ():
        again = {"user_id": perhaps(draw(somebody)), "created_at": perhaps(draw(INSTANTS))}
        messages.append(original | (again if draw(st.booleans()) else {}))
    liked = st.sampled_from([*message_ids, stranger])
    return {
        "users": [{"id": user} | row for user, row in zip(users, members, strict=True)] + again_of(users),
        "rooms": [{"id": room} | row for room, row in zip(rooms, places, strict=True)] + again_of(rooms),
        "messages": messages,
        "likes": rows(40, user_id=somebody, message_id=liked, created_at=INSTANTS),
        "follows": rows(25, user_id=somebody, following_user_id=somebody, created_at=INSTANTS),
        "subscriptions": rows(12, user_id=somebody, room_id=somewhere, created_at=INSTANTS),
        "blocks": rows(2, user_id=somebody, blocked_user_id=somebody),
        "impressions": rows(
            30, user_id=somebody, kind=KIND, item_id=st.one_of(somebody, somewhere), shown_at=LAST_MONTH
        ),
        "dismissals": rows(4, user_id=somebody, kind=KIND, item_id=st.one_of(somebody, somewhere)),
    }


def write_tables(network: dict[str, list[dict]], folder: Path) -> Path:
    """Write the tables as `folder/<table>/0.parquet`."""
    for table, schema in SCHEMAS.items():
        (folder / table).mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(network.get(table, []), schema=schema), folder / table / "0.parquet")
    return folder
