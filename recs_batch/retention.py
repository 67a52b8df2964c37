"""What is removed, and when: publications beyond the newest, nights' partitions after some days, killed runs' files."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from common.logs import get_logger
from common.storage import ObjectNotFoundError, Store, prune
from recs_batch.partitions import FILE, REMOVED, VERSION_TIME, claim, named_version
from recs_batch.publishing import PREFIX
from recs_batch.settings import RetentionSettings

_ABANDONED = timedelta(days=1)  # a step that takes longer was killed

log = get_logger(__name__)


def remove_old(work: Store, store: Store, settings: RetentionSettings) -> None:
    """Remove what is older than the settings say from both places, and what killed runs left behind."""
    runs = prune(store, PREFIX, settings.keep_publications)
    work.tidy()
    nights = _remove_old_nights(work, timedelta(days=settings.keep_work_days))
    log.info("removed what is old", publications=runs, nights=nights)


def _remove_old_nights(work: Store, keep: timedelta) -> list[str]:
    """Remove nights of which nothing was written lately; of others, what was begun long ago and given up."""
    nights: defaultdict[str, list[str]] = defaultdict(list)
    for key in work.list("dt="):
        nights["/".join(key.split("/")[:2])].append(key)
    removed = [night for night, keys in nights.items() if _is_older(work, keys, keep)]
    for night, keys in nights.items():
        leaving = keys if night in removed else _given_up(work, keys)
        for key in sorted(leaving, key=lambda key: FILE.fullmatch(key) is not None):  # the manifests first
            work.delete(key)
    return removed


def _is_older(work: Store, keys: list[str], age: timedelta) -> bool:
    """Tell whether all manifests, or where there is none all files, were written longer ago."""
    known = [key for key in keys if not FILE.fullmatch(key)] or keys
    try:
        return all(datetime.now(UTC) - work.stat(key).modified_at > age for key in known)
    except ObjectNotFoundError:  # another process removes them
        return False


def _given_up(work: Store, keys: list[str]) -> list[str]:
    """Return the files of versions that were begun long ago and that no manifest names, nor ever will."""
    old = f"{datetime.now(UTC) - _ABANDONED:{VERSION_TIME}}"
    found = [match for match in map(FILE.fullmatch, keys) if match and match["begun"] < old]
    leaving = {
        (step, version)
        for step, version in {(match["step"], match["version"]) for match in found}
        if claim(work, step, version, REMOVED) or named_version(work, step) not in {None, version}
    }
    return [match.string for match in found if (match["step"], match["version"]) in leaving]
