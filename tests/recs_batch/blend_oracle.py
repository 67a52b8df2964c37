"""The blended score once more, written for clarity on networkx graphs and dictionaries."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from math import log2, sqrt

import networkx as nx

from recs_batch.parameters import UNITS_PER_ENGAGEMENT, Blend, Parameters
from tests.recs_batch.oracle import Oracle, Row

UNIT, SIMILARITY, LOGARITHM, COMMUNITY = 1 << 20, 1 << 14, 16, 1 << 10  # what 1 is as a whole number
NEAR, NEIGHBOURS, REASONS, SIMILAR, POPULAR = 48, 64, 15, 200, 50


def recommend(network: dict[str, list[dict]], day: date, parameters: Parameters) -> dict[str, list[Row]]:
    """Return the rows (user, rank, item, score, source, reasons) of both kinds."""
    return _BlendOracle(network, day, parameters).recommend()


class _BlendOracle(Oracle):
    unit = UNIT

    def recommend(self) -> dict[str, list[Row]]:
        self.follows = nx.DiGraph((a, b) for a, others in self.links["users"].items() for b in others)
        self.members = nx.DiGraph((("user", a), b) for a, rooms in self.links["rooms"].items() for b in rooms)
        users = self.active["users"]
        self.near_rooms = {user: self._nearest(user, "rooms", NEAR) for user in users}
        self.near_users = {user: self._neighbours(user) for user in users}
        return super().recommend()

    def _neighbours(self, user: int) -> dict[int, int]:
        near = self._nearest(user, "users", NEAR)
        for follower in sorted(self.follows.predecessors(user)) if user in self.follows else ():
            if len(near) < NEIGHBOURS and self.active["users"][follower] and (user, follower) not in self.blocked:
                near.setdefault(follower, UNITS_PER_ENGAGEMENT)
        return near

    def _connected(self, user: int, kind: str, near: dict) -> list[tuple]:
        reasons = defaultdict(Counter)
        for source, via, via_weight, onward in self._ways(user, kind, near):
            for item, weight in onward.items():
                if self._allowed(user, item, kind):
                    reasons[item][source, via] += via_weight * weight
        rows = []
        for item, found in reasons.items():
            kinds = {"connection": 0, "room": 1, "community": 2}
            order = sorted((-weight, kinds[source], via, source) for (source, via), weight in found.items() if weight)
            if order:
                why = [{"kind": name, "id": via, "weight": -minus / UNIT} for minus, _, via, name in order[:REASONS]]
                rows.append((found.total(), item, order[0][3], why))
        return sorted(rows, key=lambda row: (-row[0], row[1]))[: self.parameters.top]

    def _ways(self, user: int, kind: str, near: dict):
        """Yield kind and id of a via, what getting there counts, and what each item counts from there."""
        blend: Blend = getattr(self.parameters, f"blend_{kind}")
        for via, weight in self.near_users[user].items():
            discount = sqrt(self._degree(via))
            direct = round(blend.follows * UNIT * _saturated(weight) / discount)
            yield "connection", via, direct, dict.fromkeys(self.links[kind][via], 1)
            if kind == "users" and via in self.follows:
                back = round(blend.followers * UNIT * _saturated(weight) / discount)
                yield "connection", via, back, dict.fromkeys(self.follows.predecessors(via), 1)
            closest = {item: round(LOGARITHM * _saturated(units)) for item, units in near[kind].get(via, {}).items()}
            yield "connection", via, round(blend.closest * (UNIT // LOGARITHM) / discount), closest
        for room, weight in self.near_rooms[user].items():
            members = [one for _, one in self.members.predecessors(room)] if room in self.members else []
            if kind == "users" and members:
                yield (
                    "room",
                    room,
                    round(blend.rooms * UNIT * _saturated(weight) / len(members)),
                    dict.fromkeys(members, 1),
                )
            if kind == "rooms" and members:
                yield "room", room, round(blend.rooms * (UNIT // SIMILARITY) * _saturated(weight)), self._similar(room)
        home = next(iter(near["rooms"][user]), None)
        if home is not None and blend.community:
            yield "community", home, round(blend.community * COMMUNITY), self._popular_around(home, kind, near)

    def _degree(self, user: int) -> int:
        return max(len(set(nx.all_neighbors(self.follows, user))) if user in self.follows else 0, 1)

    def _similar(self, room: int) -> dict[int, int]:
        shared = Counter()
        for member in self.members.predecessors(room):
            for other in self.members.successors(member):
                shared[other] += round(SIMILARITY / sqrt(self.members.out_degree(member)))
        size = self.members.in_degree
        del shared[room]
        alike = {other: round(weight / (size(room) ** 0.5 * size(other) ** 0.4)) for other, weight in shared.items()}
        return {other: alike[other] for other in sorted(alike, key=lambda one: (-alike[one], one))[:SIMILAR]}

    def _popular_around(self, home: int, kind: str, near: dict) -> dict[int, int]:
        people = [user for user in self.active["users"] if next(iter(near["rooms"][user]), None) == home]
        counts = Counter(i for user in people for i in self.links[kind][user] if self.active[kind].get(i, False))
        order = sorted(counts, key=lambda item: (-counts[item], item))[:POPULAR]
        return {item: round(UNIT // COMMUNITY * counts[item] / len(people)) for item in order}


def _saturated(units: int) -> float:
    return sqrt(log2(1 + units / UNITS_PER_ENGAGEMENT))
