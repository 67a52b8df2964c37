"""What an image brings compiled is used, and is never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from recs_batch.graph.built_kernels import bring_built_kernels


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where numba keeps kernels; an image's own hold one."""
    built = tmp_path / "built" / "graph_1"
    built.mkdir(parents=True)
    (built / "kernel.nbc").write_bytes(b"compiled")
    monkeypatch.setenv("BUILT_KERNELS", str(tmp_path / "built"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_built_kernels_are_copied_and_nothing_else_is_left(kept: Path) -> None:
    bring_built_kernels()
    assert (kept / "graph_1" / "kernel.nbc").read_bytes() == b"compiled"
    assert sorted(path.name for path in kept.parent.iterdir()) == ["built", "kept"]


def test_kernels_that_are_kept_already_stay(kept: Path) -> None:
    bring_built_kernels()
    (kept / "graph_1" / "kernel.nbc").write_bytes(b"compiled since")
    bring_built_kernels()
    assert (kept / "graph_1" / "kernel.nbc").read_bytes() == b"compiled since"


def test_a_process_that_another_was_faster_than_takes_what_that_brought(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept / "graph_1").mkdir(parents=True)
    (kept / "graph_1" / "kernel.nbc").write_bytes(b"the other's")
    monkeypatch.setattr(Path, "exists", lambda _: False)  # as it was a moment ago
    bring_built_kernels()
    assert (kept / "graph_1" / "kernel.nbc").read_bytes() == b"the other's"
    monkeypatch.undo()
    assert sorted(path.name for path in kept.parent.iterdir()) == ["built", "kept"]


@pytest.mark.parametrize("unset", ["BUILT_KERNELS", "NUMBA_CACHE_DIR"])
def test_without_either_folder_nothing_is_copied(kept: Path, unset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(unset)
    bring_built_kernels()
    assert not kept.exists()


def test_kernels_that_cannot_be_copied_are_compiled_again(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILT_KERNELS", str(kept.parent / "nowhere"))
    bring_built_kernels()
    assert not kept.exists()
