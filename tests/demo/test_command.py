"""The demo as a newcomer runs it: one process, no settings, nothing prepared."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(280)

DEMO = [sys.executable, "-m", "demo"]


def _run(directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        DEMO,
        cwd=directory,
        env=os.environ | {"COLUMNS": "120"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_all_three_products_answer_and_the_demo_ends_by_itself(tmp_path: Path) -> None:
    with socket.socket() as taken:  # the classifier's usual port, perhaps: the demo must find another
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8080))
        except OSError:
            pass
        else:
            taken.listen()
        done = _run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"val/chart/\S+ +│ chart +│ chart +│ [01]\.\d{3}", done.stdout)
    assert re.search(r"val/meme/\S+ +│ meme +│ meme +│ [01]\.\d{3}", done.stdout)
    assert "whom to follow" in done.stdout
    assert "by your links to" in done.stdout
    assert "127.0.0.1:8080" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert not _processes_in(tmp_path)


def test_a_product_that_fails_is_named_the_others_still_answer_and_the_exit_code_says_so(tmp_path: Path) -> None:
    done = _run(tmp_path, STORE_URI="s3://", LOG_LEVEL="ERROR")
    assert done.returncode == 70
    assert "expected s3://bucket/prefix" in done.stdout
    assert done.stderr == "error: recs_batch failed; see above\n"
    assert "val/meme/" in done.stdout


def test_a_terminated_demo_leaves_no_process_behind(tmp_path: Path) -> None:
    with subprocess.Popen(DEMO, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as demo:
        assert demo.stdout
        for line in demo.stdout:
            if b"POST /predict" in line:
                break
        demo.send_signal(signal.SIGTERM)
        demo.stdout.read()
        assert demo.wait(timeout=60) == 143
    assert not _processes_in(tmp_path)


def _processes_in(directory: Path) -> list[str]:
    """The command lines of processes that still work in `directory`; a server may take a moment to end."""
    for _ in range(50):
        found = [
            (process / "cmdline").read_text().replace("\0", " ")
            for process in Path("/proc").glob("[0-9]*")
            if _works_in(process, directory)
        ]
        if not found:
            return []
        time.sleep(0.2)
    return found


def _works_in(process: Path, directory: Path) -> bool:
    try:
        return (process / "cwd").resolve(strict=True).is_relative_to(directory)
    except OSError:
        return False
