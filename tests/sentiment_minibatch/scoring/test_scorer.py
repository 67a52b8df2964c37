"""The model's arithmetic by hand, and what the artifact that ships makes of plain sayings."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment_minibatch.scoring.artifact import MODEL_FILE, SHIPPED, load_scorer, shipped_scorer
from sentiment_minibatch.scoring.explain import explain
from sentiment_minibatch.scoring.features import grams_of
from sentiment_minibatch.scoring.scorer import Scorer
from sentiment_minibatch.scoring.text import words_of
from tests.sentiment_minibatch.scoring.models import other_scorer, small_model


def evidence(text: str, **changes: object) -> float | None:
    return Scorer(small_model(**changes), "test").evidence(words_of(text))


def test_log_odds_are_weights_over_the_root_of_squares() -> None:
    assert evidence("good") == 1.0
    assert evidence("very good") == pytest.approx(3 / math.sqrt(2))
    assert evidence("good bad bad") == pytest.approx(-1 / math.sqrt(3))


def test_a_word_has_the_sequences_of_its_letters_and_ends() -> None:
    assert grams_of("buy") == ["<bu", "buy", "uy>", "<buy", "buy>", "<buy>"]
    assert grams_of("#bullish")[:2] == ["<#b", "#bu"]
    assert max(map(len, grams_of("#bullish"))) == 5
    assert [grams_of(kind) for kind in ("TICKER", "!!", "2")] == [[], [], []]


def test_a_negation_reaches_three_words_of_its_clause() -> None:
    assert evidence("not so good") == -0.5
    assert evidence("not! good") == 1.0
    assert evidence("not a b c good") == 1.0
    assert evidence("good not") == 1.0


def test_the_longest_phrase_of_the_lexicon_counts() -> None:
    assert evidence("short") == -2 * 10 / 25
    assert evidence("short squeeze") == 2 * 15 / 30
    assert evidence("no puts") == 2 * 6 / 21


def test_what_says_nothing_has_score_zero_whatever_the_ticker() -> None:
    scorer = other_scorer()
    assert scorer.score("$TSLA what time is it") == {"TSLA": 0.0}
    assert scorer.score("$TSLA good $F") == {"TSLA": 0.75, "F": 0.5}  # TSLA's standing is half a unit of log odds


@settings(deadline=None)
@given(st.floats(-50, 50), st.floats(-50, 50))
def test_more_evidence_is_never_a_lower_score(one: float, other: float) -> None:
    low, high = sorted((one, other))
    scorer = shipped_scorer()
    assert -1 <= scorer.score_of(low) <= scorer.score_of(high) <= 1


@pytest.mark.parametrize(
    ("bullish", "bearish"),
    [
        ("$TSLA short squeeze coming, shorts are trapped", "$TSLA I am short, this goes to zero"),
        ("$TSLA buying the dip \U0001f680", "$TSLA dumping my bags \U0001f4c9"),
        ("$TSLA loading calls", "$TSLA loading puts"),
        ("$TSLA breakout, going higher", "$TSLA breakdown, going lower"),
        ("$TSLA don&#39;t sell, it runs", "$TSLA don&#39;t buy this garbage"),
        ("$TSLA undervalued", "$TSLA overvalued"),
    ],
)
def test_the_shipped_model_reads_traders(bullish: str, bearish: str) -> None:
    score = shipped_scorer().score
    assert score(bullish)["TSLA"] > score(bearish)["TSLA"]
    assert score(bearish)["TSLA"] < 0


@pytest.mark.parametrize("text", ["$TSLA", "$TSLA $AMD https://example.com", "$TSLA @someone $4.57", "$TSLA 特斯拉"])
def test_the_shipped_model_is_silent_where_nothing_is_said(text: str) -> None:
    assert set(shipped_scorer().score(text).values()) == {0.0}


@settings(deadline=None)
@given(st.text())
def test_any_text_scores_the_same_twice_and_within_bounds(text: str) -> None:
    scores = shipped_scorer().score(f"$TSLA {text}")
    assert scores == load_once_more().score(f"$TSLA {text}")
    assert all(-1 <= score <= 1 for score in scores.values())


_second: list[Scorer] = []


def load_once_more() -> Scorer:
    if not _second:
        _second.append(load_scorer(SHIPPED))
    return _second[0]


def test_a_flood_of_different_words_leaves_scores_and_memory_as_they_are() -> None:
    scorer = load_scorer(SHIPPED)
    text = "$TSLA breakout, loading calls"
    before = scorer.score(text)
    for number in range(120):
        scorer.score("$F " + " ".join(f"q{_letters(number * 500 + word)}" for word in range(500)))
    assert scorer.score(text) == before
    assert len(scorer._gram_sums) <= 50_000


def _letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def test_an_explanation_is_what_the_score_loses_without_each_word() -> None:
    parts = explain("very good bad", other_scorer()).contributions
    whole = evidence("very good bad")
    assert whole is not None
    without = [evidence("good bad"), evidence("very bad"), evidence("very good")]
    assert [part.log_odds for part in parts] == [whole - (rest or 0) for rest in without]


def test_scoring_needs_the_standard_library_alone() -> None:
    code = (
        "import sys\n"
        "from sentiment_minibatch.scoring.message import Message, score_message\n"
        "from sentiment_minibatch.scoring.artifact import shipped_scorer\n"
        "score_message(Message('1', '2026-01-05T14:30:00Z', '$TSLA up'), shipped_scorer())\n"
        "print(sorted(name.partition('.')[0] for name in sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"numpy", "pyarrow", "sklearn", "scipy", "psycopg", "pydantic"} & set(
        json.loads(loaded.replace("'", '"'))
    )


def test_the_artifact_is_small_and_holds_no_text_longer_than_two_words() -> None:
    content = (SHIPPED / MODEL_FILE).read_text()
    model = json.loads(content)
    assert len(content) < 2_000_000
    assert all(" " not in term for term in model["terms"])
    assert all(pair.count(" ") == 1 for pair in model["pairs"])
    assert all(len(gram) <= 5 for gram in model["grams"])
