"""The packages depend on each other in one direction, and docs/architecture.md shows it."""

from __future__ import annotations

from tests.import_graph import PAGE, circles, drawn, imports, page_with


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circles() == []


def test_the_picture_of_the_imports_is_current() -> None:
    assert page_with(drawn(imports())) == PAGE.read_text(), "draw it anew: python -m tests.import_graph"
