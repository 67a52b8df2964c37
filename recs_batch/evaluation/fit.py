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
_FEWEST_USERS = 50
_SURE = 1.5  # standard errors by which a change must be better, user by user, than the filter before it
_DEEPER = 4  # recall is taken at `top` and at so many times that, which is less a matter of luck
_STAGES: tuple[tuple[dict[str, float], ...], ...] = (  # what is tried, one stage after the other
    tuple({"own": own, "popularity": popularity} for own in (1.0, 4.0) for popularity in (0.25, 0.375, 0.5)),
    tuple({"rooms": rooms} for rooms in (0.1, 0.3, 1.0, 3.0)),
    tuple({"power": power} for power in (0.5, 0.75, 1.0)),
    tuple({"engagement": engagement} for engagement in (0.1, 1.0)),
)

log = get_logger(__name__)


def fit(
    tables: Path, day: date, days: int, parameters: Parameters, scratch: Path, *, seconds: float = FIT_SECONDS
) -> Parameters:
    """Return the parameters with filters that are better on the links of the `days` before the end of `day`.

    Coordinate ascent on recall, from the filters given. A change is made where recall grows by more than a standard
    error, over the same users: a small network keeps what it has.
    """
    halves = split(tables, day, days, parameters, scratch, seed=1, most=_MOST_USERS)
    for kind in KINDS:
        if len(halves.users[kind]) >= _FEWEST_USERS:
            end = time.process_time() + seconds / len(KINDS)
            parameters = _Fit(halves, kind, parameters, scratch / f"filter-{kind}", end).best()
    return parameters


class _Fit:
    def __init__(self, halves: Split, kind: Kind, parameters: Parameters, scratch: Path, end: float) -> None:
        self._halves, self._kind, self._parameters, self._scratch, self._end = halves, kind, parameters, scratch, end
        self._known: dict[Filter, npt.NDArray[np.float64]] = {}

    def best(self) -> Parameters:
        best = self._parameters.filter_of(self._kind)
        for changes in track(_STAGES, f"fit {self._kind}"):
            best = self._better(best, changes)
        recall = float(self._recall(best).mean())
        log.info("fitted", kind=self._kind, runs=len(self._known), recall=round(recall, 4), **best.model_dump())
        return with_filter(self._parameters, self._kind, best)

    def _better(self, best: Filter, changes: tuple[dict[str, float], ...]) -> Filter:
        gains: list[tuple[float, Filter]] = []
        for change in changes:
            changed = best.model_copy(update=change)
            if changed == best or (changed not in self._known and time.process_time() > self._end):
                continue
            gain = self._recall(changed) - self._recall(best)
            if gain.mean() > _SURE * gain.std() / np.sqrt(len(gain)):
                gains.append((float(gain.mean()), changed))
        return max(gains, key=lambda one: one[0], default=(0.0, best))[1]

    def _recall(self, chosen: Filter) -> npt.NDArray[np.float64]:
        if chosen not in self._known:
            top = self._parameters.top
            deeper = self._parameters.model_copy(update={"top": top * _DEEPER})
            items = ranked_items(self._halves, self._kind, with_filter(deeper, self._kind, chosen), self._scratch)
            found = [recalls(self._halves, self._kind, items[:, :most]) for most in (top, top * _DEEPER)]
            self._known[chosen] = np.mean(found, axis=0)
        return self._known[chosen]
