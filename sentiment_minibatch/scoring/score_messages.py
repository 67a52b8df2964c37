"""Messages in, scores of their tickers out: what the command `score` does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sentiment_minibatch.scoring.message import Message, RejectedMessageError, TickerScore, score_message
from sentiment_minibatch.scoring.scorer import Scorer

PlacedMessage = tuple[str, Message]  # where it stood, and what it says


@dataclass
class ScoringReport:
    """How many messages were read, the scores they gave, and the reasons for those that gave none."""

    messages: int = 0
    scores: int = 0
    marked: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first_place: dict[str, str] = field(default_factory=dict)

    def skip(self, reason: str, place: str) -> None:
        """Count a message that could not even be read."""
        self.messages += 1
        self.reject(reason, place)

    def reject(self, reason: str, place: str) -> None:
        """Count a message that gave no score."""
        self.reasons[reason] += 1
        self.first_place.setdefault(reason, place)

    def add(self, other: ScoringReport) -> None:
        """Add another report's numbers to this one's."""
        self.messages += other.messages
        self.scores += other.scores
        self.marked += other.marked
        self.reasons.update(other.reasons)
        self.first_place = other.first_place | self.first_place

    def __str__(self) -> str:
        return (
            f"{self.messages:,} messages, {self.scores:,} scores ({self.marked:,} by their author's mark), "
            f"{self.reasons.total():,} messages without a score"
        )


def placed(messages: Iterable[Message], source: str) -> Iterator[PlacedMessage]:
    """Yield messages with their places in a source."""
    for position, message in enumerate(messages, 1):
        yield f"{source}, {position:,}", message


def score_messages(messages: Iterable[PlacedMessage], scorer: Scorer, report: ScoringReport) -> Iterator[TickerScore]:
    """Yield the scores of messages in their order and count in `report` what becomes of them."""
    for place, message in messages:
        report.messages += 1
        try:
            scores = score_message(message, scorer)
        except RejectedMessageError as error:
            report.reject(str(error), place)
            continue
        report.scores += len(scores)
        report.marked += len(scores) if scores[0].mark else 0
        yield from scores
