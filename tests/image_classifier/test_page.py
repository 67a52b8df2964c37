"""The page at /, in a real browser, on a desktop and on a phone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.image_classifier.conftest import Running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_picked_images_show_class_probability_and_map(
    browser: Browser, service: Running, tmp_path: Path, chart: bytes, meme: bytes, viewport: dict[str, int]
) -> None:
    errors: list[str] = []
    page = browser.new_page(viewport=viewport)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(service.url)
    for name, data in (("chart", chart), ("meme", meme)):
        (tmp_path / f"{name}.png").write_bytes(data)
    page.locator("#pick").set_input_files([tmp_path / "chart.png", tmp_path / "meme.png"])
    items = page.locator("#answers li")
    expect(items).to_have_count(2, timeout=30_000)
    expect(items.nth(1).locator(".class")).to_have_text("chart", timeout=30_000)
    expect(items.nth(0).locator(".class")).to_have_text("meme", timeout=30_000)
    expect(items.nth(0).locator(".words")).to_contain_text("%")
    expect(items.nth(0).locator("img.map")).to_have_js_property("naturalWidth", 448, timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert errors == []
    page.close()


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_dropped_and_pasted_images_are_answered(browser: Browser, service: Running, chart: bytes, event: str) -> None:
    page = browser.new_page()
    page.goto(service.url)
    page.evaluate(
        """([name, bytes]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "chart.png", { type: "image/png" }));
          const made = name === "drop"
            ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true });
          document.getElementById("drop").dispatchEvent(made);
        }""",
        [event, list(chart)],
    )
    expect(page.locator("#answers li .class")).to_have_text("chart", timeout=30_000)
    page.close()


def test_a_file_that_is_no_image_gets_its_reason(browser: Browser, service: Running, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(service.url)
    (tmp_path / "broken.png").write_bytes(b"not an image")
    page.locator("#pick").set_input_files(tmp_path / "broken.png")
    expect(page.locator("#answers .problem")).to_contain_text("not an image of an accepted format", timeout=30_000)
    page.close()


def test_the_documentation_lists_every_operation(browser: Browser, service: Running) -> None:
    page = browser.new_page()
    page.goto(f"{service.url}/docs")
    expect(page.get_by_role("heading", name="POST /predict", exact=True)).to_be_visible(timeout=30_000)
    expect(page.get_by_role("heading", name="POST /v2/models/{name}/infer")).to_be_visible()
    page.close()
