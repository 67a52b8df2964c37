"""The changes that are tried: those of mutants.toml, and of each module some of what Cosmic Ray would change."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator
from difflib import unified_diff
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from cosmic_ray import plugins
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec

# They change what is said about types, and nothing that runs; or they are a matter of taste, or what no linter passes.
_UNTRIED = ("core/ReplaceBinaryOperator_BitOr", "core/ReplaceUnaryOperator_Delete_Not", "core/ExceptionReplacer")
_OF_IDENTITY = re.compile("_(Eq|NotEq|Lt|LtE|Gt|GtE)_(Is|IsNot)$|_Is_Eq$|_IsNot_NotEq$")
# Without these it is slower, or less careful about what never happens, and the same otherwise.
_UNTRIED_OPTIONS = ("strict=", "frozen=", "cache=", "nogil=", "show_default=")
_UNTRIED_DECORATORS = ("@cache", "@lru_cache", "@njit")
# A number with a name is a decision, such as how long is waited: a test that repeats it holds nothing.
_NAMED_NUMBER = re.compile(r"[A-Z_0-9]+(: .+)? = .*")


class Change(NamedTuple):
    """A file as it would be after a change, and the lines that differ."""

    file: str
    text: str
    before: str
    after: str

    @property
    def difference(self) -> str:
        """What a person reads."""
        return f"{self.file}\n- {self.before}\n+ {self.after}"

    def is_told_by(self, told: dict[str, str]) -> bool:
        """Tell whether an entry of mutants.toml means this change."""
        return told["file"] == self.file and told["from"] in self.before and told["to"] in self.after


def listed(told: dict[str, str]) -> Change:
    """Return a change that mutants.toml has in its own words."""
    text = Path(told["file"]).read_text()
    if text.count(told["from"]) != 1:
        sys.exit(f"{told['file']} has not once: {told['from']}")
    return Change(told["file"], text.replace(told["from"], told["to"]), told["from"].strip(), told["to"].strip())


def some_of(file: str, most: int | None) -> list[Change]:
    """Return so many of a module's changes, each of another line and the same ones every time, or all of them."""
    found = list(_specifications(file))
    if most is not None:
        chosen = random.Random(file)
        of_lines = [list(line) for _, line in groupby(found, key=lambda one: one.start_pos[0])]
        found = [chosen.choice(line) for line in chosen.sample(of_lines, min(most, len(of_lines)))]
    return [_made(one) for one in found]


def is_there(told: dict[str, str]) -> bool:
    """Tell whether an entry of mutants.toml means a change that can be made."""
    if not Path(told["file"]).exists():
        return False
    lines = Path(told["file"]).read_text().splitlines()
    near = [
        one
        for one in _specifications(told["file"])
        if told["from"] in " ".join(lines[one.start_pos[0] - 1 : one.end_pos[0]])
    ]
    return any(_made(one).is_told_by(told) for one in near)


def _specifications(file: str) -> Iterator[MutationSpec]:
    with use_db(":memory:", WorkDB.Mode.create) as database:
        init([Path(file)], database, {})
        found = [item.mutations[0] for item in database.work_items]
    lines = Path(file).read_text().splitlines()
    for one in sorted(found, key=lambda one: (one.start_pos, one.operator_name, one.occurrence)):
        line, column = lines[one.start_pos[0] - 1], one.start_pos[1]
        if not (
            one.operator_name.startswith(_UNTRIED)
            or _OF_IDENTITY.search(one.operator_name)
            or line[:column].endswith(_UNTRIED_OPTIONS)
            or line.strip().startswith(_UNTRIED_DECORATORS)
            or (one.operator_name == "core/NumberReplacer" and _NAMED_NUMBER.fullmatch(line[:column]))
        ):
            yield one


def _made(specification: MutationSpec) -> Change:
    before = specification.module_path.read_text()
    operator: Any = plugins.get_operator(specification.operator_name)(**specification.operator_args)
    after = mutate_code(before, operator, specification.occurrence)
    lines = list(unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    removed, added = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return Change(str(specification.module_path), after, removed, added)
