"""A SIGTERM that comes at a bad moment waits until that is over."""

from __future__ import annotations

import os
import signal
from types import FrameType

import pytest

from common.termination import termination_held_back


class _EndedError(Exception):
    pass


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise _EndedError


def _get_terminated_twice(done: list[str]) -> None:
    with termination_held_back():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("whole")


def test_it_takes_effect_after_the_block_and_once() -> None:
    before = signal.signal(signal.SIGTERM, _end)
    done: list[str] = []
    try:
        with pytest.raises(_EndedError):
            _get_terminated_twice(done)
        assert done == ["whole"]
        assert signal.getsignal(signal.SIGTERM) is _end
    finally:
        signal.signal(signal.SIGTERM, before)


def test_without_one_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with termination_held_back():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
