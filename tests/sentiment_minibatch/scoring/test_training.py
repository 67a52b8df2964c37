"""Training on made-up messages whose right answer is known: it learns, is calibrated, and says what it came from."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from common.errors import DataError
from sentiment_minibatch.cli import main
from sentiment_minibatch.scoring.artifact import load_scorer
from sentiment_minibatch.scoring.labelled import read_labelled
from sentiment_minibatch.scoring.lexicon import read_lexicon
from sentiment_minibatch.scoring.measures import calibration_error, roc_auc, roc_auc_interval, shifted
from sentiment_minibatch.scoring.scorer import Scorer
from sentiment_minibatch.scoring.text import clean, words_of
from sentiment_minibatch.scoring.training.fitting import Hyperparameters, fit_text
from sentiment_minibatch.scoring.training.matrices import matrices_of

_FOR, _AGAINST = ("florp", "quiblet", "zander"), ("grommish", "wexel", "tarnock")
_FILLER = ["the", "a", "this", "chart", "today", "again", "with", "one", "more", "look", "at", "it", "now", "so"]


def made_up(count: int, seed: int = 1) -> list[tuple[str, str]]:
    """Messages whose side is said by words that no lexicon knows; one in ten is marked against its words."""
    random_ = random.Random(seed)
    made = []
    for number in range(count):
        bullish = random_.random() < 0.7
        word = random_.choice(_FOR if bullish else _AGAINST)
        text = " ".join([f"$T{'ABCDEFGHIJ'[number % 10]}", *random_.choices(_FILLER, k=6), word, f"x{number:x}y"])
        made.append(("Bullish" if bullish ^ (random_.random() < 0.1) else "Bearish", text))
    return made


@pytest.fixture(scope="module")
def labelled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labelled") / "messages.ndjson"
    path.write_text("".join(json.dumps({"label": label, "text": text}) + "\n" for label, text in made_up(1_200)))
    return path


@pytest.fixture(scope="module")
def artifact(labelled_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("artifact")
    done = CliRunner().invoke(main, ["train-scorer", str(labelled_file), "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out


def test_a_trained_scorer_knows_its_words_and_no_others(artifact: Path) -> None:
    scorer = load_scorer(artifact)
    assert all(scorer.score(f"$ZZZ look {word}")["ZZZ"] > 0.3 for word in _FOR)
    assert all(scorer.score(f"$ZZZ look {word}")["ZZZ"] < -0.3 for word in _AGAINST)
    assert scorer.score("$ZZZ the chart") == {"ZZZ": 0.0}


def test_the_description_says_how_good_it_is_and_from_what(artifact: Path, labelled_file: Path) -> None:
    description = json.loads((artifact / "artifact.json").read_text())
    for measured in description["metrics"].values():
        value, low, high = measured["roc_auc"]
        assert 0.8 < low < value < high < 1  # one mark in ten is wrong
        assert measured["ece"] < 0.06
    assert description["provenance"]["data_sha256"] == read_labelled(str(labelled_file)).sha256


def test_an_evaluation_on_the_messages_of_its_training_says_so(
    artifact: Path, labelled_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.ndjson"
    other.write_text("".join(json.dumps({"label": label, "text": text}) + "\n" for label, text in made_up(300, seed=2)))
    said = []
    for path in (labelled_file, other):
        done = CliRunner().invoke(main, ["evaluate-scorer", str(path), "--scorer", str(artifact), "--json"])
        assert json.loads(done.stdout)["roc_auc"][0] > 0.8
        said.append("trained on" in done.stderr)
    assert said == [True, False]


def test_training_again_makes_the_same_bytes(artifact: Path, labelled_file: Path, tmp_path: Path) -> None:
    CliRunner().invoke(main, ["train-scorer", str(labelled_file), "--out", str(tmp_path)])
    assert (tmp_path / "model.json").read_bytes() == (artifact / "model.json").read_bytes()


def test_the_artifact_scores_as_the_fitted_model_does() -> None:
    """Rounding to whole numbers and adding up in another order changes a log odds by next to nothing."""
    made = made_up(600)
    texts, bullish = [text for _, text in made], np.array([label == "Bullish" for label, _ in made])
    lexicon = read_lexicon()
    matrices = matrices_of(texts, lexicon)
    fitted = fit_text(matrices, bullish, Hyperparameters())
    from sentiment_minibatch.scoring.training.export import model_of

    model = model_of(fitted, matrices, lexicon, standings={}, calibration=(1.0, 0.0), base_rate=0.5)
    scorer = Scorer({**model, "standings": {}}, "test")
    exact = fitted.log_odds(matrices)
    ours = [scorer.evidence(words_of(clean(text))) for text in texts]
    assert max(abs(odds - own) for odds, own in zip(exact, ours, strict=True) if own is not None) < 0.01


def test_repeats_of_a_message_count_once(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    rows = [f"Bullish,$F moon number {n}" for n in range(30)] + [
        f"Bearish,$F crash {w}" for w in "abcdefghijklmnopqrstu"
    ]
    path.write_text("\n".join(["label,text", *rows]))
    assert len(read_labelled(str(path), fewest=1).texts) == 1 + 21


def test_too_few_marks_are_no_training_set(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("label,text\nBullish,$F moon\n")
    with pytest.raises(DataError, match="20 of each are needed"):
        read_labelled(str(path))


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=40))
def test_the_area_is_the_share_of_pairs_in_order(pairs: list[tuple[int, bool]]) -> None:
    scores, marks = np.array([float(score) for score, _ in pairs]), np.array([mark for _, mark in pairs])
    if marks.all() or not marks.any():
        return
    wins = [(b > s) + (b == s) / 2 for b in scores[marks] for s in scores[~marks]]
    assert roc_auc(scores, marks) == pytest.approx(np.mean(wins))


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    random_ = np.random.default_rng(1)
    held = 0
    for seed in range(30):
        marks = random_.random(200) < 0.7
        scores = random_.normal(marks.astype(float), 1.0)
        _, low, high = roc_auc_interval(scores, marks, seed)
        held += low <= 0.7602 <= high  # the area of two normal distributions one deviation apart
    assert held >= 24  # 95% of 30 is 28.5


def test_who_is_always_a_tenth_too_careful_has_a_calibration_error_of_a_tenth() -> None:
    marks = np.arange(21) >= 9  # bins of three, two, two ... messages, each of one mark
    assert calibration_error(np.where(marks, 0.9, 0.1), marks) == pytest.approx(0.1)


def test_calibrated_chances_have_no_error_and_shifted_ones_follow_the_base_rate() -> None:
    random_ = np.random.default_rng(1)
    chances = random_.random(200_000)
    marks = random_.random(200_000) < chances
    assert calibration_error(chances, marks) < 0.005
    kept = marks | (random_.random(200_000) < 0.25)  # a quarter of the bearish ones
    moved = shifted(chances[kept], 0.5, 0.8)
    assert calibration_error(moved, marks[kept]) < 0.01
