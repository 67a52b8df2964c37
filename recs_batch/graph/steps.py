"""The steps over the graph: each reads the folders of the ones before it and writes one of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recs_batch.graph.blocks import over_blocks
from recs_batch.graph.dense import MOST_CELLS, DenseRanking, DenseSimilarity
from recs_batch.graph.engagement import Engagement, PairBlock, event_values
from recs_batch.graph.feedback import DISMISSED, read_feedback
from recs_batch.graph.files import (
    Pairs,
    Positions,
    Rows,
    pairs_writer,
    read_array,
    read_pairs,
    read_rows,
    rows_writer,
    write_array,
    write_rows,
)
from recs_batch.graph.found import MOST_REASONS, OVERALL, ROOM, Candidates, Found, Model
from recs_batch.graph.ids import IdIndex, Indices
from recs_batch.graph.links import UNITS_PER_LINK, write_links
from recs_batch.graph.reading import end_of
from recs_batch.graph.similarity import (
    UNITS_PER_SIMILARITY,
    VALUE_BITS,
    Keys,
    Reals,
    Scaled,
    kept_per_source,
    source_factors,
    target_factors,
)
from recs_batch.graph.tables import DayTables, Flags
from recs_batch.parameters import KINDS, UNITS_PER_ENGAGEMENT, Kind, Parameters
from recs_batch.recommendations import Recommendations

UNIT = UNITS_PER_LINK * UNITS_PER_SIMILARITY  # what 1 is as a score of the filter
_USERS_COUNTED_AT_ONCE = 1 << 13
_SIMILARITIES_AT_ONCE = 1 << 22
_REASONS_AT_ONCE = 1 << 20


def unit_of(parameters: Parameters) -> int:
    """Return what 1 is as a score."""
    return UNIT if parameters.scorer == "filter" else UNITS_PER_ENGAGEMENT


def count_engagement(tables: Path, day: date, parameters: Parameters, folder: Path) -> dict[str, dict[str, int]]:
    """Write who is linked to and engages with whom and what; return what was left out of each table, and why."""
    read = DayTables(tables, day, aged=parameters.half_life_days is not None)
    for kind, people in (("users", read.users), ("rooms", read.rooms)):
        write_array(folder, f"{kind}.ids", people.index.ids)
        write_array(folder, f"{kind}.active", people.active)
    engagement = Engagement(read, event_values(parameters.weights, parameters.half_life_days))
    blocker, blocked = np.divmod(engagement.blocked, read.users.count)
    nothing = np.zeros(len(blocked), np.int32)
    write_rows(folder, "blocked", Rows(_bounds(blocker, read.users.count), blocked.astype(np.int32), nothing))
    with pairs_writer(folder, "users") as users, pairs_writer(folder, "rooms") as rooms:
        counted: Iterator[tuple[int, int, tuple[PairBlock, PairBlock]]] = over_blocks(
            read.users.count, _USERS_COUNTED_AT_ONCE, engagement.block, "count engagement"
        )
        for _, _, (with_users, with_rooms) in counted:
            users.append(*with_users)
            rooms.append(*with_rooms)
    indices: dict[Kind, IdIndex] = {"users": read.users.index, "rooms": read.rooms.index}
    for kind, feedback in read_feedback(tables, end_of(day), indices, parameters.shown_days, read.dropped).items():
        write_rows(folder, f"feedback.{kind}", feedback)
    return {table: dict(dropped) for table, dropped in read.dropped.items()}


def build_filter(engagement: Path, kind: Kind, parameters: Parameters, folder: Path, only: Flags | None = None) -> None:
    """Write the links of every user, the similarities that lead from them to a kind's items, and what is popular.

    `only` tells for which users' links; by default for everybody's.
    """
    chosen = parameters.filter_of(kind)
    degrees = dict(zip(KINDS, write_links(engagement, chosen, folder), strict=True))
    scaled = {side: _scaled(folder, side) for side in KINDS}
    kept = kept_per_source(sum(len(rows.targets) for rows in scaled.values()))
    others, eighths = target_factors(degrees[kind], chosen.popularity), round(8 * chosen.power)
    shift = VALUE_BITS + len(others).bit_length()
    for side in KINDS:
        sources, count = _sources(scaled[side], len(degrees[side]), only), len(degrees[side])
        similarity = _similarity(scaled[side], scaled[kind], source_factors(degrees[side]), others)

        def block(first: int, last: int) -> Keys:
            keys = similarity(sources[first:last], eighths, kept, shift)  # noqa: B023 (used up before the next side)
            keys.sort()
            return keys

        at_once = min(_SIMILARITIES_AT_ONCE // kept, 1 << (63 - shift))
        with rows_writer(folder, side) as writer:
            done = 0
            for first, last, keys in over_blocks(len(sources), at_once, block, f"filter {kind} by {side}"):
                end = int(sources[last]) if last < len(sources) else count
                lengths = np.zeros(end - done, np.int64)
                lengths[sources[first:last] - done] = np.bincount(keys >> shift, minlength=last - first)
                targets = (keys >> VALUE_BITS) & ((1 << (shift - VALUE_BITS)) - 1)
                writer.append(lengths, targets, keys & ((1 << VALUE_BITS) - 1))
                done = end
    write_popular(read_pairs(engagement, kind), folder, len(others))


def recommend(
    engagement: Path,
    filtered: Path,
    kind: Kind,
    parameters: Parameters,
    only: Flags | None = None,
    told: int = MOST_REASONS,
) -> Iterator[Recommendations]:
    """Yield the recommendations of block after block of users, in the order of their ids, with `told` reasons.

    `only` tells which of the active users to serve, by default all of them.
    """
    ids = {side: read_array(engagement, f"{side}.ids") for side in KINDS}
    served = read_array(engagement, "users.active")
    users = np.flatnonzero(served if only is None else served & only).astype(np.int32)
    names = ("links.users", "links.rooms", "users", "rooms")
    model, candidates = Model(*(read_rows(filtered, name) for name in names)), _candidates(engagement, filtered, kind)
    ranking = _ranking(model, candidates, len(ids[kind]))

    def block(first: int, last: int) -> Found:
        return ranking(users[first:last], parameters.top, told, UNIT)

    at_once = max(_REASONS_AT_ONCE // (MOST_REASONS * parameters.top), 1)
    for first, last, found in over_blocks(len(users), at_once, block, f"recommend {kind}"):
        yield _with_ids(found, ids["users"][users[first:last]], ids, kind)


def _similarity(
    sources: Scaled, rows: Scaled, factors: Reals, others: Reals
) -> Callable[[Indices, int, int, int], Keys]:
    """Return what computes similarities: with full matrices on a small network, else compiled."""
    if (len(rows.bounds) + len(factors)) * len(others) <= MOST_CELLS:
        return DenseSimilarity(sources, rows, factors, others).block
    from recs_batch.graph.similarity_kernel import members_of, similar_block  # noqa: PLC0415 (compiled when needed)

    members = members_of(sources, len(factors))

    def similar(block: Indices, eighths: int, kept: int, shift: int) -> Keys:
        keys: Keys = similar_block(block, members, rows, factors[block], others, eighths, kept, shift)
        return keys

    return similar


def _ranking(model: Model, candidates: Candidates, items: int) -> Callable[[Indices, int, int, int], Found]:
    """Return what ranks candidates: with full matrices on a small network, else compiled."""
    if (len(model.from_users.bounds) + len(model.from_rooms.bounds)) * max(
        len(model.from_users.bounds), items
    ) <= MOST_CELLS:
        return DenseRanking(model, candidates, items).block
    from recs_batch.graph.rank_kernel import rank_block  # noqa: PLC0415 (compiled when needed)

    def rank(users: Indices, top: int, told: int, unit: int) -> Found:
        found = Found.reserve(len(users), top, told)
        rank_block(model, candidates, items, users, unit, found)
        return found

    return rank


def excluded_of(engagement: Path, kind: Kind) -> tuple[Positions, Indices]:
    """Return whom not to recommend to each user: linked already, dismissed, blocked either way, or the user."""
    pairs, feedback = read_pairs(engagement, kind), read_rows(engagement, f"feedback.{kind}")
    count, items = len(pairs.bounds) - 1, max(len(read_array(engagement, f"{kind}.ids")), 1)
    keys = [_keys(pairs, items)[pairs.linked], _keys(feedback, items)[feedback.weights == DISMISSED]]
    if kind == "users":
        keys += [_keys(read_rows(engagement, "blocked"), items), np.arange(count) * (items + 1)]
    rows, targets = np.divmod(np.unique(np.concatenate(keys)), items)
    return _bounds(rows, count), targets.astype(np.int32)


def _keys(rows: Rows | Pairs, items: int) -> npt.NDArray[np.int64]:
    users = np.repeat(np.arange(len(rows.bounds) - 1), np.diff(rows.bounds))
    return np.asarray(users * items + rows.targets)


def _sunk(engagement: Path, kind: Kind) -> Rows:
    """Return what sinks for each user, and how often its score is halved."""
    rows = read_rows(engagement, f"feedback.{kind}")
    kept = rows.weights < DISMISSED
    before = np.concatenate([[0], np.cumsum(kept)])
    return Rows(before[rows.bounds], rows.targets[kept], rows.weights[kept])


def _candidates(engagement: Path, filtered: Path, kind: Kind) -> Candidates:
    popular = (read_array(filtered, f"popular.{part}") for part in ("items", "counts"))
    return Candidates(*excluded_of(engagement, kind), _sunk(engagement, kind), *popular)


def _scaled(folder: Path, side: Kind) -> Scaled:
    return Scaled(*(read_array(folder, f"links.{side}.{part}") for part in ("bounds", "targets", "scaled")))


def _sources(rows: Scaled, count: int, only: Flags | None) -> Indices:
    """Return what anybody, or those asked for, are linked to."""
    linked = np.zeros(count, np.bool_)
    linked[rows.targets if only is None else rows.targets[np.repeat(only, np.diff(rows.bounds))]] = True
    return np.flatnonzero(linked).astype(np.int32)


def write_popular(pairs: Pairs, folder: Path, count: int) -> None:
    """Write the items that anybody is linked to, those of the most first, ties by index, and to how many."""
    counts = np.bincount(pairs.targets[pairs.linked], minlength=count)
    order = np.argsort(-counts, kind="stable")[: int((counts > 0).sum())]
    write_array(folder, "popular.items", order.astype(np.int32))
    write_array(folder, "popular.counts", counts[order])


def _with_ids(
    found: Found, users: npt.NDArray[np.int64], ids: dict[Kind, npt.NDArray[np.int64]], kind: Kind
) -> Recommendations:
    """Return a block's recommendations with ids in place of indices."""
    there = np.arange(found.items.shape[1]) < found.counts[:, None]
    lengths = found.reason_counts[there]
    told = (np.arange(found.kinds.shape[2]) < found.reason_counts[..., None]) & there[..., None]
    kinds, reasons = found.kinds[told], found.reasons[told]
    named = np.zeros(len(kinds), np.int64)
    for side, chosen in (("rooms", kinds == ROOM), ("users", (kinds != ROOM) & (kinds != OVERALL))):
        named[chosen] = ids[side][reasons[chosen]]  # type: ignore[index]
    return Recommendations(
        user=np.repeat(users, found.counts),
        rank=(np.nonzero(there)[1] + 1).astype(np.int32),
        item=ids[kind][found.items[there]],
        score=found.scores[there],
        starts=np.concatenate([[0], np.cumsum(lengths)]),
        reason_kind=kinds,
        reason=named,
        reason_weight=found.weights[told],
        unit=UNIT,
    )


def _bounds(rows: npt.NDArray[np.int64], count: int) -> Positions:
    return np.searchsorted(rows, np.arange(count + 1)).astype(np.int64)
