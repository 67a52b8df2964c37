"""What is said when Java is missing or too old."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import ConfigurationError
from sentiment_minibatch.streaming.flink_process import check_java


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (None, "found none"),
        ('openjdk version "11.0.2" 2019-01-15', 'found openjdk version "11.0.2"'),
        ('java version "1.8.0_402"', 'found java version "1.8.0_402"'),
    ],
)
def test_java_that_is_missing_or_too_old_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str | None, found: str
) -> None:
    if told is not None:
        java = tmp_path / "java"
        java.write_text(f"#!/bin/sh\necho '{told}' >&2\n")
        java.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ConfigurationError) as error:
        check_java()
    assert found in str(error.value)
    assert "install it" in str(error.value)


def test_java_17_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"17.0.15\" 2025-04-15' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    check_java()
