"""`generate` as a process: the folders that training wants, the same for the same seed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path


def _generate(out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "image_classifier", "generate", "--out", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True)


def _hashes(out: Path) -> dict[str, str]:
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(out.rglob("*.png"))}


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    for name in ("first", "second"):
        assert _generate(tmp_path / name, "--count", "20", "--seed", "5").returncode == 0
    files = _hashes(tmp_path / "first")
    assert files == _hashes(tmp_path / "second")
    assert len(files) == 20
    assert {name.rsplit("/", 1)[0] for name in files} == {"train/chart", "train/meme", "val/chart", "val/meme"}


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    run = _generate(tmp_path, "--count", "10")
    assert run.returncode == 78
    assert "is not empty" in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
