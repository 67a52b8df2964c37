"""The matrix P of similarities: from every user and room that links lead to, to the items of a kind.

P = (A'A * Di^-1/2 * Dj^-popularity)^power, elementwise, where A is J with every row divided by the root of its sum, and
Di and Dj are the sums of J's columns; a linear graph filter (Shen et al., How powerful is graph convolution for
recommendation?, CIKM 2021) with the power of Park et al. (Turbo-CF, SIGIR 2024). Sums are of whole numbers, and powers
are products of square roots, which IEEE 754 rounds alike everywhere, in the same order: so are the bytes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recs_batch.graph.files import Positions
from recs_batch.graph.links import SCALE, UNITS_PER_LINK

UNITS_PER_SIMILARITY = 1 << 22
SCALE_OF_SUMS = 1.0 / (SCALE * SCALE)
VALUE_BITS = 26  # a similarity of 16 or more counts 16
READ = 4_000  # similarities of a source that all who are linked to it read together, where that is many
SMALL = 22_000_000  # links: on a network of a tenth of these sources keep 100 similarities, of a twentieth 400
FEWEST, MOST = 50, 1000  # similarities that a source keeps
Reals = npt.NDArray[np.float64]
Keys = npt.NDArray[np.int64]


def limits_of(members: Positions, links: int) -> Positions:
    """Return how many similarities sources keep that have so many members, on a network of so many links.

    The more read them, the fewer, so that work grows with the sources; a small network can afford more.
    """
    affordable = (SMALL // max(links, 1)) ** 2
    return np.clip(np.maximum(READ // np.maximum(members, 1), affordable), FEWEST, MOST)


def eighth_power(values: Reals, eighths: int) -> Reals:
    """Return values to the power of eighths / 8, at most 1: a product of roots, the greatest power first."""
    product, root = np.ones_like(values), values
    for bit in (8, 4, 2, 1):
        if eighths & bit:
            product = product * root
        root = np.sqrt(root)
    return product


def source_factors(degrees: Positions) -> Reals:
    """Return the power -1/2 of sources' degrees, 0 where there is none."""
    return _inverse(np.sqrt(degrees / UNITS_PER_LINK))


def target_factors(degrees: Positions, popularity: float) -> Reals:
    """Return the power -popularity of targets' degrees, 0 where there is none."""
    return _inverse(eighth_power(degrees / UNITS_PER_LINK, round(8 * popularity))) * (degrees > 0)


def _inverse(values: Reals) -> Reals:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
