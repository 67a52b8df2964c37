"""The page in a real browser, against the real server on a real database."""

import os
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from common.postgres import connect
from sentiment_minibatch.load import load
from tests.sentiment_minibatch.oracle import delivery, run_job
from tests.sentiment_minibatch.processes import kill, start, wait_until


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if shutil.which("chromium") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "--yes", "--no-install-recommends", "chromium"], check=False)
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here, and apt-get cannot install it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def address(url: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = start(url, "serve", "--port", str(port), "--workers", "1")

    def answers() -> bool:
        with suppress(OSError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").status == 200)
        return False

    wait_until(answers)
    yield f"http://127.0.0.1:{port}/"
    kill(server)


@pytest.fixture
def empty_page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, opened; an error of a script or a request to anywhere else fails the test."""
    context = browser.new_context(viewport={"width": 1366, "height": 900}, color_scheme="light")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request", lambda request: None if request.url.startswith((address, "data:")) else faults.append(request.url)
    )
    page.goto(address)
    yield page
    assert faults == []
    context.close()


@pytest.fixture
def page(filled: psycopg.Connection, empty_page: Page) -> Page:
    expect(empty_page.locator("#tickers tr").first).to_be_visible(timeout=20_000)
    return empty_page


def test_it_shows_the_market_the_movers_and_a_chart(page: Page) -> None:
    expect(page.locator("#status")).to_contain_text("live")
    assert 0 <= int(page.locator("#market-index").inner_text()) <= 100
    expect(page.locator("#rising li, #falling li").first).to_be_visible()
    expect(page.locator("#ticker-title")).to_have_text(page.locator("#tickers tr th").first.inner_text())
    expect(page.locator("#market-chart .scatterlayer .js-line")).not_to_have_count(0)
    expect(page.locator("#ticker-chart .barlayer .point")).not_to_have_count(0)
    expect(page.locator("#ticker-chart .js-fill")).not_to_have_count(0)  # the confidence band


def test_before_the_first_minute_it_says_so_and_then_fills_by_itself(empty_page: Page, url: str) -> None:
    expect(empty_page.get_by_role("heading", name="No data yet")).to_be_visible()
    expect(empty_page.locator("main")).to_be_hidden()
    expect(empty_page.locator("#banner")).to_be_hidden()
    with connect(url, autocommit=True) as connection:
        now = datetime.now(UTC)
        load(connection, [delivery(n, "FIRST", "0.9", now - timedelta(minutes=2)) for n in range(9)], "first")
        run_job(connection)
    expect(empty_page.locator("#ticker-title")).to_have_text("FIRST", timeout=20_000)
    expect(empty_page.locator("#empty")).to_be_hidden()


def test_it_updates_by_itself(page: Page, filled: psycopg.Connection, this_minute: datetime) -> None:
    page.evaluate("window.notReloaded = true")
    fresh = [delivery(900_000 + n, "NEWS", "0.9", this_minute - timedelta(minutes=1)) for n in range(3_000)]
    load(filled, fresh, "fresh")
    run_job(filled)
    expect(page.locator("#tickers tr th").first).to_have_text("NEWS", timeout=20_000)
    assert page.evaluate("window.notReloaded")


def test_a_ticker_is_found_and_chosen(page: Page) -> None:
    page.locator("#search").fill("$tsl")
    expect(page.locator("#tickers tr")).to_have_count(1)
    page.locator("#tickers tr").first.click()
    expect(page.locator("#ticker-title")).to_have_text("TSLA")
    assert page.url.endswith("#TSLA")
    page.get_by_role("button", name="1 h", exact=True).first.click()
    expect(page.locator("#ranges [data-hours='1']")).to_have_attribute("aria-pressed", "true")


def test_tickers_sort_by_any_column(page: Page) -> None:
    page.locator("[data-sort=symbol]").click()
    names = page.locator("#tickers tr th").all_inner_texts()
    assert names == sorted(names)


def test_a_ticker_without_opinions_shows_no_data(page: Page, filled: psycopg.Connection, this_minute: datetime) -> None:
    load(filled, [delivery(990_000, "QUIET", "0.9", this_minute - timedelta(hours=2))], "quiet")
    run_job(filled)
    page.locator("#search").fill("QUIET")
    expect(page.locator("#tickers tr td").first).to_have_text("no data", timeout=20_000)


def test_a_job_that_stands_still_is_not_called_live(page: Page, filled: psycopg.Connection) -> None:
    filled.execute("UPDATE sentiment.progress SET aggregated_through = aggregated_through - interval '10 minutes'")
    expect(page.locator("#status")).to_contain_text("minutes behind", timeout=20_000)
    expect(page.locator("#banner")).to_contain_text("Not live: no new minute has been aggregated. Shown is ")
    filled.execute("UPDATE sentiment.progress SET aggregated_through = aggregated_through + interval '10 minutes'")
    expect(page.locator("#banner")).to_be_hidden(timeout=20_000)


def test_a_server_that_does_not_answer_is_said_and_what_was_shown_stays(page: Page) -> None:
    index = page.locator("#market-index").inner_text()
    page.route("**/api/v1/**", lambda route: route.abort())
    expect(page.locator("#banner")).to_contain_text("the server does not answer", timeout=20_000)
    expect(page.locator("#market-index")).to_have_text(index)


def test_a_ticker_that_nobody_mentioned_has_no_data_and_the_rest_stays_live(page: Page) -> None:
    page.goto(page.url.split("#")[0] + "#NOSUCH")
    page.reload()
    expect(page.locator("#ticker-title")).to_have_text("NOSUCH")
    expect(page.locator("#ticker-reading")).to_contain_text("no data")
    expect(page.locator("#status")).to_contain_text("live")


def test_the_api_is_described_on_a_page_of_its_own(page: Page) -> None:
    page.get_by_role("link", name="API").click()
    expect(page.get_by_role("heading", name="GET /api/v1/index/{symbol}")).to_be_visible()
    page.get_by_role("link", name="History").first.click()
    expect(page.locator("#History")).to_contain_text("seconds between two points")


def test_light_and_dark_follow_the_system_and_the_button(page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="switch between light and dark").click()
    assert page.evaluate(ground) != light
    page.evaluate("localStorage.clear()")
    page.emulate_media(color_scheme="dark")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("path", ["", "api"])
def test_nothing_is_wider_than_the_screen(page: Page, address: str, path: str) -> None:
    page.goto(address + path)
    for width in (320, 390, 768, 1366):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
