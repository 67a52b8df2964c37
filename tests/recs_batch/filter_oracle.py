"""The graph filter once more, written for clarity on networkx graphs and dictionaries."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from math import floor, sqrt

import networkx as nx

from recs_batch.parameters import Filter, Parameters
from tests.recs_batch.oracle import Oracle, Row

LINK, SIMILARITY, SCALE = 1 << 10, 1 << 22, 1 << 16  # what 1 is as a whole number
HALF, UNLINKED, LINKS, REASONS = 5 * 1024, 8, 1000, 15
READ, SMALL, FEWEST, MOST = 4_000, 22_000_000, 50, 1000  # how many similarities a source keeps
Node = tuple[int, int]  # 0 and a user's id, or 1 and a room's


def recommend(network: dict[str, list[dict]], day: date, parameters: Parameters) -> dict[str, list[Row]]:
    """Return the rows (user, rank, item, score, source, reasons) of both kinds."""
    return _FilterOracle(network, day, parameters).recommend()


class _FilterOracle(Oracle):
    unit = LINK * SIMILARITY

    def recommend(self) -> dict[str, list[Row]]:
        self.links_of, self.similar = {}, {}
        for kind in self.graphs:
            chosen = self.parameters.filter_of(kind)
            self.links_of[kind] = {user: self._links(user, chosen) for user in self.active["users"]}
            self.similar[kind] = self._similarities(kind, self.links_of[kind], chosen)
        return super().recommend()

    def _links(self, user: int, chosen: Filter) -> dict[Node, int]:
        found = {(0, user): round(chosen.own * LINK)} if self.active["users"][user] else {}
        for side, kind, share in ((0, "users", 1.0), (1, "rooms", chosen.rooms)):
            for target, (events, linked) in self._pairs(user, kind).items():
                weight = LINK * linked + round(chosen.engagement * LINK) * events // (events + HALF)
                found[side, target] = weight * round(share * LINK) // LINK
        order = sorted((-weight, node) for node, weight in found.items() if weight)
        return {node: -weight for weight, node in order[:LINKS]}

    def _pairs(self, user: int, kind: str) -> dict[int, tuple[int, bool]]:
        linked = {t for t in self.links[kind][user] if self._is_open(user, t, kind)}
        others = Counter({t: n for t, n in self.events[kind][user].items() if n and self._is_open(user, t, kind)})
        near = sorted(others.keys() - linked, key=lambda target: (-others[target], target))[:UNLINKED]
        return {target: (others[target], target in linked) for target in (*linked, *near)}

    def _is_open(self, user: int, target: int, kind: str) -> bool:
        apart = kind == "users" and (target == user or (user, target) in self.blocked)
        return self.active[kind].get(target, False) and not apart

    @staticmethod
    def _similarities(kind: str, links: dict[int, dict[Node, int]], chosen: Filter) -> dict[Node, dict[int, int]]:
        scaled, members = nx.DiGraph(), Counter()
        for user, row in links.items():
            for node, weight in row.items():
                root = sqrt(sum(row.values()) / LINK)
                scaled.add_edge(("user", user), node, weight=max(floor(weight * 64.0 / root + 0.5), 1))
                members[node] += weight
        wanted, found = {"users": 0, "rooms": 1}[kind], {}
        for node in members:
            sums = Counter()
            for user in scaled.predecessors(node):
                for item in scaled.successors(user):
                    if item[0] == wanted:
                        sums[item] += scaled.edges[user, node]["weight"] * scaled.edges[user, item]["weight"]
            source = 1 / sqrt(members[node] / LINK)
            values = {
                item[1]: total / SCALE**2 * (source * (1 / _power(members[item] / LINK, chosen.popularity)))
                for item, total in sums.items()
            }
            affordable = (SMALL // scaled.number_of_edges()) ** 2
            limit = min(max(READ // scaled.in_degree(node), affordable, FEWEST), MOST)
            kept = sorted(values, key=lambda item: (-values[item], item))[:limit]
            found[node] = {item: floor(SIMILARITY * _power(values[item], chosen.power) + 0.5) for item in kept}
        return found

    def _connected(self, user: int, kind: str, near: dict) -> list[tuple]:
        reasons = defaultdict(dict)
        for node, weight in self.links_of[kind][user].items():
            for item, similarity in self.similar[kind][node].items():
                if similarity and self._allowed(user, item, kind):
                    reasons[item][node] = weight * min(similarity, (1 << 26) - 1)
        rows = []
        for item, found in reasons.items():
            order = sorted((-weight, node) for node, weight in found.items())[:REASONS]
            why = [{"kind": _kind(user, node), "id": node[1], "weight": -weight / self.unit} for weight, node in order]
            rows.append((self._sunk(user, kind, item, sum(found.values())), item, why[0]["kind"], why))
        return sorted(rows, key=lambda row: (-row[0], row[1]))[: self.parameters.top]


def _kind(user: int, node: Node) -> str:
    return "room" if node[0] else "neighbourhood" if node[1] == user else "connection"


def _power(value: float, exponent: float) -> float:
    product, root = 1.0, value
    for bit in (8, 4, 2, 1):
        if round(8 * exponent) & bit:
            product *= root
        root = sqrt(root)
    return product
