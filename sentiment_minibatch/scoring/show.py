"""Explanations and evaluations as tables on a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from sentiment_minibatch.scoring.evaluation import Evaluation
from sentiment_minibatch.scoring.explain import Explanation, strongest
from sentiment_minibatch.scoring.measures import Interval

_WORDS_SHOWN = 12
_LONGEST_BAR = 24


def show_explanation(explanation: Explanation, model: str) -> None:
    """Print the scores and the words that made them, in the order of their weight."""
    console = Console()
    scores = ", ".join(f"{symbol} {score:+.4f}" for symbol, score in explanation.scores.items())
    console.print(scores or f"no ticker; the words alone {explanation.text_score:+.4f}", highlight=False)
    if not explanation.says_something:
        console.print("nothing in it speaks for or against a price, so the score is 0")
        return
    table = Table(caption=f"log odds for bullish, by scorer {model}")
    table.add_column("word")
    table.add_column("makes", justify="right")
    table.add_column("")
    parts = [(part.token, part.log_odds) for part in strongest(explanation, _WORDS_SHOWN)]
    standings = [(f"{symbol}'s standing", odds) for symbol, odds in explanation.standings.items() if odds]
    for name, odds in [*parts, *standings]:
        bar = "█" * min(_LONGEST_BAR, round(abs(odds) * 4))
        table.add_row(name, f"{odds:+.2f}", f"[green]{bar}" if odds > 0 else f"[red]{bar}")
    console.print(table)


def show_evaluation(evaluation: Evaluation, others: Mapping[str, Interval]) -> None:
    """Print the figures of a scorer and those of its peers."""
    console = Console()
    table = Table(title=f"{evaluation.messages:,} messages, {evaluation.bullish:,} of them bullish")
    for heading in ("", "AUC (95% interval)", "ECE", "ECE at these messages' base rate", "says nothing"):
        table.add_column(heading)
    table.add_row(
        f"scorer {evaluation.scorer}",
        str(evaluation.roc_auc),
        f"{evaluation.calibration_error:.3f}",
        f"{evaluation.calibration_error_here:.3f}",
        f"{evaluation.silent:.1%}",
    )
    for name, interval in others.items():
        table.add_row(name, str(interval), "", "", "")
    console.print(table)
    if not others:
        console.print(
            "VADER and FinVADER are in .venv-bench-scoring, which `make bench-scoring` makes: run this there to compare"
        )
