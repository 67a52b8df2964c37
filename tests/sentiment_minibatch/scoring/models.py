"""A small model by hand, whose scores can be worked out on paper."""

from __future__ import annotations

from typing import Any

from sentiment_minibatch.scoring.scorer import Scorer


def small_model(**changes: Any) -> dict[str, Any]:
    """Return a model that knows the words good and bad, and what a lexicon of two phrases says."""
    model: dict[str, Any] = {
        "base_rate": 0.5,
        "bias": 0.0,
        "terms": {"good": [1_000, 100], "bad": [-1_000, 100], "NOT_good": [-500, 100]},
        "pairs": {"very good": [2_000, 100]},
        "grams": {},
        "lexicon": {"strengths": {"moon": 3, "short squeeze": 3, "short": -2, "puts": -2}, "weights": [2.0, -2.0, 0.0]},
        "speaking": ["good", "bad"],
        "standings": {"TSLA": 500},
        "curve": {"steps": 1, "scores": [-1.0, -0.5, 0.0, 0.5, 1.0]},
    }
    return {**model, **changes}


def other_scorer() -> Scorer:
    """Return a scorer that is not the one that ships."""
    return Scorer(small_model(), "other")
