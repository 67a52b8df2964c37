"""What a night is to do, written once at its start: every later step, and whoever asks about it, reads this file."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.errors import DataError, MissingInputError, UnavailableError
from common.storage import ConflictError, ObjectNotFoundError, Store
from common.version import code_version
from recs_batch.arms import CONTROL, Arm, names_of
from recs_batch.parameters import Parameters

Share = Annotated[float, Field(ge=0, le=1)]
Engine = Literal["compiled", "duckdb", "spark"]


class Limits(BaseModel):
    """Beyond these shares a night is refused: rows dropped, rows missing since the last night, recall lost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_dropped: Share = 0.01
    max_volume_drop: Share = 0.5
    max_regression: Share = 0.2


class TableFile(BaseModel):
    """One file of a table as it was when the night began: its key, its size in bytes and what tells a change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    bytes: int
    version: str


class Specification(BaseModel):
    """A night's day, engine, parameters (and whether they were fitted), limits, held-back days (None: no evaluation).

    `arms` are those of an experiment, beside users to whom the night's own parameters apply.

    `store` is where it is published. `tables` names their source, `files` what it held; of a database, `copied` is
    the night that has the copy. `salt` is
    empty unless the night shall be of its own, whatever was done before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    engine: Engine = "compiled"
    parameters: Parameters = Parameters()
    arms: Mapping[str, Arm] = {}
    fitted: bool = False
    limits: Limits = Limits()
    evaluation_days: Annotated[int, Field(ge=1)] | None = 28
    store: str
    tables: str
    files: Mapping[str, tuple[TableFile, ...]] = {}
    copied: str | None = None
    code_version: str = Field(default_factory=code_version)
    salt: str = ""

    @property
    def id(self) -> str:
        """The night's name: the same for the same specification."""
        return hashlib.sha256(self.encoded()).hexdigest()[:16]

    @property
    def run(self) -> str:
        """The name under which it is published."""
        return f"dt={self.day}/run={self.id}"

    @property
    def arm_names(self) -> list[str]:
        """The names of all arms, none where there is no experiment."""
        return names_of(self.arms)

    def parameters_of(self, arm: str | None) -> Parameters:
        """Return the parameters for users of an arm."""
        return self.parameters if arm in {None, CONTROL} else self.arms[str(arm)].of(self.parameters)

    def encoded(self) -> bytes:
        """Return the file's content."""
        return self.model_dump_json(indent=2).encode() + b"\n"

    def salted(self) -> Specification:
        """Return the same as a night of its own."""
        return self.model_copy(update={"salt": secrets.token_hex(8)})


def write_specification(work: Store, specification: Specification) -> None:
    """Make it the specification of its day. Raises `UnavailableError` if another run specified the day meanwhile."""
    key, body = _key(specification.day), specification.encoded()
    try:
        _, version = work.get_version(key)
    except ObjectNotFoundError:
        version = None
    work.put(f"dt={specification.day}/night={specification.id}/specification.json", body)
    try:
        work.swap(key, body, version)
    except ConflictError:
        if work.get(key) != body:
            raise UnavailableError(f"another run has specified {specification.day} meanwhile; try again") from None


def read_specification(work: Store, day: date) -> Specification:
    """Return the specification of a day. Raises `MissingInputError` if there is none."""
    try:
        body = work.get(_key(day))
    except ObjectNotFoundError as error:
        raise MissingInputError(f"{error.uri}: no night of {day} has been specified; run `specify` first") from None
    return parse_specification(body, f"{work.uri}/{_key(day)}")


def parse_specification(body: bytes, uri: str) -> Specification:
    """Return what a file says. Raises `DataError` if that is no specification of ours."""
    try:
        return Specification.model_validate_json(body)
    except ValidationError as error:
        problem = error.errors()[0]
        raise DataError(f"{uri} is no specification: {'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None


def _key(day: date) -> str:
    return f"dt={day}/specification.json"
