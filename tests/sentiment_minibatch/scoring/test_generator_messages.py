"""Made-up messages say what the scores of the same stream say."""

from __future__ import annotations

import numpy as np

from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.generator_messages import messages
from sentiment_minibatch.scores import score_micros_of, symbol_of
from sentiment_minibatch.scoring.artifact import shipped_scorer

STREAM = StreamSettings(messages=4_000, minutes=10, symbols=40, broken_share=0.01)


def test_the_same_settings_make_the_same_messages_with_the_scores_numbers_and_times() -> None:
    made = list(messages(STREAM))
    assert made == list(messages(STREAM))
    scores = list(deliveries(STREAM))
    assert [(one.message_id, one.created_at) for one in made] == [(one.message_id, one.created_at) for one in scores]


def test_the_model_reads_in_them_what_they_were_made_to_say() -> None:
    meant, read = [], []
    for message, delivery in zip(messages(STREAM), deliveries(STREAM), strict=True):
        micros, symbol = score_micros_of(delivery.score or ""), symbol_of(delivery.symbol or "")
        if message.text and micros is not None and symbol:
            meant.append(micros / 1e6)
            read.append(shipped_scorer().score(message.text)[symbol])
    assert np.corrcoef(meant, read)[0, 1] > 0.75
    assert np.mean(np.array(read) == 0) > 0.15  # many messages take no side
