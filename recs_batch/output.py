"""The files of a night: recommendations as Parquet, and as CSV in the 2019 form, written block after block."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

from recs_batch.graph.text import HEADER, csv_lines
from recs_batch.recommendations import SCHEMA, Recommendations

PARQUET, CSV = "part-00000.parquet", "recommendations.csv"
_ROWS_PER_GROUP = 1 << 20


def write_recommendations(blocks: Iterable[Recommendations], folder: Path) -> dict[str, int]:
    """Write both forms to `folder` and return how many users got how many rows from which source."""
    counts = {"users": 0, "rows": 0}
    with _parquet_writer(folder / PARQUET) as parquet, (folder / CSV).open("wb") as text:
        text.write(HEADER)
        for block in blocks:
            rows = block.to_arrow()
            parquet.write_table(rows, row_group_size=_ROWS_PER_GROUP)
            text.write(csv_lines(block))
            counts["users"] += int((block.rank == 1).sum())
            counts["rows"] += len(rows)
            for source, count in block.rows_by_source().items():
                counts[source] = counts.get(source, 0) + count
    return counts


def _parquet_writer(path: Path) -> pq.ParquetWriter:
    """Sorted ids and small ranks take next to nothing as differences; the rest compresses little and fast."""
    encodings = {"user_id": "DELTA_BINARY_PACKED", "rank": "DELTA_BINARY_PACKED"}
    dictionaries = ["source", "reasons.list.element.kind"]
    return pq.ParquetWriter(path, SCHEMA, compression="snappy", use_dictionary=dictionaries, column_encoding=encodings)
