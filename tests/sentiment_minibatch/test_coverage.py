"""How often the band holds the truth: tickers whose share of bullish score is known, by the database's formula."""

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

TICKERS = 6_000
Floats = NDArray[np.float64]


def tickers_means(random: np.random.Generator) -> Floats:
    """The mean scores of tickers, spread as those of the generator's stream."""
    return np.clip(random.normal(0.1, 0.18, TICKERS), -0.6, 0.8)


def true_shares(means: Floats) -> Floats:
    """The bullish share of score where scores are normal around a mean, by 0.4, cut to [-1, 1]."""
    grid = np.linspace(-2.5, 2.5, 5_001)
    weight = np.exp(-(((grid - means[:, None]) / 0.4) ** 2) / 2) * np.minimum(np.abs(grid), 1)
    shares: Floats = weight[:, grid > 0].sum(axis=1) / weight.sum(axis=1)
    return shares


def scores(random: np.random.Generator, case: str, means: Floats, messages: int) -> Floats:
    """Opinions of each ticker: those of the product's stream, or of its shares with strengths of another kind."""
    shape = (TICKERS, messages)
    if case == "own distribution":
        return np.clip(random.normal(means[:, None], 0.4, shape), -1, 1)
    strength = {
        "skewed strengths": lambda: np.minimum(random.lognormal(-2.5, 1, shape), 1),
        "a tenth strong": lambda: np.where(random.random(shape) < 0.1, 1.0, 0.05),
    }[case]()
    return strength * np.where(random.random(shape) < true_shares(means)[:, None], 1, -1)


@pytest.mark.parametrize("messages", [10, 30, 300])
@pytest.mark.parametrize("case", ["own distribution", "skewed strengths", "a tenth strong"])
@pytest.mark.parametrize("minutes", [1, 30], ids=["in one minute", "over half an hour"])
def test_the_band_holds_the_truth_in_93_to_97_of_a_hundred_tickers(
    connection: psycopg.Connection, minutes: int, case: str, messages: int
) -> None:
    random = np.random.default_rng(7)
    means = tickers_means(random)
    micros = np.rint(scores(random, case, means, messages) * 1e6).astype(np.int64)
    weight = 0.5 ** (random.integers(0, minutes, micros.shape) / 15)
    columns = (
        (weight * np.maximum(micros, 0)).sum(axis=1),
        -(weight * np.minimum(micros, 0)).sum(axis=1),
        (weight**2 * ((micros**2 + 500_000) // 1_000_000)).sum(axis=1),
        (micros != 0).sum(axis=1),
        true_shares(means) * 100,
    )
    ((held,),) = connection.execute(
        "SELECT avg((truth BETWEEN low AND high)::int)::float8"
        " FROM unnest(%s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::float8[])"
        " AS ticker (bullish, bearish, squares, opinions, truth)"
        " CROSS JOIN LATERAL sentiment.index_of(bullish, bearish, squares, opinions, 0.65, 330000)",
        [column.tolist() for column in columns],
    ).fetchall()
    assert 0.93 <= held <= 0.97
