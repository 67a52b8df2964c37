"""Who imports whom, folder by folder: docs/architecture.md's picture. `python -m tests.import_graph` draws it anew."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import grimp
import networkx as nx

PACKAGES = ("common", "demo", "image_classifier", "operations", "recs_batch", "sentiment_minibatch")
PAGE = Path("docs/architecture.md")
START, END = "<!-- import graph -->\n", "<!-- end of import graph -->\n"


def imports() -> dict[str, set[str]]:
    """Return the folders that each folder's modules import."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True)
    found: dict[str, set[str]] = {_folder(module): set() for module in graph.modules}
    for module in graph.modules:
        found[_folder(module)] |= {_folder(used) for used in graph.find_modules_directly_imported_by(module)}
    return {folder: used - {folder} for folder, used in sorted(found.items())}


def circles() -> list[list[str]]:
    """Return the groups of modules that import each other in a circle."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True)
    used = nx.DiGraph(
        (module, other) for module in graph.modules for other in graph.find_modules_directly_imported_by(module)
    )
    return [sorted(circle) for circle in nx.strongly_connected_components(used) if len(circle) > 1]


def drawn(uses: dict[str, set[str]]) -> str:
    """Return the picture, in Mermaid's language."""
    lines = ["```mermaid", "flowchart LR"]
    for package, folders in groupby(uses, key=lambda folder: folder.split(".")[0]):
        lines += [f"  subgraph {package}_[{package}]", *(f"    {folder}" for folder in folders), "  end"]
    lines += [f"  {folder} --> {used}" for folder in uses for used in sorted(uses[folder])]
    return "\n".join([*lines, "```\n"])


def page_with(picture: str) -> str:
    """Return the page with this picture in its place."""
    before, _, rest = PAGE.read_text().partition(START)
    return before + START + picture + END + rest.partition(END)[2]


def _folder(module: str) -> str:
    path = Path(*module.split("."))
    return module if path.is_dir() else module.rpartition(".")[0]


if __name__ == "__main__":
    PAGE.write_text(page_with(drawn(imports())))
