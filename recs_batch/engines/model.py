"""What an SQL engine computed on the way to its recommendations, as the arrays that single pairs are asked for.

The same files, to the byte, as the compiled steps write, but for what only the next compiled step reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from recs_batch.graph.arrays import ArrayWriter
from recs_batch.graph.feedback import DISMISSED
from recs_batch.graph.files import read_array, read_pairs, write_array
from recs_batch.graph.steps import write_popular
from recs_batch.parameters import KINDS, Kind

Select = Callable[[str], pa.Table]
Ids = npt.NDArray[np.int64]
_TYPES: dict[str, npt.DTypeLike] = {"linked": np.bool_}  # the others are np.int32
_PAIRS: dict[Kind, str] = {
    "users": "SELECT user_id AS source, other_id AS target, events, linked FROM user_pairs ORDER BY 1, 2",
    "rooms": "SELECT user_id AS source, room_id AS target, events, linked FROM room_pairs ORDER BY 1, 2",
}
_BLOCKED = (
    "SELECT b.user_id AS source, b.other_id AS target, 0 AS weights FROM blocked AS b "
    "JOIN users AS u ON u.id = b.user_id JOIN users AS o ON o.id = b.other_id ORDER BY 1, 2"
)
_FEEDBACK = (
    f"SELECT f.user_id AS source, f.item_id AS target, "  # noqa: S608 (a number of ours)
    f"CASE WHEN f.dismissed = 1 THEN {DISMISSED} ELSE f.halvings END AS weights FROM feedback AS f "
    "JOIN users AS u ON u.id = f.user_id JOIN items AS i ON i.id = f.item_id "
    "WHERE f.dismissed = 1 OR f.halvings > 0 ORDER BY 1, 2"
)
_LINKS = (
    "SELECT user_id AS source, target_id AS target, weight AS weights FROM filter_links "
    "WHERE is_room = {} ORDER BY 1, 2"
)
_SIMILAR = (
    "SELECT source_id AS source, item_id AS target, weight AS weights FROM similarities "
    "WHERE is_room = {} ORDER BY 1, 2"
)


def model_folder(scratch: Path, step: str) -> Path:
    """Return where an engine leaves what stands for a step, a new folder."""
    folder = scratch / "model" / step
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_pairs(select: Select, folder: Path) -> None:
    """Write users and rooms, who deals with whom and what, and who blocked whom, from the tables of both kinds."""
    for kind in KINDS:
        people = select(f"SELECT id, active FROM {kind} ORDER BY id")  # noqa: S608 (our names)
        for name, column, dtype in (("ids", "id", np.int64), ("active", "active", np.bool_)):
            write_array(folder, f"{kind}.{name}", people[column].to_numpy().astype(dtype))
    users = read_array(folder, "users.ids")
    for kind, pairs in _PAIRS.items():
        _write(select(pairs), users, read_array(folder, f"{kind}.ids"), folder, (kind, "events", "linked"))
    _write(select(_BLOCKED), users, users, folder, ("blocked", "weights"))


def write_dropped(dropped: Mapping[str, Mapping[str, int]], scratch: Path) -> None:
    """Note what was left out of the tables."""
    (model_folder(scratch, "dropped") / "dropped.json").write_text(json.dumps(dropped))


def read_dropped(scratch: Path) -> dict[str, dict[str, int]]:
    """Return what was left out of the tables, by table and reason."""
    found: dict[str, dict[str, int]] = json.loads((model_folder(scratch, "dropped") / "dropped.json").read_text())
    return found


def write_filter(select: Select, kind: Kind, engagement: Path, folder: Path) -> None:
    """Write links and similarities, and beside the pairs the feedback, from the tables that there are for this kind."""
    ids = {side: read_array(engagement, f"{side}.ids") for side in KINDS}
    _write(select(_FEEDBACK), ids["users"], ids[kind], engagement, (f"feedback.{kind}", "weights"))
    for is_room, side in enumerate(KINDS):
        _write(select(_LINKS.format(is_room)), ids["users"], ids[side], folder, (f"links.{side}", "weights"))
        _write(select(_SIMILAR.format(is_room)), ids[side], ids[kind], folder, (side, "weights"))
    write_popular(read_pairs(engagement, kind), folder, len(ids[kind]))


def _write(found: pa.Table, sources: Ids, targets: Ids, folder: Path, names: tuple[str, ...]) -> None:
    """Write rows of indices, under `names`: of the rows and of their columns, from ids that come in their order."""
    rows, *columns = names
    lengths = np.zeros(len(sources), np.int64)
    with ExitStack() as stack:
        writers = {
            column: stack.enter_context(ArrayWriter(folder / f"{rows}.{column}.npy", _TYPES.get(column, np.int32)))
            for column in ("targets", *columns)
        }
        for batch in found.to_batches():
            part = {column: batch.column(column).to_numpy(zero_copy_only=False) for column in batch.schema.names}
            lengths += np.bincount(np.searchsorted(sources, part["source"]), minlength=len(sources))
            writers["targets"].append(np.searchsorted(targets, part["target"]))
            for column in columns:
                writers[column].append(part[column])
    write_array(folder, f"{rows}.bounds", np.concatenate([[0], np.cumsum(lengths)]))
