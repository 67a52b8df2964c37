"""Notebooks ship with what they print: `python -m tests.notebooks` runs them and keeps it, the tests compare.

Times, addresses in memory and on disk, and pictures differ from run to run and are not compared. What a notebook shows
of data of a reader's own is never kept: here they run on made-up data.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "notebooks"
_DIFFERS = re.compile(
    r"datetime\.datetime\([^)]*\)|\d{4}-\d\d-\d\d[T ][\d:.+Z-]+|0x[0-9a-f]+|/tmp/\S+|\d+(\.\d+)? ?(ms|seconds|s)\b"
)


def executed(path: Path) -> Any:
    """Return a notebook as it is after running from top to bottom. Raises the error that a cell ended with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own libraries
        import nbformat
        from nbclient import NotebookClient

        os.environ["PYTHONPATH"] = str(FOLDER.parent)
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=280, kernel_name="python3", record_timing=False).execute()
    return notebook


def stored(path: Path) -> Any:
    """Return a notebook as it is kept."""
    import nbformat

    return nbformat.read(path, as_version=4)


def shown(notebook: Any) -> list[str]:
    """Return what each cell of code shows, without what differs from run to run."""
    return [
        "".join(_DIFFERS.sub("…", _text(output)) for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def _text(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text) if output.name == "stdout" else ""
    pictures = [kind for kind in output.data if kind.startswith("image/")]
    return "a picture" if pictures else str(output.data.get("text/html") or output.data["text/plain"])


def keep(path: Path) -> None:
    """Run a notebook and write it with what it shows, but for standard error."""
    import nbformat

    notebook = executed(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.ipynb")):
        keep(FOLDER / f"{name}.ipynb")
