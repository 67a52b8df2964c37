"""Is a night worth publishing? Its recall is compared with like: with the last weeks', and with plain popularity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from common.errors import DataError
from common.logs import get_logger
from common.storage import Manifest
from recs_batch.parameters import KINDS, Kind

_WEEKS = timedelta(weeks=4)
_ENOUGH_USERS = 30  # the interval of fewer says little

log = get_logger(__name__)


class Recall(BaseModel):
    """A mean over users and its 95% interval."""

    model_config = ConfigDict(frozen=True)

    mean: float
    low: float
    high: float


class Measured(BaseModel):
    """What one night's evaluation found for one kind, over so many users: of what it publishes, and of baselines."""

    model_config = ConfigDict(frozen=True)

    users: int
    recall: Recall
    baselines: Mapping[str, Recall]


class Evaluation(BaseModel):
    """What a publication says of its evaluation: what was held back, for how many places, and what was measured."""

    model_config = ConfigDict(frozen=True)

    top: int
    held_back: str
    users: Measured
    rooms: Measured
    arms: Mapping[str, Evaluation] = {}

    @classmethod
    def of(cls, results: Mapping[Kind, Any], method: str, top: int, held_back: str) -> Evaluation:
        """Take it from what `evaluate` measured, with what is published under the name `method`."""
        measured = {
            kind: {
                "users": results[kind][method]["users"],
                "recall": results[kind][method]["recall"],
                "baselines": {name: results[kind][name]["recall"] for name in ("paths", "popularity", "random")},
            }
            for kind in KINDS
        }
        return cls.model_validate({"top": top, "held_back": held_back, **measured})

    def is_like(self, other: Evaluation) -> bool:
        """Tell whether the two measured the same thing."""
        return (self.top, self.held_back) == (other.top, other.held_back)

    def of_kind(self, kind: Kind) -> Measured:
        """Return what was measured for one kind."""
        return self.users if kind == "users" else self.rooms


def check_recall(now: Evaluation, day: date, publications: Iterable[Manifest], limit: float) -> None:
    """Raise `DataError` if recall fell by more than the share `limit`, beyond the doubt that the intervals leave.

    That of every arm counts: a night with one that is bad is not published.
    """
    earlier = list(_comparable(now, day, publications))
    problems = _problems(now, earlier, limit)
    for arm, of_arm in now.arms.items():
        problems += [f"in the arm {arm} {problem}" for problem in _problems(of_arm, earlier, limit)]
    if problems:
        raise DataError(
            f"not publishing: {'; '.join(problems)}: lower by more than {limit:.0%} "
            "(see evaluate's report; the limit is RECS_MAX_REGRESSION)"
        )


def _problems(now: Evaluation, earlier: list[tuple[date, Evaluation]], limit: float) -> list[str]:
    problems = []
    for kind in KINDS:
        measured = now.of_kind(kind)
        if measured.users < _ENOUGH_USERS:
            log.warning("too few new links to judge the recall", kind=kind, users=measured.users, needed=_ENOUGH_USERS)
            continue
        for name, reference in _references(kind, measured, earlier):
            if measured.recall.mean < reference.mean * (1 - limit) and measured.recall.high < reference.low:
                problems.append(f"recall of {kind} is {measured.recall.mean:.4f}, {name} {reference.mean:.4f}")
    return problems


def evaluation_of(manifest: Manifest) -> Evaluation | None:
    """Return what a publication says of its evaluation, None if it says nothing that can be compared."""
    try:
        return Evaluation.model_validate(manifest.metadata.get("evaluation"))
    except ValidationError:
        return None


def day_of(manifest: Manifest) -> date:
    """Return the day that was recommended on."""
    return date.fromisoformat(manifest.metadata["date"])


def _comparable(now: Evaluation, day: date, publications: Iterable[Manifest]) -> Iterator[tuple[date, Evaluation]]:
    """Yield like evaluations of the weeks before the day, or else the last one before them."""
    found = [
        (day_of(manifest), evaluation)
        for manifest in publications
        if (evaluation := evaluation_of(manifest)) and evaluation.is_like(now) and day_of(manifest) <= day
    ]
    recent = [one for one in found if one[0] >= day - _WEEKS]
    yield from recent or sorted(found, key=lambda one: one[0])[-1:]


def _references(
    kind: Kind, measured: Measured, earlier: Iterable[tuple[date, Evaluation]]
) -> Iterator[tuple[str, Recall]]:
    for name, recall in measured.baselines.items():
        yield f"{name} has", recall
    judged = [(day, one.of_kind(kind)) for day, one in earlier if one.of_kind(kind).users >= _ENOUGH_USERS]
    if judged:
        day, best = max(judged, key=lambda one: one[1].recall.mean)
        yield f"the best of the last weeks, {day}, had", best.recall
