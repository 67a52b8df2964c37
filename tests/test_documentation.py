"""The documents keep up with the code: commands that exist are documented, documented things exist."""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parent.parent
SERVICES = ["image_classifier", "recs_batch", "sentiment_minibatch"]
DOCUMENTS = sorted(
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if (ROOT / name).exists()
)


@pytest.mark.parametrize("service", SERVICES)
def test_every_command_of_a_service_is_in_its_readme(service: str) -> None:
    text = (ROOT / service / "README.md").read_text()
    group = importlib.import_module(f"{service}.cli").main
    missing = [
        name for name in _command_names(group) if not re.search(rf"(?:python -m {service} |`){re.escape(name)}\b", text)
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_service_command_in_a_document_exists(document: Path) -> None:
    for service, command in re.findall(r"python -m (\w+) ([a-z][\w-]*)", document.read_text()):
        if service in SERVICES:
            group = importlib.import_module(f"{service}.cli").main
            assert command in group.commands, f"{service} has no command {command}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_in_a_document_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`|[A-Z_]+=\S+ )make ([a-z][a-z-]+)", document.read_text(), flags=re.MULTILINE))
    assert named - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_local_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "Makefile"], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_to_be_typed_works_on_a_mac_too(document: Path) -> None:
    only_in_gnu = (
        r"base64 -w|xargs (?:-r|--no-run)|sed -i(?! '')|readlink -f|stat -c|date -d|grep -P|\bnproc\b|sha256sum"
    )
    assert re.findall(only_in_gnu, document.read_text()) == []


def test_make_help_lists_every_target_that_a_person_calls() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"^\.PHONY: ([a-z-]+)$", text, flags=re.MULTILINE))
    # Make called by make, as `make test` does here, would print its folder as well.
    listing = ["make", "--no-print-directory", "help"]
    shown = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert phony == {line.split()[0] for line in shown.splitlines()}


def _command_names(group: click.Group, prefix: str = "") -> list[str]:
    names: list[str] = []
    for name in group.commands:
        command = group.get_command(click.Context(group), name)
        names += _command_names(command, f"{prefix}{name} ") if isinstance(command, click.Group) else [prefix + name]
    return names
