"""The page at /, in a real browser, on a desktop and a phone, in both colour schemes, over the real service."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from common.storage import open_store, rollback
from recs_batch.arms import arm_of, names_of
from tests.recs_batch.command_line import DATE, succeed
from tests.recs_batch.serving.conftest import Nights

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


class Served(NamedTuple):
    """A running service, the folder of its store, and its first process."""

    address: str
    store: Path
    pid: int


@contextmanager
def _serving(store: Path, port: int) -> Iterator[Served]:
    """`python -m recs_batch serve` with two workers, over a store, until it is told to stop."""
    command = [sys.executable, "-m", "recs_batch", "serve", "--port", str(port), "--poll-seconds", "0.2"]
    server = subprocess.Popen(command, env=os.environ | {"STORE_URI": str(store), "LOG_LEVEL": "WARNING"})
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            with urlopen(f"{address}/readyz"):
                break
        except (URLError, OSError):
            time.sleep(0.2)
    yield Served(address, store, server.pid)
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=40) == 0


@pytest.fixture(scope="module")
def served(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    store = shutil.copytree(nights.store, tmp_path_factory.mktemp("served") / "store")
    with _serving(store, 18000 + os.getpid() % 2000) as service:
        yield service


def test_all_workers_follow_the_pointer_and_their_metrics_add_up(served: Served, nights: Nights) -> None:
    store = open_store(str(served.store))
    for run in (nights.first, nights.second):
        rollback(store, "recs", run)
        deadline, seen = time.monotonic() + 60, set()
        while time.monotonic() < deadline and seen != {run}:
            time.sleep(0.3)
            seen = {_run_of(served.address) for _ in range(20)}
        assert seen == {run}
    for worker in Path(f"/proc/{served.pid}/task/{served.pid}/children").read_text().split():
        os.kill(int(worker), signal.SIGTERM)
    assert _run_of(served.address) == nights.second
    with urlopen(f"{served.address}/metrics") as response:
        assert "recs_store_readable 1.0" in response.read().decode()


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_user_is_chosen_and_compared_with_another_night(
    browser: Browser, served: Served, nights: Nights, viewport: dict, scheme: str
) -> None:
    page = browser.new_page(viewport=viewport, color_scheme=scheme)
    errors = _errors_of(page)
    page.goto(served.address)
    expect(page.locator("#night")).to_contain_text("2026-10-31", timeout=30_000)
    page.locator("#user").fill("1")
    page.locator("button").click()
    expect(page.locator("#users li")).to_have_count(5, timeout=30_000)
    expect(page.locator("#rooms li")).to_have_count(5)
    assert page.locator("#users li .bar").first.locator("span").count() > 1
    assert page.locator("#users li .bar span").first.bounding_box()["width"] > 3
    page.locator("#of").select_option(nights.first)
    expect(page.locator("#status")).to_have_text("user 1", timeout=30_000)
    assert page.locator("#users .moved").count() == 5
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    ink, paper = (page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor"))
    assert (_brightness(ink) > _brightness(paper)) == (scheme == "dark")
    assert errors == []
    page.locator("#user").fill("424242")
    page.locator("button").click()
    expect(page.locator("#status")).to_contain_text("knew no user 424242", timeout=30_000)
    page.close()


@needs_browser
def test_a_user_of_an_experiment_is_shown_with_their_arm(
    browser: Browser, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECS_ARMS", json.dumps({"bold": {"filter_users": {"own": 1}}}))
    places = ("--tables", tables, "--work", tmp_path / "work", "--store", tmp_path / "store")
    succeed("run", "--date", DATE, *places, "--no-evaluate")
    names = names_of(["bold"])
    with _serving(tmp_path / "store", 20000 + os.getpid() % 2000) as service:
        page = browser.new_page()
        page.goto(service.address)
        for arm in names:
            user = next(user for user in range(1, 200) if arm_of(user, names) == arm)
            page.locator("#user").fill(str(user))
            page.locator("button").click()
            expect(page.locator("#status")).to_have_text(f"user {user}, in the arm {arm}", timeout=30_000)
        page.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def _errors_of(page: Page) -> list[str]:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    return errors


def _brightness(colour: str) -> int:
    return sum(int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])


def _run_of(address: str) -> str:
    with urlopen(f"{address}/readyz") as response:
        return json.load(response)["run"]
