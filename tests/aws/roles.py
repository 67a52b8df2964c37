"""Which role each component has, and the actions that the templates give it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.aws.calls import Call
from tests.aws.policies import actions
from tests.infra.conftest import parse

ROLES = {
    "flink": ("streaming", "FlinkRole"),
    "image-classifier": ("identity", "ClassifierRole"),
    "preprocess": ("streaming", "PreprocessRole"),
    "recs-batch": ("identity", "RecommendationsRole"),
    "recs-serving": ("identity", "ServingRole"),
    "sentiment-job": ("identity", "SentimentRole"),
    "sentiment-migrate": ("identity", "MigrationRole"),
    "sentiment-page": ("identity", "PageRole"),
    "sentiment-reader": ("streaming", "ReaderRole"),
}


def refused(made: Mapping[str, set[Call]]) -> list[str]:
    """Return the calls whose action their component's role lacks; resources have names of the tests' own."""
    return sorted(
        f"{component}: {call.action} on {call.resource}"
        for component in made.keys() & ROLES.keys()
        for call in made[component]
        if call.action not in allowed(component)
    )


@cache
def allowed(component: str) -> set[str]:
    template, role = ROLES[component]
    properties = parse(Path("infra", f"{template}.yaml").read_text())["Resources"][role]["Properties"]
    return {action for policy in properties["Policies"] for action in actions(policy["PolicyDocument"]["Statement"])}
