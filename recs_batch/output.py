"""The files of a night: recommendations as Parquet, as CSV in the 2019 form, and as arrays to look users up in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recs_batch.lookup import LookupWriter
from recs_batch.recommendations import REASONS, SCHEMA, Recommendations, precise

PARQUET, CSV = "part-00000.parquet", "recommendations.csv"
HEADER = b"user_id,recommendations,recommendation_weights,recommendation_reasons\n"
_ROWS_PER_GROUP = 1 << 15  # one user's rows are found in one group of so many


def write_recommendations(blocks: Iterable[Recommendations], folder: Path) -> dict[str, int]:
    """Write every form to `folder` and return how many users got how many rows from which source."""
    counts = {"users": 0, "rows": 0}
    with (
        _parquet_writer(folder / PARQUET) as parquet,
        (folder / CSV).open("wb") as text,
        LookupWriter(folder) as lookup,
    ):
        text.write(HEADER)
        for block in blocks:
            rows = block.to_arrow()
            parquet.write_table(rows, row_group_size=_ROWS_PER_GROUP)
            text.write(csv_lines(block))
            lookup.append(block)
            counts["users"] += int((block.rank == 1).sum())
            counts["rows"] += len(rows)
            for source, count in block.rows_by_source().items():
                counts[source] = counts.get(source, 0) + count
    return counts


def csv_lines(found: Recommendations) -> memoryview:
    """Return a line for each user of a block: items, scores (digits that are right), ids of reasons, each JSON."""
    first = np.flatnonzero(found.rank == 1)
    users = np.append(first, len(found.rank))
    told = found.reason_kind != REASONS.index("overall")
    starts = np.concatenate([[0], np.cumsum(told)])[found.starts]
    reasons = _lists(pa.array(found.reason[told]), starts)
    columns = (pa.array(found.item), pa.array(precise(found.score / found.unit, found.unit)), reasons)
    lists = [_lists(column, users) for column in columns]
    parts = [pa.array(found.user[first]).cast(pa.string()), ',"', lists[0], '","', lists[1], '","', lists[2], '"\n', ""]
    lines = pc.binary_join_element_wise(*parts)
    offsets, text = np.frombuffer(lines.buffers()[1], np.int32), lines.buffers()[2]
    return memoryview(text)[: offsets[len(lines)]] if len(lines) else memoryview(b"")


def _lists(values: pa.Array, starts: npt.NDArray[np.int64]) -> pa.Array:
    """Return `[a, b]` for the values between each two starts."""
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(starts, pa.int32()), values.cast(pa.string())), ", ")
    return pc.binary_join_element_wise("[", joined, "]", "")


def _parquet_writer(path: Path) -> pq.ParquetWriter:
    """Sorted ids and small ranks take next to nothing as differences; the rest compresses little and fast."""
    encodings = {"user_id": "DELTA_BINARY_PACKED", "rank": "DELTA_BINARY_PACKED"}
    dictionaries = ["source", "reasons.list.element.kind"]
    return pq.ParquetWriter(path, SCHEMA, compression="snappy", use_dictionary=dictionaries, column_encoding=encodings)
