"""Answers: what the night published for somebody it knew, and what it would recommend to somebody it did not."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from recs_batch.arms import CONTROL, arm_of
from recs_batch.graph.found import ROOM
from recs_batch.graph.ids import is_id
from recs_batch.graph.one_user import Links, OneUser, Ways, newcomer_links
from recs_batch.parameters import Kind
from recs_batch.published import Published
from recs_batch.recommendations import REASONS
from recs_batch.serving.publications import Publication

_MOST_REASONS = 15


def known_user(publication: Publication, kind: Kind, user: int, limit: int) -> dict[str, Any] | None:
    """Return what was published for a user, None if the night did not know them."""
    items = publication.lookups[kind].of(user, limit)
    if not items and not publication.knows(user):
        return None
    return _answer(publication, kind, user, arm_of(user, publication.arms), items)


def earlier(published: Published, kind: Kind, user: int, limit: int) -> dict[str, Any]:
    """Return what another publication than the latest has for a user, read from its Parquet files."""
    metadata = published.manifest.metadata
    rows = published.rows(kind, user)[:limit]
    items = [
        {"rank": row["rank"], "id": row["item_id"], "score": row["score"], "reasons": row["reasons"]} for row in rows
    ]
    head = {"night": metadata["night"], "run": published.manifest.run, "date": metadata["date"]}
    head["arm"] = arm_of(user, published.arm_names)
    return {"user": user, "kind": kind} | head | {"items": items}


def newcomer(publication: Publication, kind: Kind, follows: list[int], rooms: list[int], limit: int) -> dict[str, Any]:
    """Return what links lead to, by the formula and the similarities of the night, in an experiment of its control.

    Links to whom or what the night did not know, or knew to be inactive, count nothing; `ignored` names them.
    """
    model = publication.models[kind]
    (users, strange_users), (places, strange_rooms) = (
        _found(model, "users", follows),
        _found(model, "rooms", rooms),
    )
    links = newcomer_links(users, places, kind, publication.parameters)
    items = _best(model, links, users if kind == "users" else places, limit)
    ignored = {"follows": strange_users, "rooms": strange_rooms}
    return _answer(publication, kind, None, CONTROL if publication.arms else None, items) | {"ignored": ignored}


def _answer(
    publication: Publication, kind: Kind, user: int | None, arm: str | None, items: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "user": user,
        "kind": kind,
        "night": publication.night,
        "run": publication.run,
        "date": publication.date,
        "arm": arm,
        "items": items,
    }


def _best(model: OneUser, links: Links, linked: npt.NDArray[np.int32], limit: int) -> list[dict[str, Any]]:
    """Return the items with the greatest scores, ties by index, and then what is popular."""
    ways = model.ways_of(links)
    items, scores = model.scores(ways)
    allowed = ~np.isin(items, linked) & (scores > 0)
    items, scores = items[allowed], scores[allowed]
    best = _greatest(scores, limit)
    ids = model.ids[model.kind]
    found = [
        {"id": int(ids[item]), "score": int(score) / model.unit, "reasons": _reasons(model, ways, int(item))}
        for item, score in zip(items[best], scores[best], strict=True)
    ]
    if len(found) < limit:
        for item, count in model.popular(np.concatenate([linked, items]), limit - len(found)):
            reason = {"kind": "overall", "id": None, "weight": float(count)}
            found.append({"id": int(ids[item]), "score": 0.0, "reasons": [reason]})
    return [{"rank": rank} | item for rank, item in enumerate(found, start=1)]


def _greatest(scores: npt.NDArray[np.int64], limit: int) -> npt.NDArray[np.int64]:
    """Return the places of the greatest scores, ties by place."""
    among = np.arange(len(scores))
    if len(scores) > limit:
        among = np.flatnonzero(scores >= np.partition(scores, -limit)[-limit])
    return among[np.argsort(-scores[among], kind="stable")][:limit]


def _reasons(model: OneUser, ways: Ways, item: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": REASONS[kind],
            "id": int(model.ids["rooms" if kind == ROOM else "users"][index]),
            "weight": weight / model.unit,
        }
        for kind, index, weight in model.reasons(ways, item)[:_MOST_REASONS]
    ]


def _found(model: OneUser, side: Kind, wanted: list[int]) -> tuple[npt.NDArray[np.int32], list[int]]:
    """Return the indices of what is there and active, ascending, and the ids of the rest."""
    strange = [one for one in wanted if not is_id(one)]
    ids = np.unique(np.array([one for one in wanted if is_id(one)], np.int64))
    places = np.searchsorted(model.ids[side], ids)
    there = places < len(model.ids[side])
    there[there] = model.ids[side][places[there]] == ids[there]
    there[there] = model.active[side][places[there]]
    return places[there].astype(np.int32), ids[~there].tolist() + strange
