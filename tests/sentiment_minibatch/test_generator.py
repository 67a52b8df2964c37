from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

from sentiment_minibatch.generator import Arrival, StreamSettings, arrivals, deliveries
from sentiment_minibatch.scores import RejectedDeliveryError, Score, judge, time_of
from sentiment_minibatch.tickers import MOST_SYMBOLS, symbol_names

SETTINGS = StreamSettings(messages=20_000, minutes=30, symbols=300)
STREAM: list[Arrival] = list(arrivals(SETTINGS))
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def judged() -> tuple[list[Score], list[str]]:
    scores, reasons = [], []
    for _, delivered in STREAM:
        try:
            scores.append(judge(delivered, NOW))
        except RejectedDeliveryError as error:
            reasons.append(str(error))
    return scores, reasons


def test_the_same_seed_gives_the_same_stream() -> None:
    assert list(deliveries(SETTINGS)) == [arrival.delivery for arrival in STREAM]
    assert list(islice(deliveries(StreamSettings(seed=2)), 10)) != list(islice(deliveries(StreamSettings(seed=1)), 10))


def test_deliveries_come_in_the_order_of_their_arrival() -> None:
    times = [arrival.at for arrival in STREAM]
    assert times == sorted(times)


def test_it_holds_as_many_distinct_messages_as_were_asked_for() -> None:
    scores, _ = judged()
    assert len({(score.message_id, score.symbol) for score in scores}) == SETTINGS.messages


def test_some_are_late_out_of_order_repeated_contradicted_and_broken() -> None:
    scores, reasons = judged()
    delays = [
        arrival.at - created
        for arrival in STREAM
        if (created := time_of(arrival.delivery.created_at or "")) and not arrival.delivery.message_id.startswith("9")
    ]
    late = sum(delay > timedelta(minutes=6) for delay in delays)
    assert 0.005 * SETTINGS.messages < late < 0.015 * SETTINGS.messages
    assert max(delays) <= timedelta(hours=1, minutes=6)
    contents: dict[int, set[Score]] = {}
    for score in scores:
        contents.setdefault(score.message_id, set()).add(score)
    assert len(scores) > SETTINGS.messages
    assert any(len(different) == 2 for different in contents.values())
    assert {reason.split()[0] for reason in reasons} == {"message_id", "symbol", "score", "created_at"}


def test_popularity_follows_a_power_law() -> None:
    scores, _ = judged()
    volumes = sorted(Counter(score.symbol for score in scores).values(), reverse=True)
    assert volumes[0] > 20 * volumes[len(volumes) // 2]


def test_without_faults_the_stream_is_clean_and_nearly_in_order() -> None:
    clean = StreamSettings(
        messages=2_000, late_share=0, out_of_order_share=0, duplicate_share=0, conflict_share=0, broken_share=0
    )
    scores = [judge(delivered, NOW) for delivered in deliveries(clean)]
    assert len(scores) == 2_000
    assert {score.message_id for score in scores} == set(range(1, 2_001))


def test_symbol_names_are_all_different() -> None:
    names = symbol_names(MOST_SYMBOLS)
    assert len(set(names)) == len(names) == MOST_SYMBOLS
    assert symbol_names(3) == names[:3]
