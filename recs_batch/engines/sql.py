"""The algorithm as SQL: the statements every SQL engine runs, in their order, with the run's parameters filled in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from string import Template

from recs_batch.graph.engagement import MOST_UNLINKED, event_values
from recs_batch.graph.feedback import SHOWN_FOR
from recs_batch.graph.found import MOST_REASONS
from recs_batch.graph.links import HALF, MOST_LINKS, Units
from recs_batch.graph.reading import MICROSECONDS_PER_DAY, end_of
from recs_batch.graph.similarity import FEWEST, MOST, WORK
from recs_batch.graph.steps import unit_of
from recs_batch.parameters import Kind, Parameters
from recs_batch.tables import OPTIONAL

_SHARED = (
    "users",
    "rooms",
    "follows",
    "subscriptions",
    "posts",
    "likes",
    "mentions",
    "blocked",
    "user_pairs",
    "room_pairs",
)
_COUNTED = ("user_engagement", "room_engagement", "closest_users", "closest_rooms")  # of the scorer count alone
_EVENTS = {"follow": "f", "mention": "m", "subscription": "s", "post": "m", "like": "l"}  # the table's alias
VIEWS = ("items", "links", "excluded", "paths")  # too large to keep, or another table by a second name
_PER_KIND = ("paths", "connected", "popular", "recommendations")


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
    for name in _SHARED + (_COUNTED if parameters.scorer == "count" else ()):
        yield name, statement(name, "users", parameters, day, dialect)


def statements_of(kind: Kind, parameters: Parameters, day: date, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Yield the tables that stand for one kind, in their order, the recommendations last.

    Both scorers make links and similarities; a score is the sum of their products over all ways from user to item.
    """
    yield "items", f"SELECT * FROM {kind}"  # noqa: S608 (a name of our own)
    sources = {name: name for name in ("filter_links", "filter_scaled", "similarities")}
    if parameters.scorer == "count":
        hop = parameters.second_hop
        sources = {"filter_links": f"count_links_{hop}", "similarities": f"count_similarities_{kind}_{hop}"}
    sources |= {"feedback": "feedback", "links": f"links_{kind}", "excluded": f"excluded_{kind}"}
    for name, source in (sources | {name: name for name in _PER_KIND}).items():
        yield name, statement(source, kind, parameters, day, dialect)


def statement(name: str, kind: Kind, parameters: Parameters, day: date, dialect: Dialect) -> str:
    """Return the SELECT in `sql/<name>.sql`, filled in."""
    text = (files("recs_batch") / "sql" / f"{name}.sql").read_text()
    chosen = parameters.filter_of(kind)
    return Template(text).substitute(
        {event: _weight(event, parameters, day, dialect) for event in _EVENTS},
        **Units.of(chosen)._asdict(),
        popularity=_eighth_power("j.degree", chosen.popularity),
        power=_eighth_power("r.similarity", chosen.power),
        is_room=int(kind == "rooms"),
        closest=parameters.closest,
        top=parameters.top,
        unit=unit_of(parameters),
        half=HALF,
        work=WORK,
        fewest=FEWEST,
        most=MOST,
        most_links=MOST_LINKS,
        most_unlinked=MOST_UNLINKED,
        most_reasons=MOST_REASONS,
        unnest=dialect.unnest,
        quotient=dialect.quotient,
        kind=kind,
        shown_days=parameters.shown_days or SHOWN_FOR + 1,
        shown_from=_instant(day - timedelta(days=SHOWN_FOR), dialect),
        day_shown=f"{dialect.microseconds}(shown_at) {dialect.quotient} {MICROSECONDS_PER_DAY}",
        end=_instant(day, dialect),
    )


def nothing(table: str) -> str:
    """Return the SELECT that stands for a table which is not there."""
    types = {"kind": "STRING", "shown_at": "TIMESTAMP"}
    columns = (f"CAST(NULL AS {types.get(name, 'BIGINT')}) AS {name}" for name in OPTIONAL[table])
    return f"SELECT {', '.join(columns)} WHERE 1 = 0"


def _instant(day: date, dialect: Dialect) -> str:
    """Return the literal for the end of a day."""
    return f"{dialect.instant} '{day + timedelta(days=1)} 00:00:00+00:00'"


def _eighth_power(column: str, exponent: float) -> str:
    """Return the expression for a power as `similarity.eighth_power` computes it: a product of roots."""
    eighths, roots, factor = round(8 * exponent), ["1e0"], column
    for bit in (8, 4, 2, 1):
        if eighths & bit:
            roots.append(factor)
        factor = f"sqrt({factor})"
    return f"({' * '.join(roots)})"


def _weight(kind: str, parameters: Parameters, day: date, dialect: Dialect) -> str:
    """Return the expression for an event's weight in units: a literal, or an element of a list by the age in days."""
    values: list[int] = event_values(parameters.weights, parameters.half_life_days)[kind].tolist()
    if len(values) == 1:
        return str(values[0])
    values = values[: values.index(0) + 1] if 0 in values else values
    end = round(end_of(day).timestamp()) * 1_000_000
    age = f"({end - 1} - {dialect.microseconds}({_EVENTS[kind]}.created_at)) {dialect.quotient} {MICROSECONDS_PER_DAY}"
    return f"{dialect.element}({dialect.list_of(values)}, CAST(least({age}, {len(values) - 1}) AS INT) + 1)"
