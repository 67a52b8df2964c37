"""The 2019 form of recommendations, as bytes of CSV: one line per user, its lists as JSON in quotes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.recommendations import REASONS, Recommendations

Bytes = npt.NDArray[np.uint8]

HEADER = b"user_id,recommendations,recommendation_weights,recommendation_reasons\n"
_OVERALL = REASONS.index("overall")
_LONGEST_INTEGER = 20
_LONGEST_NUMBER = 30
_DECIMALS = 6


def csv_lines(found: Recommendations) -> bytes:
    """Return a line for each user of a block: items, scores (at most 6 decimals, rounded half up), ids of reasons."""
    most = len(found.user) * (2 * _LONGEST_INTEGER + _LONGEST_NUMBER + 16) + len(found.reason) * (_LONGEST_INTEGER + 2)
    buffer = np.empty(most + 64, np.uint8)
    length = _write_lines(
        found.user, found.item, found.score, found.starts, found.reason_kind, found.reason, found.unit, buffer
    )
    return buffer[:length].tobytes()


@njit(cache=True, nogil=True)
def _write_lines(
    user: npt.NDArray[np.int64],
    item: npt.NDArray[np.int64],
    score: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    kind: npt.NDArray[np.int8],
    reason: npt.NDArray[np.int64],
    unit: int,
    buffer: Bytes,
) -> int:
    end, first = 0, 0
    while first < len(user):
        last = first
        while last < len(user) and user[last] == user[first]:
            last += 1
        end = _write_integer(user[first], buffer, end)
        end = _write_text((44, 34, 91), buffer, end)  # ,"[
        for row in range(first, last):
            end = _separate(row > first, buffer, end)
            end = _write_integer(item[row], buffer, end)
        end = _write_text((93, 34, 44, 34, 91), buffer, end)  # ]","[
        for row in range(first, last):
            end = _separate(row > first, buffer, end)
            end = _write_decimal(score[row], unit, buffer, end)
        end = _write_text((93, 34, 44, 34, 91), buffer, end)
        for row in range(first, last):
            end = _separate(row > first, buffer, end)
            buffer[end] = 91
            end += 1
            for place in range(starts[row], starts[row + 1]):
                if kind[place] != _OVERALL:
                    end = _separate(place > starts[row], buffer, end)
                    end = _write_integer(reason[place], buffer, end)
            buffer[end] = 93
            end += 1
        end = _write_text((93, 34, 10), buffer, end)
        first = last
    return end


@njit(cache=True, nogil=True)
def _write_text(text: tuple[int, ...], buffer: Bytes, end: int) -> int:
    for character in text:
        buffer[end] = character
        end += 1
    return end


@njit(cache=True, nogil=True)
def _separate(needed: bool, buffer: Bytes, end: int) -> int:
    return _write_text((44, 32), buffer, end) if needed else end


@njit(cache=True, nogil=True)
def _write_integer(value: int, buffer: Bytes, end: int) -> int:
    magnitude = np.uint64(value)
    if value < 0:
        buffer[end] = 45
        end += 1
        magnitude = np.uint64(0) - magnitude
    start = end
    while magnitude > np.uint64(0) or end == start:
        buffer[end] = np.uint8(48) + np.uint8(magnitude % np.uint64(10))
        magnitude //= np.uint64(10)
        end += 1
    low, high = start, end - 1
    while low < high:
        buffer[low], buffer[high] = buffer[high], buffer[low]
        low, high = low + 1, high - 1
    return end


@njit(cache=True, nogil=True)
def _write_decimal(value: int, unit: int, buffer: Bytes, end: int) -> int:
    """Write value / unit, which is not negative."""
    scale = 10**_DECIMALS
    fraction = (value % unit * scale + unit // 2) // unit
    end = _write_integer(value // unit + fraction // scale, buffer, end)
    fraction %= scale
    buffer[end] = 46
    end += 1
    for _ in range(_DECIMALS):
        scale //= 10
        buffer[end] = np.uint8(48) + np.uint8(fraction // scale)
        fraction %= scale
        end += 1
        if fraction == 0:
            break
    return end
