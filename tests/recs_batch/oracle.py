"""The algorithm once more, written for clarity on networkx graphs: what every engine must agree with, row by row."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import networkx as nx

from recs_batch.parameters import UNITS_PER_ENGAGEMENT as UNIT
from recs_batch.parameters import Parameters

Row = tuple[int, int, int, float, str, list[dict]]


def recommend(network: dict[str, list[dict]], day: date, parameters: Parameters) -> dict[str, list[Row]]:
    """Return the rows (user, rank, item, score, source, reasons) of both kinds."""
    return Oracle(network, day, parameters).recommend()


class Oracle:
    """The scorer `count`; what depends on the scorer stands in `unit` and `_connected`."""

    unit = UNIT

    def __init__(self, network: dict[str, list[dict]], day: date, parameters: Parameters) -> None:
        self.parameters, self.day = parameters, day
        self.end = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
        self.active = {kind: self._people(network[kind]) for kind in ("users", "rooms")}
        self.events = {kind: defaultdict(lambda: defaultdict(int)) for kind in ("users", "rooms")}
        self.graphs = {"users": nx.DiGraph(), "rooms": nx.DiGraph()}
        self.links = {"users": defaultdict(set), "rooms": defaultdict(set)}
        self.blocked = set()
        self.dismissed = {(row["user_id"], row["kind"], row["item_id"]) for row in network["dismissals"]}
        self.shown = defaultdict(set)
        for row in network["impressions"]:
            if None not in row.values() and self.end - timedelta(days=28) <= row["shown_at"] < self.end:
                self.shown[row["user_id"], row["kind"], row["item_id"]].add(row["shown_at"].date())
        self._count(network)

    def recommend(self) -> dict[str, list[Row]]:
        near = {
            kind: {user: self._nearest(user, kind, self.parameters.closest) for user in self.active["users"]}
            for kind in self.graphs
        }
        rows = {kind: [] for kind in self.graphs}
        for kind in self.graphs:
            for user in sorted(user for user, active in self.active["users"].items() if active):
                rows[kind] += self._rows(user, kind, near)
        return rows

    def _people(self, rows: list[dict]) -> dict[int, bool]:
        """Whoever was there before the day's end, active if all rows say so; one without a time always was."""
        there = [row for row in rows if row["created_at"] is None or row["created_at"] < self.end]
        active = defaultdict(list)
        for row in there:
            if row["id"] is not None and row["active"] is not None:
                active[row["id"]].append(row["active"])
        return {person: all(found) for person, found in active.items()}

    def _counts(self, row: dict) -> bool:
        """A row counts that is not late and lacks nothing but mentions, and, of a message, the room."""
        optional = {"mention_ids", "room_id"} if "mention_ids" in row else set()
        return all(row[name] is not None for name in row.keys() - optional) and row["created_at"] < self.end

    def _count(self, network: dict[str, list[dict]]) -> None:
        users, rooms = self.active["users"], self.active["rooms"]
        tables = ("messages", "likes", "follows", "subscriptions")
        known = {table: [row for row in network[table] if self._counts(row)] for table in tables}
        places = {None, *rooms}
        fit = [row for row in known["messages"] if row["user_id"] in users and row["room_id"] in places]
        messages = {row["id"]: row for row in sorted(fit, key=_place_among_repeats, reverse=True)}
        for row in messages.values():
            self._engage("rooms", row["user_id"], row["room_id"], "post", row)
            for mentioned in {m for m in row["mention_ids"] or () if m in users}:
                self._engage("users", row["user_id"], mentioned, "mention", row)
        for row in _latest(known["likes"], "user_id", "message_id"):
            if row["user_id"] in users and row["message_id"] in messages:
                message = messages[row["message_id"]]
                self._engage("users", row["user_id"], message["user_id"], "like", row)
                self._engage("rooms", row["user_id"], message["room_id"], "like", row)
        for row in _latest(known["follows"], "user_id", "following_user_id"):
            if {row["user_id"], row["following_user_id"]} <= users.keys() and row["user_id"] != row[
                "following_user_id"
            ]:
                self.links["users"][row["user_id"]].add(row["following_user_id"])
                self._engage("users", row["user_id"], row["following_user_id"], "follow", row)
        for row in _latest(known["subscriptions"], "user_id", "room_id"):
            if row["user_id"] in users and row["room_id"] in rooms:
                self.links["rooms"][row["user_id"]].add(row["room_id"])
                self._engage("rooms", row["user_id"], row["room_id"], "subscription", row)
        for row in network["blocks"]:
            self.blocked |= {(row["user_id"], row["blocked_user_id"]), (row["blocked_user_id"], row["user_id"])}

    def _engage(self, kind: str, user: int, other: int, event: str, row: dict) -> None:
        age, half_life = (self.day - row["created_at"].date()).days, self.parameters.half_life_days
        weight = getattr(self.parameters.weights, event) * UNIT
        units = weight if half_life is None else round(weight * 0.5 ** (age / half_life))
        if other is None or (kind == "users" and user == other) or units == 0:
            return
        if event in {"mention", "like", "post"}:
            self.events[kind][user][other] += units
        graph = self.graphs[kind]
        before = graph.edges[user, (kind, other)]["weight"] if graph.has_edge(user, (kind, other)) else 0
        graph.add_edge(user, (kind, other), weight=before + units)

    def _nearest(self, user: int, kind: str, most: int) -> dict[int, int]:
        graph = self.graphs[kind]
        found = [
            (-data["weight"], other)
            for _, (_, other), data in (graph.out_edges(user, data=True) if user in graph else ())
            if self.active[kind][other] and not (kind == "users" and (user, other) in self.blocked)
        ]
        return {other: -weight for weight, other in sorted(found)[:most]}

    def _allowed(self, user: int, item: int, kind: str) -> bool:
        hidden = kind == "users" and (item == user or (user, item) in self.blocked)
        return (
            self.active[kind].get(item, False)
            and item not in self.links[kind][user]
            and not (hidden or (user, kind, item) in self.dismissed)
        )

    def _sunk(self, user: int, kind: str, item: int, score: int) -> int:
        halvings = self._halvings(user, kind, item)
        return max(score >> halvings, 1) if halvings else score

    def _halvings(self, user: int, kind: str, item: int) -> int:
        days = len(self.shown[user, kind, item])
        return days // self.parameters.shown_days if self.parameters.shown_days else 0

    def _rows(self, user: int, kind: str, near: dict) -> list[Row]:
        rows = self._connected(user, kind, near)
        rows += self._popular(user, kind, {row[1] for row in rows})[: self.parameters.top - len(rows)]
        return [(user, rank, i, s / self.unit, source, why) for rank, (s, i, source, why) in enumerate(rows, start=1)]

    def _connected(self, user: int, kind: str, near: dict) -> list[tuple]:
        scores, reasons = defaultdict(int), defaultdict(list)
        for via, weight in near["users"][user].items():
            onward = near[kind].get(via, {}) if self.parameters.second_hop == "closest" else self.links[kind][via]
            for item in onward:
                if self._allowed(user, item, kind):
                    counted = onward[item] if self.parameters.second_hop == "closest" else weight
                    scores[item] += counted
                    reasons[item].append((-counted, via))
        scores = {item: self._sunk(user, kind, item, score) for item, score in scores.items()}
        best = sorted(scores, key=lambda item: (-scores[item], item))[: self.parameters.top]
        rows = []
        for item in best:
            why = [{"kind": "connection", "id": via, "weight": -minus / UNIT} for minus, via in sorted(reasons[item])]
            rows.append((scores[item], item, "connection", why))
        return rows

    def _popular(self, user: int, kind: str, taken: set[int]) -> list[tuple]:
        counts = defaultdict(int)
        for person in self.active["users"]:
            for item in self.links[kind][person]:
                counts[item] += kind == "rooms" or (person, item) not in self.blocked
        return [
            (0, item, "overall", [{"kind": "overall", "id": None, "weight": float(counts[item])}])
            for item in sorted(counts, key=lambda i: (self._halvings(user, kind, i) > 0, -counts[i], i))
            if counts[item] and item not in taken and self._allowed(user, item, kind)
        ]


def _place_among_repeats(row: dict) -> tuple:
    """Of messages with one id the first by author, room (none before any) and time counts."""
    return row["user_id"], row["room_id"] is not None, row["room_id"] or 0, row["created_at"]


def _latest(rows: list[dict], *key: str) -> list[dict]:
    """Return one row per key: the latest."""
    return list({tuple(r[k] for k in key): r for r in sorted(rows, key=lambda r: r["created_at"])}.values())
