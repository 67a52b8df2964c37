"""The two kernels again for small networks, as products of full matrices: nothing has to be compiled for them.

All entries are whole numbers, and so are sums, below 2^53: exact in floating point, in whatever order. The results
are the compiled kernels' to the bit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recs_batch.graph.files import Positions, Rows
from recs_batch.graph.found import CONNECTION, NEIGHBOURHOOD, OVERALL, ROOM, Candidates, Found, Model
from recs_batch.graph.ids import Indices
from recs_batch.graph.packed import Packed
from recs_batch.graph.similarity import (
    SCALE_OF_SUMS,
    UNITS_PER_SIMILARITY,
    VALUE_BITS,
    Keys,
    Reals,
    eighth_power,
)

_EXCLUDED, _SUNK = -1, -2
MOST_CELLS = 1 << 22  # users and rooms times items, beyond which compressed rows are faster


class DenseSimilarity:
    """Similarities from the targets of some rows to those of others, block by block."""

    def __init__(self, sources: Packed, rows: Packed, factors: Reals, others: Reals, limits: Positions) -> None:
        self._left, self._right = full(sources.unpacked(), len(factors)), full(rows.unpacked(), len(others))
        self._factors, self._others, self._limits = factors, others, limits

    def block(self, sources: Indices, eighths: int, shift: int) -> Keys:
        """Return the greatest similarities of some sources, as `similarity.similar_block` does."""
        sums = self._left[:, sources].T @ self._right
        values = sums * SCALE_OF_SUMS * (self._factors[sources, None] * self._others)
        limits = self._limits[sources]
        if values.shape[1] > limits.min(initial=0):
            place = np.argsort(np.argsort(-values, axis=1, kind="stable"), axis=1, kind="stable")
            values[place >= limits[:, None]] = 0
        found = np.floor(UNITS_PER_SIMILARITY * eighth_power(values, eighths) + 0.5).astype(np.int64)
        number, target = np.nonzero(found)
        similarity = np.minimum(found[number, target], (1 << VALUE_BITS) - 1)
        return (number << shift) | (target << VALUE_BITS) | similarity


class DenseRanking:
    """Scores and reasons from the full matrices J and P."""

    def __init__(self, model: Model, candidates: Candidates, items: int) -> None:
        users, rooms = (len(rows.bounds) - 1 for rows in (model.from_users, model.from_rooms))
        self._links = np.hstack([full(model.to_users, users), full(model.to_rooms, rooms)])
        self._similar = np.vstack([full(model.from_users, items), full(model.from_rooms, items)])
        self._candidates, self._users = candidates, users

    def block(self, users: Indices, top: int, told: int, unit: int) -> Found:
        """Return the best items for each of `users`, as `ranking.rank_block` does."""
        links = self._links[users]
        scores = links @ self._similar
        for row, user in enumerate(users):
            scores[row, self._candidates.of(user)] = _EXCLUDED
            self._sink(scores[row], user)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :top]
        found = Found.reserve(len(users), top, told)
        found.items[:, : best.shape[1]] = best
        found.scores[:, : best.shape[1]] = np.maximum(np.take_along_axis(scores, best, axis=1), 0)
        found.counts[:] = (found.scores > 0).sum(axis=1)
        if told:
            self._explain(users, links, found)
        for short in np.flatnonzero(found.counts < top):
            for kept in (0, _SUNK):
                self._fill(found, int(short), scores[short] == kept, unit)
        return found

    def _sink(self, scores: npt.NDArray[np.float64], user: int) -> None:
        sunk = self._candidates.sunk
        row = slice(*sunk.bounds[user : user + 2])
        items, before = sunk.targets[row], scores[sunk.targets[row]]
        halved = np.maximum(np.floor(before / np.exp2(sunk.weights[row])), 1)
        scores[items] = np.where(before > 0, halved, np.where(before == 0, _SUNK, before))

    def _explain(self, users: Indices, links: npt.NDArray[np.float64], found: Found) -> None:
        told = min(found.kinds.shape[2], len(self._similar))
        for row, user in enumerate(users):
            items = found.items[row, : found.counts[row]]
            weights = links[row] * self._similar[:, items].T
            order = np.argsort(-weights, axis=1, kind="stable")[:, :told]
            rows = slice(0, len(items))
            found.weights[row, rows, :told] = np.take_along_axis(weights, order, axis=1)
            found.reason_counts[row, rows] = (found.weights[row, rows] > 0).sum(axis=1)
            kinds = np.where(order >= self._users, ROOM, np.where(order == user, NEIGHBOURHOOD, CONNECTION))
            found.kinds[row, rows, :told] = kinds
            found.reasons[row, rows, :told] = np.where(order >= self._users, order - self._users, order)

    def _fill(self, found: Found, row: int, free: npt.NDArray[np.bool_], unit: int) -> None:
        popular, start = self._candidates.popular, int(found.counts[row])
        places = np.flatnonzero(free[popular])[: found.items.shape[1] - start]
        end = start + len(places)
        found.items[row, start:end], found.scores[row, start:end] = popular[places], 0
        found.counts[row] = end
        if found.kinds.shape[2]:
            found.kinds[row, start:end, 0], found.reasons[row, start:end, 0] = OVERALL, 0
            found.weights[row, start:end, 0] = self._candidates.counts[places] * unit
            found.reason_counts[row, start:end] = 1


def full(rows: Rows, columns: int) -> npt.NDArray[np.float64]:
    """Return compressed rows as a matrix."""
    matrix = np.zeros((len(rows.bounds) - 1, columns))
    matrix[np.repeat(np.arange(len(matrix)), np.diff(rows.bounds)), rows.targets] = rows.weights
    return matrix
