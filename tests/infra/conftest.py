"""The templates of infra/, parsed with CloudFormation's tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

TEMPLATES = sorted(path.stem for path in Path("infra").glob("*.yaml"))


class _Tags(yaml.SafeLoader):
    """`!Ref X` becomes {"Ref": "X"}, `!GetAtt X.Y` {"GetAtt": "X.Y"} and so on."""


def _tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


_Tags.add_multi_constructor("!", _tag)


def parse(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.load(text, Loader=_Tags)
    return parsed


@pytest.fixture(params=TEMPLATES)
def template(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each template in turn."""
    return parse(Path("infra", f"{request.param}.yaml").read_text())
