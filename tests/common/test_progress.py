from __future__ import annotations

import pytest

from common import progress


def test_every_item_passes_in_order() -> None:
    assert list(progress.track(range(5), "counting")) == [0, 1, 2, 3, 4]


def test_where_no_terminal_is_watched_progress_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = iter(range(0, 1_000, 7))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(now)))
    logged: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(progress.log, "info", lambda event, **fields: logged.append((event, fields)))
    assert list(progress.track(iter("abcd"), "reading", total=4)) == list("abcd")
    assert logged == [
        ("reading", {"done": 2, "total": 4, "elapsed_s": 14.0}),
        ("reading", {"done": 4, "total": 4, "elapsed_s": 28.0}),
    ]
