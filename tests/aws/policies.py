"""What a role of the templates allows, by IAM's rules as far as the templates use them; anything else is an error.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html. moto's own knows no
conditions; PyPI's parliament, policyuniverse, policy-sentry and cloudsplaining lint or expand and decide nothing; npm's
iam-simulate decides, but needs Node. This is what is left of one for roles that only allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tests.aws.calls import Call

Statement = Mapping[str, Any]


def allows(statements: Sequence[Statement], call: Call) -> bool:
    return any(permits(statement, call) for statement in statements)


def permits(statement: Statement, call: Call) -> bool:
    assert statement["Effect"] == "Allow", "only what allows is understood here"
    assert not {"NotAction", "NotResource"} & statement.keys()
    return (
        any(fnmatchcase(call.action, action) for action in listed(statement["Action"]))
        and any(fnmatchcase(call.resource, resource) for resource in listed(statement["Resource"]))
        and all(_holds(condition, call) for condition in conditions(statement))
    )


def actions(statements: Sequence[Statement]) -> set[str]:
    return {action for statement in statements for action in listed(statement["Action"])}


def conditions(statement: Statement) -> Iterator[tuple[str, str, list[str]]]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, listed(values)


def listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _holds(condition: tuple[str, str, list[str]], call: Call) -> bool:
    operator, key, values = condition
    held = dict(call.context).get(key)
    assert operator in {"StringLike", "StringLikeIfExists"}, f"not understood: {operator}"
    if held is None:
        return operator.endswith("IfExists")
    return any(fnmatchcase(held, value) for value in values)
