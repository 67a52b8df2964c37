"""The commands of `python -m recs_batch`; each is a module of `commands/`, the steps of a night share one."""

from __future__ import annotations

from common.commands import Commands

_STEPS = {
    "specify": "Begin a night: decide what it is to do.",
    "engagement": "Check the tables and count who engages with whom and what.",
    "filter-users": "Compute the similarities that lead to users.",
    "filter-rooms": "Compute the similarities that lead to rooms.",
    "follow-recs": "Recommend users to every user.",
    "room-recs": "Recommend rooms to every user.",
    "evaluate": "Compare what is published with baselines on the last days.",
    "publish": "Make the recommendations the latest publication, and remove what is old.",
}

main = Commands(
    "recs_batch",
    {
        "generate": "Write a synthetic network's tables as Parquet.",
        "run": "Begin a night, or go on with it, take every step and publish.",
        "backfill": "Run and publish each of several days.",
        **_STEPS,
        "show": "Print the latest recommendations of a few users.",
        "explain": "Tell why an item is recommended to a user.",
        "why-not": "Tell why an item is not recommended to a user.",
        "compare": "Compare two publications: what changed, for whom, and why.",
        "serve": "Answer over HTTP from the latest publication.",
        "publications": "List the publications.",
        "rollback": "Make an earlier publication the latest again.",
        "prune": "Remove old publications and partitions.",
    },
    about="Nightly recommendations: whom to follow and which rooms to join.",
    together={"steps": _STEPS},
)
