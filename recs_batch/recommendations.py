"""What every engine returns, and its form on disk: Parquet, one row per user and rank, with the reasons as a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from recs_batch.parameters import UNITS_PER_ENGAGEMENT

REASONS = ("connection", "room", "followers", "overall")
SOURCE_COLUMNS = ["user_id", "rank", "item_id", "score", "reason", "reason_id", "reason_weight"]
SCHEMA = pa.schema(
    [
        ("user_id", pa.int64()),
        ("rank", pa.int32()),
        ("item_id", pa.int64()),
        ("score", pa.float64()),
        ("source", pa.dictionary(pa.int8(), pa.string())),
        (
            "reasons",
            pa.list_(
                pa.struct(
                    [
                        ("kind", pa.dictionary(pa.int8(), pa.string())),
                        ("id", pa.int64()),
                        ("weight", pa.float64()),
                    ]
                )
            ),
        ),
    ]
)


@dataclass(frozen=True)
class Recommendations:
    """Items per user, best first, as columns; row i has the reasons from `starts[i]` to `starts[i + 1]`.

    Scores and weights are whole numbers of 1/`unit`. A reason's kind is a place in `REASONS`: the connection or room
    (by id) that led there, the followers of the user (the id is the user's), or popularity overall (id 0, unused).
    """

    user: npt.NDArray[np.int64]
    rank: npt.NDArray[np.int32]
    item: npt.NDArray[np.int64]
    score: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    reason_kind: npt.NDArray[np.int8]
    reason: npt.NDArray[np.int64]
    reason_weight: npt.NDArray[np.int64]
    unit: int = UNITS_PER_ENGAGEMENT

    def rows_by_source(self) -> dict[str, int]:
        """Return how many rows come from connections, communities and so on."""
        counts = np.bincount(self.reason_kind[self.starts[:-1]], minlength=len(REASONS))
        return {reason: int(count) for reason, count in zip(REASONS, counts, strict=True) if count}

    def rows(self, first: int, last: int) -> Recommendations:
        """Return the rows from `first` to `last`."""
        return self.rows_in_order(np.arange(first, last))

    def rows_in_order(self, order: npt.NDArray[np.int64]) -> Recommendations:
        """Return some rows, with their reasons, in another order."""
        lengths = np.diff(self.starts)[order]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        told = np.repeat(self.starts[:-1][order] - starts[:-1], lengths) + np.arange(starts[-1])
        rows = {name: getattr(self, name)[order] for name in ("user", "rank", "item", "score")}
        reasons = {name: getattr(self, name)[told] for name in ("reason_kind", "reason", "reason_weight")}
        return Recommendations(**rows, **reasons, starts=starts, unit=self.unit)

    def to_arrow(self) -> pa.Table:
        """Return the rows in the published schema."""
        names = pa.array(REASONS)
        overall = self.reason_kind == REASONS.index("overall")
        reasons = pa.StructArray.from_arrays(
            [
                pa.DictionaryArray.from_arrays(self.reason_kind, names),
                pa.array(self.reason, mask=overall),
                pa.array(self.reason_weight / self.unit),
            ],
            fields=list(SCHEMA.field("reasons").type.value_type),
        )
        source = pa.DictionaryArray.from_arrays(self.reason_kind[self.starts[:-1]], names)
        lists = pa.ListArray.from_arrays(self.starts.astype(np.int32), reasons)
        score = self.score / self.unit
        return pa.Table.from_arrays(
            [pa.array(self.user), pa.array(self.rank), pa.array(self.item), pa.array(score), source, lists],
            schema=SCHEMA,
        )


def precise(values: npt.ArrayLike, unit: int) -> npt.NDArray[np.float64]:
    """Round scores, or weights of reasons, to what is right of them.

    Counts are exact but for the ageing of events, in 1/1024: three decimals. The filter's are right to a quarter of a
    percent (see the README): three significant digits.
    """
    found = np.asarray(values, np.float64)
    if unit == UNITS_PER_ENGAGEMENT:
        return np.asarray(np.round(found, 3))
    magnitude = np.floor(np.log10(np.where(found > 0, found, 1))) - 2
    power = 10.0 ** np.abs(magnitude)
    return np.asarray(np.where(magnitude > 0, np.rint(found / power) * power, np.rint(found * power) / power))


def concatenate(parts: Iterable[Recommendations]) -> Recommendations:
    """Join the recommendations of consecutive blocks of users."""
    blocks = list(parts)
    names = [field.name for field in fields(Recommendations) if field.name not in {"starts", "unit"}]
    columns = {name: np.concatenate([getattr(block, name) for block in blocks]) for name in names}
    lengths = np.concatenate([np.diff(block.starts) for block in blocks])
    return Recommendations(**columns, starts=np.concatenate([[0], np.cumsum(lengths)]), unit=blocks[0].unit)


def from_rows(rows: pa.Table, unit: int) -> Recommendations:
    """Fold rows of one reason each, in the order of publication, into recommendations."""
    user, rank, item, score = (rows[name].to_numpy() for name in SOURCE_COLUMNS[:4])
    first = np.ones(len(rows), np.bool_)
    first[1:] = (user[1:] != user[:-1]) | (rank[1:] != rank[:-1])
    kinds = {name: place for place, name in enumerate(REASONS)}
    return Recommendations(
        user=user[first],
        rank=rank[first].astype(np.int32),
        item=item[first],
        score=score[first],
        starts=np.append(np.flatnonzero(first), len(rows)),
        reason_kind=np.array([kinds[name] for name in rows["reason"].to_pylist()], np.int8),
        reason=rows["reason_id"].fill_null(0).to_numpy().astype(np.int64),
        reason_weight=rows["reason_weight"].to_numpy(),
        unit=unit,
    )
