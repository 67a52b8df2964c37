"""The commands: what they print, for people and for programs, and the codes they end with."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from image_classifier.artifact import Artifact, save_artifact


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "image_classifier", *arguments], capture_output=True, text=True)


def test_predict_answers_what_it_can_and_its_code_tells_what_was_wrong(tmp_path: Path, chart: bytes) -> None:
    (tmp_path / "chart.png").write_bytes(chart)
    (tmp_path / "text.png").write_text("no image")
    files = [str(tmp_path / name) for name in ("chart.png", "text.png", "missing.png")]
    done = run("predict", "--json", *files)
    assert done.returncode == 66
    answer, broken, missing = (json.loads(line) for line in done.stdout.splitlines())
    assert answer["class"] == "chart"
    assert {"probability", "confident", "neither", "familiarity"} < set(answer)
    assert "not an image" in broken["problem"]
    assert missing == {"image": files[2], "problem": "No such file or directory"}
    assert run("predict", *files[:2]).returncode == 65
    assert run("predict", files[0]).returncode == 0


@pytest.mark.skipif(find_spec("tensorflow") is not None, reason="this environment can train")
@pytest.mark.parametrize("command", [["train", "--out", "x"], ["tune", "--study", "s.db", "--best", "b.json"]])
def test_training_where_it_is_not_installed_is_one_line(tmp_path: Path, command: list[str]) -> None:
    done = run(*command, "--data", str(tmp_path))
    assert done.returncode == 78
    assert "make install-training" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("model", "side", "words"), [(b"garbled", 128, "not a LiteRT model"), (None, 96, "from side 96")]
)
def test_an_unfit_model_is_one_line(
    tmp_path: Path, artifact: Artifact, model: bytes | None, side: int, words: str
) -> None:
    described = {k: v for k, v in artifact.description.items() if k not in {"model", "classes"}}
    described["preprocessing"] = {**described["preprocessing"], "side": side}
    save_artifact(tmp_path, model or artifact.model, described)
    done = run("predict", "--artifact", str(tmp_path), "x.png")
    assert done.returncode == 65
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
