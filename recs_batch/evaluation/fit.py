"""The filters fitted on a network's own links: few runs, a limit of time, and no change that may be noise."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from common.logs import get_logger
from common.progress import track
from recs_batch.evaluation.evaluate import recalls, with_filter
from recs_batch.evaluation.split import Split, ranked_items, split
from recs_batch.parameters import KINDS, Filter, Kind, Parameters

FIT_SECONDS = 60.0  # of this process's processors: a busy machine fits as well as an idle one
_MOST_USERS = 2_000  # recommended to in each run, so that a run takes seconds on a large network
_SPLITS = 2  # at random, of a network that small
_SHARE = 0.1  # of the links hidden then: with fewer links left, longer walks look better than they are
_FEWEST_USERS = 50
_SURE, _SURER = 1.0, 2.0  # standard errors by which a shape, and then any other change, must be better, user by user
# With links hidden, longer walks look better than they are: so the fit starts from short ones, and what it goes on to
# must be surely better. (Before any fit a middle way is better.)
_START: dict[Kind, tuple[float, float, float]] = {"users": (8, 0.375, 0.625), "rooms": (4, 0.375, 0.625)}
_SHAPES: dict[Kind, tuple[tuple[float, float, float], ...]] = {  # own, popularity and power that suit some networks
    "users": ((4, 0.25, 0.5), (2, 0.25, 0.75), (1, 0.5, 0.75), (1, 0.5, 0.5)),
    "rooms": ((4, 0.5, 0.625), (1, 0.5, 0.75), (1, 0.25, 0.5), (1, 0.25, 1)),
}

log = get_logger(__name__)


def fit(
    tables: Path, day: date, days: int, parameters: Parameters, scratch: Path, *, seconds: float = FIT_SECONDS
) -> Parameters:
    """Return the parameters with filters that are good on the links of the `days` before the end of `day`.

    First a shape is chosen, then the balance of rooms, then what engagement counts. A change is made where recall
    grows by more than some standard errors, over the same users. A network of few links keeps what it has.
    """

    def halves_of(seed: int) -> Split:
        return split(tables, day, days, parameters, scratch / f"{seed}", seed=seed, most=_MOST_USERS, share=_SHARE)

    halves = [halves_of(1)]
    if halves[0].at_random and all(len(users) < _MOST_USERS for users in halves[0].users.values()):
        halves += map(halves_of, range(2, _SPLITS + 1))
    for kind in KINDS:
        if len(halves[0].users[kind]) >= _FEWEST_USERS:
            end = time.process_time() + seconds / len(KINDS)
            parameters = _Fit(halves, kind, parameters, scratch / f"filter-{kind}", end).best()
    return parameters


class _Fit:
    def __init__(self, halves: list[Split], kind: Kind, parameters: Parameters, scratch: Path, end: float) -> None:
        self._halves, self._kind, self._parameters, self._scratch, self._end = halves, kind, parameters, scratch, end
        self._known: dict[Filter, npt.NDArray[np.float64]] = {}

    def best(self) -> Parameters:
        best = self._shaped(_START[self._kind])
        stages = (self._shapes, _SURE), (self._balances, _SURER), (self._engagements, _SURER)
        for stage, sure in track(stages, f"fit {self._kind}"):
            best = self._better(best, stage(best), sure)
        recall = float(self._recall(best).mean())
        log.info("fitted", kind=self._kind, runs=len(self._known), recall=round(recall, 4), **best.model_dump())
        return with_filter(self._parameters, self._kind, best)

    def _shaped(self, shape: tuple[float, float, float]) -> Filter:
        chosen = dict(zip(("own", "popularity", "power"), shape, strict=True))
        return self._parameters.filter_of(self._kind).model_copy(update=chosen)

    def _shapes(self, _: Filter) -> list[Filter]:
        return [self._shaped(shape) for shape in _SHAPES[self._kind]]

    @staticmethod
    def _balances(best: Filter) -> list[Filter]:
        return [best.model_copy(update={"rooms": best.rooms * factor}) for factor in (0.5, 2.0)]

    @staticmethod
    def _engagements(best: Filter) -> list[Filter]:
        return [best.model_copy(update={"engagement": engagement}) for engagement in (0.1, 1.0)]

    def _better(self, best: Filter, tried: list[Filter], sure: float) -> Filter:
        gains: list[tuple[float, Filter]] = []
        for changed in tried:
            if changed == best or (changed not in self._known and time.process_time() > self._end):
                continue
            gain = self._recall(changed) - self._recall(best)
            if gain.mean() > sure * gain.std() / np.sqrt(len(gain)):
                gains.append((float(gain.mean()), changed))
        return max(gains, key=lambda one: one[0], default=(0.0, best))[1]

    def _recall(self, chosen: Filter) -> npt.NDArray[np.float64]:
        if chosen not in self._known:
            parameters = with_filter(self._parameters, self._kind, chosen)
            found = []
            for half in self._halves:
                items = ranked_items(half, self._kind, parameters, self._scratch)
                found.append(recalls(half, self._kind, items))
            self._known[chosen] = np.concatenate(found)
        return self._known[chosen]
