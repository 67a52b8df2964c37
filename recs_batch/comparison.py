"""Two publications side by side: how alike their recommendations are, who changed most and why, what both recalled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from rich.table import Table

from common.errors import MissingInputError
from recs_batch.explanation import Explainer
from recs_batch.guard import evaluation_of
from recs_batch.parameters import KINDS, Kind
from recs_batch.published import Published

Column = npt.NDArray[np.int64]
_WHY = 3  # items of a user whose absence is explained


class Change(NamedTuple):
    """How one user's items changed: the share that both recommend, and what only the first or the second does."""

    user: int
    overlap: float
    gone: list[int]
    come: list[int]


class Likeness(NamedTuple):
    """Over all users of either publication: how many, the mean overlap, the mean rank correlation, how many changed.

    Overlap is the share of the longer list that both have. The rank correlation is Spearman's, of the items that both
    recommend, over users with two such at least (None: nobody has).
    """

    users: int
    overlap: float
    correlation: float | None
    changed: int


class _Joined(NamedTuple):
    """Rows of both, by user and item; rank 0: only the other has it."""

    user: Column
    item: Column
    first: Column
    second: Column


def compare_kind(one: Published, other: Published, kind: Kind, most: int) -> tuple[Likeness, list[Change]]:
    """Return how alike two publications are, and the `most` users whose items changed most."""
    rows = _joined(one.ranks(kind), other.ranks(kind))
    users, row = np.unique(rows.user, return_inverse=True)
    lengths = [np.bincount(row, side > 0, len(users)) for side in (rows.first, rows.second)]
    both = (rows.first > 0) & (rows.second > 0)
    overlap = np.bincount(row, both, len(users)) / np.maximum(*lengths)
    order = np.argsort(overlap, kind="stable")[:most]
    changes = [_change(rows, users[place], overlap[place]) for place in order if overlap[place] < 1]
    correlation = _correlation(row[both], rows.first[both], rows.second[both], len(users))
    mean = float(overlap.mean()) if len(users) else 1.0
    return Likeness(len(users), mean, correlation, int((overlap < 1).sum())), changes


def why_gone(now: Published, kind: Kind, change: Change) -> list[str]:
    """Say why the second publication does not recommend what the first did, if it keeps what that follows from."""
    explainer, reasons = Explainer(now, kind), []
    for item in change.gone[:_WHY]:
        try:
            found = explainer.explain_or_none(change.user, item)
        except MissingInputError:
            return []
        if found is None:
            reasons.append(f"{item}: no longer there")
        elif "filter" in found:
            reasons.append(f"{item}: {found['filter']}")
        else:
            sunk = f", halved {found['halvings']} times" if found["halvings"] else ""
            reasons.append(f"{item}: now number {found['rank']}{sunk}")
    return reasons


def differing_parameters(one: Published, other: Published) -> Iterator[tuple[str, Any, Any]]:
    """Yield every parameter that differs, with both values."""
    before, after = (published.manifest.metadata["parameters"] for published in (one, other))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)
    arms = [published.manifest.metadata.get("arms", {}) for published in (one, other)]
    for arm in sorted(arms[0].keys() | arms[1].keys()):
        for name in sorted(before):
            values = [of.get(arm, {}).get(name) for of in arms]
            if (arms[0].get(arm, before)[name], arms[1].get(arm, after)[name]) != (before[name], after[name]):
                yield f"{name} in the arm {arm}", *values


def recall_table(one: Published, other: Published) -> Table | None:
    """Return what the evaluations of both found, None if neither was evaluated."""
    evaluations = [evaluation_of(published.manifest) for published in (one, other)]
    if not any(evaluations):
        return None
    table = Table("recall", "A", "B", title="offline recall, with 95% intervals", title_justify="left")
    arms = sorted({arm for found in evaluations if found for arm in found.arms})
    for kind, arm in [(kind, arm) for kind in KINDS for arm in (None, *arms)]:
        of_arm = [found.arms.get(arm) if found and arm else found for found in evaluations]
        measured = [found.of_kind(kind) if found else None for found in of_arm]
        table.add_row(
            f"{kind}, arm {arm}" if arm else kind,
            *(
                f"{one.recall.mean:.4f} [{one.recall.low:.4f}, {one.recall.high:.4f}]" if one and one.users else "-"
                for one in measured
            ),
        )
    held_back = [found.held_back for found in evaluations if found]
    table.caption = "held back: " + " and ".join(dict.fromkeys(held_back))
    return table


def _joined(one: tuple[Column, Column, Column], other: tuple[Column, Column, Column]) -> _Joined:
    user = np.concatenate([one[0], other[0]])
    item = np.concatenate([one[1], other[1]])
    ranks = np.zeros((2, len(user)), np.int64)
    ranks[0, : len(one[0])], ranks[1, len(one[0]) :] = one[2], other[2]
    order = np.lexsort((item, user))
    user, item, ranks = user[order], item[order], ranks[:, order]
    new = np.ones(len(user), np.bool_)
    new[1:] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    starts = np.flatnonzero(new)
    first, second = (np.add.reduceat(side, starts) if len(starts) else side for side in ranks)
    return _Joined(user[starts], item[starts], first, second)


def _change(rows: _Joined, user: np.int64, overlap: np.float64) -> Change:
    of = slice(*(int(np.searchsorted(rows.user, user, side=side)) for side in ("left", "right")))
    items, first, second = rows.item[of], rows.first[of], rows.second[of]
    gone, come = (items[(side > 0) & (elsewhere == 0)] for side, elsewhere in ((first, second), (second, first)))
    return Change(int(user), float(overlap), gone.tolist(), come.tolist())


def _correlation(row: Column, first: Column, second: Column, users: int) -> float | None:
    """Return the mean of Spearman's correlations: of ranks among the common items, of which each is there once."""
    count = np.bincount(row, minlength=users)
    differences = _places(row, first) - _places(row, second)
    squares = np.bincount(row, differences**2, users)
    several = count > 1
    if not several.any():
        return None
    n = count[several].astype(np.float64)
    return float((1 - 6 * squares[several] / (n * (n**2 - 1))).mean())


def _places(row: Column, ranks: Column) -> Column:
    """Return the place of every rank among those of its row."""
    order = np.lexsort((ranks, row))
    starts = np.searchsorted(row[order], row[order], side="left")
    places = np.empty_like(row)
    places[order] = np.arange(len(row)) - starts
    return places
