"""Reading a publication: its specification, and of its rows those of a few users only."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.errors import ConfigurationError, MissingInputError
from common.storage import Manifest, ObjectNotFoundError, Store, latest_publication, list_publications, open_ranges
from common.storage.directory import DirectoryStore
from recs_batch.arms import CONTROL, names_of
from recs_batch.guard import day_of
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.publishing import PREFIX, specification_key
from recs_batch.specification import Specification, parse_specification
from recs_batch.stored_arrays import StoredFolder

Ints = npt.NDArray[np.int64]


class Published:
    """One publication in a store. Rows are read by row groups, of which the files' footers tell the users."""

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self.store, self.manifest = store, manifest

    @classmethod
    def latest(cls, store: Store) -> Published:
        """Return the latest publication. Raises `ObjectNotFoundError` if there is none."""
        return cls(store, latest_publication(store, PREFIX))

    @cached_property
    def specification(self) -> Specification:
        """What the night was to do."""
        key = f"{PREFIX}/{specification_key(self.manifest.run)}"
        return parse_specification(self.store.get(key), f"{self.store.uri}/{key}")

    @property
    def parameters(self) -> Parameters:
        """The night's parameters."""
        return self.parameters_of(None)

    def parameters_of(self, arm: str | None) -> Parameters:
        """Return the parameters for users of an arm."""
        metadata = self.manifest.metadata
        return Parameters.model_validate(metadata["parameters"] if arm in {None, CONTROL} else metadata["arms"][arm])

    @property
    def arm_names(self) -> list[str]:
        """The arms of the night's experiment, none if there was none."""
        return names_of(self.manifest.metadata.get("arms", {}))

    def rows(self, kind: Kind, user: int) -> list[dict[str, Any]]:
        """Return what is recommended to a user, best first."""
        found: list[dict[str, Any]] = []
        for file in self._files[kind]:
            for group in range(file.num_row_groups):
                if _may_have(file, group, user):
                    rows = file.read_row_group(group)
                    found += rows.filter(pc.equal(rows["user_id"], user)).to_pylist()
        return found

    def ranks(self, kind: Kind) -> tuple[Ints, Ints, Ints]:
        """Return all rows of a kind as columns: users, items, ranks."""
        columns = ("user_id", "item_id", "rank")
        parts = [file.read(columns=list(columns)) for file in self._files[kind]]
        found = pa.concat_tables(parts)
        users, items, ranks = (found[name].to_numpy().astype(np.int64) for name in columns)
        return users, items, ranks

    def first_users(self, count: int) -> list[int]:
        """Return the first `count` users that are recommended anything."""
        users: list[int] = []
        for kind in KINDS:
            for file in self._files[kind]:
                for group in range(file.num_row_groups):
                    if len(users) < count:
                        found = pc.unique(file.read_row_group(group, columns=["user_id"])["user_id"])
                        users += [user for user in found[:count].to_pylist() if user not in users]
        return users[:count]

    def model(self, step: str) -> Path | StoredFolder:
        """Return the folder with the arrays that a step wrote. Raises `MissingInputError` if it is not published."""
        folder = f"model={step}/{self.manifest.run}"
        if not any(file.key.startswith(f"{folder}/") for file in self.manifest.files):
            raise MissingInputError(
                f"{self.store.uri}/{PREFIX}: {self.manifest.run} has no {folder.partition('/')[0]}, "
                "which questions about single pairs are answered from; publish that night again"
            )
        if isinstance(self.store, DirectoryStore):
            return self.store.root / PREFIX / folder
        return StoredFolder(self.store, f"{PREFIX}/{folder}")

    @cached_property
    def _files(self) -> dict[Kind, list[pq.ParquetFile]]:
        return {kind: [self._opened(key) for key in self._keys(kind)] for kind in KINDS}

    def _keys(self, kind: Kind) -> Iterator[str]:
        for file in self.manifest.files:
            if file.key.startswith(f"kind={kind}/") and file.key.endswith(".parquet"):
                yield f"{PREFIX}/{file.key}"

    def _opened(self, key: str) -> pq.ParquetFile:
        return pq.ParquetFile(pa.PythonFile(open_ranges(self.store, key), mode="r"))


def _may_have(file: pq.ParquetFile, group: int, user: int) -> bool:
    """Tell whether a row group has the user, by the statistics of its first column; one without rows has none."""
    statistics = file.metadata.row_group(group).column(0).statistics
    return statistics is not None and statistics.has_min_max and statistics.min <= user <= statistics.max


def publication_of(store: Store, target: str) -> Manifest:
    """Return the publication of a day, or of a run `dt=<day>/run=<id>`, that `target` names alone.

    Raises `ObjectNotFoundError` if there is none, `ConfigurationError` if a day has several.
    """
    found = [one for one in list_publications(store, PREFIX) if target in {one.run, str(day_of(one))}]
    if not found:
        raise ObjectNotFoundError(f"{store.uri}/{PREFIX}", f"no publication {target!r}; `publications` lists them")
    if len(found) > 1:
        runs = ", ".join(one.run for one in found)
        raise ConfigurationError(f"{target} has {len(found)} publications, name one of them: {runs}")
    return found[0]
