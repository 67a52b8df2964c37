"""The scorer beside VADER, FinVADER's lists and scikit-learn: CPU time a message, and how good, on messages with marks.

    make bench-scoring MESSAGES=messages.csv

The file has text and label. scikit-learn is TF-IDF of words and letters with logistic regression; its AUC is of each
fifth by a model that was fitted on the others.
Without a file the generator's messages are timed, and nothing is said of how good anything is.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline, make_union

from sentiment_minibatch.generator import StreamSettings
from sentiment_minibatch.generator_messages import messages as made_up
from sentiment_minibatch.scoring.artifact import SHIPPED, load_scorer
from sentiment_minibatch.scoring.labelled import LabelledMessages, groups_by_ticker, read_labelled
from sentiment_minibatch.scoring.measures import roc_auc_interval
from sentiment_minibatch.scoring.peers import peers
from sentiment_minibatch.scoring.scorer import Scorer

_FOLDS = 5
_ROUNDS = 5
_PEER_MESSAGES = 2_000


def main() -> None:
    """Print the figures."""
    labelled = read_labelled(sys.argv[1]) if len(sys.argv) > 1 else None
    texts = labelled.texts if labelled else _made_up_texts()
    scorer = load_scorer(SHIPPED)
    size = (SHIPPED / "model.json").stat().st_size
    print(f"artifact: {size / 1e6:.2f} MB, loads in {1e3 * _cpu_seconds(lambda: load_scorer(SHIPPED)):.0f} ms of CPU")
    _say_time("scorer, in batches", lambda some: _each(scorer.score, some), texts)
    _say_time("scorer, singly, words not remembered", lambda some: _cold(scorer, some), texts[:1_000])
    for name, score in peers():
        _say_time(name, lambda some, score=score: _each(score, some), texts[:_PEER_MESSAGES])
    if labelled is None:
        return
    fitted = _scikit_learn().fit(labelled.texts, labelled.bullish)
    _say_time("scikit-learn, in batches", fitted.decision_function, texts)
    _say_time("scikit-learn, singly", lambda some: [fitted.decision_function([text]) for text in some], texts[:300])
    _say_quality(labelled)


def _say_quality(labelled: LabelledMessages) -> None:
    print(f"AUC (95% interval) of {len(labelled.texts):,} messages, each by a model that has not seen it")
    for name, score in peers():
        print(f"  {name:34} {roc_auc_interval(np.array([score(text) for text in labelled.texts]), labelled.bullish)}")
    groups = groups_by_ticker(labelled.texts)
    texts = np.array(labelled.texts, dtype=object)
    for what, folds in (
        ("its tickers seen", StratifiedKFold(_FOLDS, shuffle=True, random_state=1).split(texts, labelled.bullish)),
        ("its tickers not seen", GroupKFold(_FOLDS).split(texts, groups=groups)),
    ):
        odds = np.zeros(len(texts))
        for seen, held_out in folds:
            model = _scikit_learn().fit(texts[seen], labelled.bullish[seen])
            odds[held_out] = model.decision_function(texts[held_out])
        print(f"  {'scikit-learn, ' + what:34} {roc_auc_interval(odds, labelled.bullish)}")
    print("  the scorer's own: cross-validation in scoring/shipped/artifact.json")


def _scikit_learn() -> object:
    words = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2))
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True)
    return make_pipeline(make_union(words, letters), LogisticRegression(C=3, solver="liblinear"))


def _each(score: Callable[[str], object], texts: Sequence[str]) -> None:
    for text in texts:
        score(text)


def _cold(scorer: Scorer, texts: Sequence[str]) -> None:
    for text in texts:
        scorer.score(text)
        scorer._gram_sums.clear()


def _say_time(name: str, score: Callable[[Sequence[str]], object], texts: Sequence[str]) -> None:
    best = min(_cpu_seconds(lambda: score(texts)) for _ in range(_ROUNDS))
    print(f"{name:36} {1e6 * best / len(texts):8.1f} microseconds of CPU a message")


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _made_up_texts() -> list[str]:
    return [message.text for message in made_up(StreamSettings(messages=10_000)) if message.text]


if __name__ == "__main__":
    main()
