"""The algorithm as SQL: the statements every SQL engine runs, in their order, with the run's parameters filled in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from string import Template

from common.errors import ConfigurationError
from recs_batch.graph.rows import MICROSECONDS_PER_DAY
from recs_batch.graph.social import end_of
from recs_batch.graph.steps import event_values
from recs_batch.parameters import KINDS, UNITS_PER_ENGAGEMENT, Parameters

SHARED = (
    "follows",
    "subscriptions",
    "posts",
    "likes",
    "mentions",
    "blocked",
    "user_engagement",
    "room_engagement",
    "closest_users",
    "closest_rooms",
)
_EVENTS = {"follow": "f", "mention": "m", "subscription": "s", "post": "m", "like": "l"}  # the table's alias
PER_KIND = ("connected", "popular", "recommendations")


@dataclass(frozen=True)
class Dialect:
    """What engines name differently.

    The functions from a list to rows, from a list to its n-th element, from an instant to microseconds; the type of
    an instant; the operator that divides integers.
    """

    unnest: str
    instant: str
    element: str
    microseconds: str
    quotient: str
    list_prefix: str
    list_suffix: str

    def list_of(self, values: list[int]) -> str:
        """Return a literal list."""
        return f"{self.list_prefix}{', '.join(map(str, values))}{self.list_suffix}"


def shared_statements(parameters: Parameters, day: date, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Yield the name of each table that both kinds of recommendation need, and the SELECT that makes it."""
    for name in SHARED:
        yield name, statement(name, parameters, day, dialect)


def statement(name: str, parameters: Parameters, day: date, dialect: Dialect) -> str:
    """Return the SELECT in `sql/<name>.sql`, filled in."""
    text = (files("recs_batch") / "sql" / f"{name}.sql").read_text()
    weights = {kind: _weight(kind, parameters, day, dialect) for kind in _EVENTS}
    return Template(text).substitute(
        weights,
        closest=parameters.closest,
        top=parameters.top,
        unit=UNITS_PER_ENGAGEMENT,
        unnest=dialect.unnest,
        end=f"{dialect.instant} '{day + timedelta(days=1)} 00:00:00+00:00'",
    )


def require_count(parameters: Parameters) -> None:
    """Raise `ConfigurationError` unless the scorer is one that SQL has."""
    if parameters.scorer != "count":
        raise ConfigurationError(f"RECS_SCORER is {parameters.scorer!r}: the SQL engines have only the scorer count")


def sources_of(kind: str, parameters: Parameters) -> dict[str, str]:
    """Return which tables stand for `items`, `links`, `excluded` and `paths` when recommending users or rooms."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is none of {KINDS}")
    return {
        "items": kind,
        "links": f"links_{kind}",
        "excluded": f"excluded_{kind}",
        "paths": f"paths_{kind}_{parameters.second_hop}",
    }


def _weight(kind: str, parameters: Parameters, day: date, dialect: Dialect) -> str:
    """Return the expression for an event's weight in units: a literal, or an element of a list by the age in days."""
    values: list[int] = getattr(event_values(parameters), kind).tolist()
    if len(values) == 1:
        return str(values[0])
    values = values[: values.index(0) + 1] if 0 in values else values
    end = round(end_of(day).timestamp()) * 1_000_000
    age = f"({end - 1} - {dialect.microseconds}({_EVENTS[kind]}.created_at)) {dialect.quotient} {MICROSECONDS_PER_DAY}"
    return f"{dialect.element}({dialect.list_of(values)}, CAST(least({age}, {len(values) - 1}) AS INT) + 1)"
