"""The page in a real browser, against the real server on a real database."""

import os
import re
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Literal

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask_openapi3.openapi import OpenAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from common.postgres import connect
from sentiment_minibatch.load import load
from sentiment_minibatch.scoring.artifact import shipped_scorer
from sentiment_minibatch.scoring.database import deliver_messages, score_waiting
from sentiment_minibatch.scoring.message import Message
from sentiment_minibatch.scoring.score_messages import ScoringReport, placed
from tests.sentiment_minibatch.oracle import delivery, run_job
from tests.sentiment_minibatch.processes import kill, start, wait_until

expect.set_options(timeout=20_000)


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
def address(app: OpenAPI) -> Iterator[str]:
    """Where the application answers, served from here: a process of its own would import everything for every test."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def empty_page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, opened; an error of a script or a request to anywhere else fails the test."""
    context = browser.new_context(
        viewport={"width": 1366, "height": 900}, color_scheme="light", timezone_id="Asia/Tokyo"
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    page.on(
        "request", lambda request: None if request.url.startswith((address, "data:")) else faults.append(request.url)
    )
    page.goto(address)
    yield page
    assert faults == []
    context.close()


@pytest.fixture
def page(filled: psycopg.Connection, empty_page: Page) -> Page:
    """The page of a market that was there before it was opened."""
    expect(empty_page.locator("#ticker-chart canvas")).to_be_visible()
    return empty_page


def violations(page: Page) -> list[str]:
    return [
        f"{violation['id']}: {[node['target'] for node in violation['nodes']]}"
        for violation in Axe().run(page).response["violations"]
    ]


def inked(page: Page, canvas: str) -> int:
    """How many points of a canvas are drawn on."""
    points: int = page.locator(canvas).evaluate(
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data"
        ".filter((value, at) => at % 4 === 3 && value > 0).length"
    )
    return points


def test_the_command_serves_the_page(url: str, free_port: int) -> None:
    server = start(url, "serve", "--port", str(free_port), "--workers", "1")

    def answers() -> bool:
        with suppress(OSError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{free_port}/readyz").status == 200)
        return False

    wait_until(answers)
    assert b"<title>" in urllib.request.urlopen(f"http://127.0.0.1:{free_port}/").read()
    kill(server)


def test_it_shows_the_market_the_movers_and_a_chart(page: Page) -> None:
    expect(page.locator("#status")).to_contain_text("live")
    assert 0 <= int(page.locator("#market-index").inner_text()) <= 100
    expect(page.locator("#moves li").first).to_be_visible()
    expect(page.locator("#moves-rate")).to_contain_text("called unusual 1 time in 100")
    expect(page.locator("#ticker-title")).to_have_text(
        page.locator("#tickers tr").first.get_attribute("data-symbol") or ""
    )
    for chart in ("market", "ticker", "volume"):
        assert inked(page, f"#{chart}-chart canvas") > 500
    expect(page.locator("#ticker-chart")).to_have_attribute("aria-label", re.compile("from .* UTC: from .* between"))


def test_before_the_first_minute_it_says_so_and_then_fills_by_itself(empty_page: Page, url: str) -> None:
    expect(empty_page.get_by_role("heading", name="No data yet")).to_be_visible()
    expect(empty_page.locator("#filled")).to_be_hidden()
    expect(empty_page.locator("#banner")).to_be_hidden()
    with connect(url, autocommit=True) as connection:
        now = datetime.now(UTC)
        load(connection, [delivery(n, "FIRST", "0.9", now - timedelta(minutes=2)) for n in range(9)], "first")
        run_job(connection)
    expect(empty_page.locator("#ticker-title")).to_have_text("FIRST")
    expect(empty_page.locator("#empty")).to_be_hidden()


def test_it_updates_by_itself(page: Page, filled: psycopg.Connection, this_minute: datetime) -> None:
    page.evaluate("window.notReloaded = true")
    fresh = [delivery(900_000 + n, "NEWS", "0.9", this_minute - timedelta(minutes=1)) for n in range(3_000)]
    load(filled, fresh, "fresh")
    run_job(filled)
    expect(page.locator("#tickers tr").first).to_have_attribute("data-symbol", "NEWS")
    assert page.evaluate("window.notReloaded")


@pytest.mark.parametrize(("open_minutes", "times"), [(0, 4), (1, 10)])
def test_it_asks_every_five_seconds_and_every_two_of_a_minute_that_is_open(
    page: Page, filled: psycopg.Connection, open_minutes: int, times: int
) -> None:
    filled.execute(
        "UPDATE sentiment.progress SET open_through = aggregated_through + %s * interval '1 minute'", [open_minutes]
    )
    page.clock.install()
    page.reload()
    expect(page.locator("#status")).to_contain_text("live")
    page.evaluate(
        "() => { const ask = fetch; window.asked = 0;"
        " window.fetch = (address) => { window.asked += address.includes('/index?sort='); return ask(address); }; }"
    )
    page.clock.run_for(20_500)
    assert page.evaluate("window.asked") == times


def test_a_ticker_is_found_and_chosen(page: Page) -> None:
    page.locator("#search").fill("$tsl")
    expect(page.locator("#tickers tr")).to_have_count(1)
    page.get_by_role("button", name="TSLA", exact=True).click()
    expect(page.locator("#ticker-title")).to_have_text("TSLA")
    page.locator("#ranges [data-range='1h']").click()
    expect(page.locator("#ranges [data-range='1h']")).to_have_attribute("aria-pressed", "true")
    assert page.url.endswith("#t=TSLA&range=1h&search=%24tsl")


def test_a_company_is_found_by_its_name(page: Page, filled: psycopg.Connection) -> None:
    filled.execute("INSERT INTO sentiment.company VALUES ('TSLA', 'Tesla <b>Motors</b>')")
    filled.execute("UPDATE sentiment.progress SET revision = revision + 1")
    page.locator("#search").fill("motors")
    expect(page.locator("#tickers tr")).to_have_count(1)
    expect(page.locator("#tickers tr small")).to_have_text("Tesla <b>Motors</b>")
    page.locator("#search").press("Enter")
    expect(page.locator("#ticker-title")).to_have_text("TSLA")


def test_up_to_four_tickers_are_compared_and_a_link_shows_the_same_again(page: Page, browser: Browser) -> None:
    for symbol in ("TSLA", "NVDA", "AAPL"):
        page.get_by_role("button", name=f"compare {symbol}").click()
        expect(page.locator("#ticker-title")).to_contain_text(symbol)
    expect(page.locator("#ticker-title")).to_have_text("SPY, TSLA, NVDA, AAPL")
    expect(page.get_by_role("button", name="compare AMD")).to_be_hidden()
    expect(page.locator("#volume-chart")).to_be_hidden()
    page.get_by_role("button", name="remove NVDA").click()
    page.locator("#ranges [data-range='1h']").click()
    expect(page.locator("#ranges [data-range='1h']")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#chosen li")).to_have_count(3)
    page.get_by_role("button", name="link to this").click()
    expect(page.locator("#link-text")).not_to_have_value("")  # the clipboard is asked first
    link = page.locator("#link-text").input_value()
    assert link.startswith(page.url.split("#")[0] + "#t=SPY,TSLA,AAPL&from=")
    shown = link.partition("&from=")[2][: len("2026-11-28T12:59")]
    expect(page.locator("#from")).to_have_value(shown)
    other = browser.new_context().new_page()
    other.goto(link)
    expect(other.locator("#ticker-title")).to_have_text("SPY, TSLA, AAPL")
    expect(other.locator("#from")).to_have_value(shown)
    other.context.close()


def test_a_stretch_of_time_is_zoomed_into_and_back(page: Page) -> None:
    box = page.locator("#ticker-chart .u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 60, steps=5)
    page.mouse.up()
    expect(page.locator("#ranges [aria-pressed=true]")).to_have_count(0)
    start, end = (datetime.fromisoformat(page.locator(f"#{name}").input_value()) for name in ("from", "to"))
    assert timedelta(minutes=30) < end - start < timedelta(minutes=42)
    page.locator("#ticker-chart .u-over").dblclick()
    expect(page.locator("#ranges [data-range='6h']")).to_have_attribute("aria-pressed", "true")


def test_a_span_may_be_typed(page: Page, this_minute: datetime) -> None:
    page.locator("#from").fill((this_minute - timedelta(minutes=40)).strftime("%Y-%m-%dT%H:%M"))
    page.locator("#to").fill((this_minute - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="show").click()
    expect(page.locator("#ranges [aria-pressed=true]")).to_have_count(0)
    assert f"from={this_minute - timedelta(minutes=40):%Y-%m-%dT%H:%M}" in page.url


def test_the_watchlist_stays_in_the_browser(page: Page) -> None:
    page.get_by_role("button", name="watch TSLA").click()
    expect(page.get_by_role("button", name="watch TSLA")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="watchlist").click()
    expect(page.locator("#tickers tr")).to_have_count(1)
    page.reload()
    expect(page.locator("#tickers tr")).to_have_count(1)
    page.get_by_role("button", name="watch TSLA").click()
    expect(page.locator("#more")).to_contain_text("The watchlist is empty")


def test_tickers_sort_by_any_column(page: Page) -> None:
    page.locator("[data-sort=symbol] button").click()
    expect(page.locator("[data-sort=symbol]")).to_have_attribute("aria-sort", "ascending")
    names = [row.get_attribute("data-symbol") for row in page.locator("#tickers tr").all()]
    assert len(names) == 30
    assert names == sorted(map(str, names))


def test_a_ticker_without_opinions_shows_no_data(page: Page, filled: psycopg.Connection, this_minute: datetime) -> None:
    load(filled, [delivery(990_000, "QUIET", "0.9", this_minute - timedelta(hours=2))], "quiet")
    run_job(filled)
    page.locator("#search").fill("QUIET")
    expect(page.locator("#tickers tr td").first).to_have_text("no data")
    page.locator("#search").press("Enter")
    expect(page.locator("#chosen")).to_contain_text("no data: no opinion in the last half hour")


def test_a_job_that_stands_still_is_not_called_live(page: Page, filled: psycopg.Connection) -> None:
    filled.execute("UPDATE sentiment.progress SET aggregated_through = aggregated_through - interval '10 minutes'")
    expect(page.locator("#status")).to_contain_text("minutes behind")
    expect(page.locator("#banner")).to_contain_text("Not live: no new minute has been aggregated. Shown is ")
    filled.execute("UPDATE sentiment.progress SET aggregated_through = aggregated_through + interval '10 minutes'")
    expect(page.locator("#banner")).to_be_hidden()


def test_a_server_that_does_not_answer_is_said_and_what_was_shown_stays(page: Page) -> None:
    index = page.locator("#market-index").inner_text()
    page.route("**/api/v1/**", lambda route: route.abort())
    expect(page.locator("#banner")).to_contain_text("the server does not answer")
    expect(page.locator("#market-index")).to_have_text(index)


def test_a_ticker_that_nobody_mentioned_has_no_data_and_the_rest_stays_live(page: Page) -> None:
    page.goto(page.url.split("#")[0] + "#NOSUCH")
    expect(page.locator("#ticker-title")).to_have_text("NOSUCH")
    expect(page.locator("#chosen")).to_contain_text("unknown: nobody has mentioned it")
    expect(page.locator("#status")).to_contain_text("live")


@pytest.mark.parametrize("written", ["#tsla", "#$TSLA", "#t=tsla"])
def test_a_ticker_in_the_address_is_understood_however_it_is_written(page: Page, written: str) -> None:
    page.goto(page.url.split("#")[0] + written)
    expect(page.locator("#ticker-title")).to_have_text("TSLA")
    expect(page.locator("#chosen")).to_contain_text("messages")


def test_the_first_view_and_a_refresh_are_light(
    empty_page: Page, filled: psycopg.Connection, this_minute: datetime, address: str
) -> None:
    """As the network counts them, of 30 tickers; the list is never longer than 60."""
    network = empty_page.context.new_cdp_session(empty_page)
    network.send("Network.enable")
    network.send("Network.clearBrowserCache")
    received: list[float] = []
    network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    empty_page.reload()
    expect(empty_page.locator("#ticker-chart canvas")).to_be_visible()
    empty_page.wait_for_load_state("networkidle")
    assert 20_000 < sum(received) < 300_000
    received.clear()
    load(
        filled, [delivery(900_000 + n, "NEWS", "0.9", this_minute - timedelta(minutes=1)) for n in range(900)], "fresh"
    )
    run_job(filled)
    expect(empty_page.locator("#tickers tr").first).to_have_attribute("data-symbol", "NEWS")
    empty_page.wait_for_load_state("networkidle")
    assert 1_000 < sum(received) < 20_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(page: Page, address: str, scheme: Literal["light", "dark"]) -> None:
    states: dict[str, Callable[[], object]] = {
        "full": lambda: None,
        "compared": lambda: page.goto(f"{address}#t=SPY,TSLA,NVDA,AAPL&range=1h&sort=symbol"),
        "unknown": lambda: page.goto(f"{address}#nosuch"),
        "linked": lambda: page.get_by_role("button", name="link to this").click(),
        "nothing found": lambda: page.locator("#search").fill("nosuch"),
        "empty watchlist": lambda: page.goto(f"{address}#list=watchlist"),
        "stale": lambda: page.route("**/api/v1/**", lambda route: route.abort()),
        "the API's description": lambda: page.goto(f"{address}api"),
    }
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = {}
    for state, reach in states.items():
        reach()
        if state == "stale":
            expect(page.locator("#banner")).to_be_visible()
        for width in (390, 1_280):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(500)
            found[state, width] = violations(page)
    assert [state for state in found.items() if state[1]] == []


def test_axe_finds_nothing_before_the_first_minute(empty_page: Page) -> None:
    expect(empty_page.locator("#empty")).to_be_visible()
    assert violations(empty_page) == []


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


def test_the_messages_behind_the_last_hour_and_their_words_are_shown_as_text(empty_page: Page, url: str) -> None:
    at = datetime.now(UTC) - timedelta(minutes=10)
    with connect(url, autocommit=True) as connection:
        text = "$TSLA <img src=x onerror=alert(1)> crash, buying puts"
        deliver_messages(connection, placed([Message("1", at.isoformat(), text)], "test"), ScoringReport())
        for _ in score_waiting(connection, shipped_scorer()):
            pass
        run_job(connection)
    empty_page.reload()
    behind = empty_page.locator("#behind")
    expect(behind.locator("#behind-messages li")).to_contain_text(text)
    expect(behind.locator("#behind-messages small")).to_contain_text("puts \u2212")
    expect(behind.locator("#behind-words")).to_contain_text("crash \u2212")
    assert Axe().run(empty_page).violations_count == 0
    if shot := os.environ.get("SCREENSHOT"):
        empty_page.screenshot(path=shot, full_page=True)
