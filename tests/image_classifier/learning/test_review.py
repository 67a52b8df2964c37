"""The review page in a real browser: one key decides, another undoes; and it is for this machine only."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from common.storage import open_store
from image_classifier.drawing import draw_picture
from image_classifier.learning.review import create_review_app
from image_classifier.learning.samples import Samples
from tests.image_classifier.conftest import encoded, free_port

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
IDS = [f"20261128-{number:016x}" for number in range(3)]


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    kept = Samples(open_store(str(tmp_path)))
    for number, name in enumerate(IDS):
        answer = {"class": "meme", "probability": 0.6, "neither": False, "model_version": f"v{number}"}
        kept.keep(name, encoded(draw_picture("chart", 3, number)), answer)
    kept.claim(IDS[2], "chart")
    return kept


@pytest.fixture
def page(samples: Samples, tmp_path: Path) -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    port = free_port()
    command = [sys.executable, "-m", "image_classifier", "review", "--feedback", str(tmp_path), "--port", str(port)]
    server = subprocess.Popen(command)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        made = browser.new_page()
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/samples", timeout=5).close()
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        made.goto(f"http://127.0.0.1:{port}/")
        yield made
        browser.close()
    server.terminate()
    server.wait(40)


def reviewed(samples: Samples) -> dict[str, str]:
    return {sample.id: samples.label(sample) for sample in samples.all() if sample.reviewed}


def test_keys_decide_and_undo_and_what_users_object_to_comes_first(page: Page, samples: Samples) -> None:
    status, answer = page.locator("#status"), page.locator("#answer")
    expect(status).to_have_text("3 to review, 0 reviewed", timeout=30_000)
    expect(answer).to_contain_text("version v2; a user says chart")
    expect(page.locator("#picture")).not_to_have_js_property("naturalWidth", 0)
    page.keyboard.press("c")
    expect(answer).to_contain_text("version v0")
    page.keyboard.press("n")
    expect(status).to_have_text("1 to review, 2 reviewed")
    assert reviewed(samples) == {IDS[2]: "chart", IDS[0]: "neither"}
    page.keyboard.press("u")
    expect(answer).to_contain_text("version v0")
    assert reviewed(samples) == {IDS[2]: "chart"}
    page.keyboard.press("m")
    expect(status).to_have_text("1 to review, 2 reviewed")
    page.keyboard.press("m")
    expect(status).to_have_text("Nothing is left to review; 3 reviewed")
    assert reviewed(samples) == {IDS[2]: "chart", IDS[0]: "meme", IDS[1]: "meme"}


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_pages_of_other_sites_are_refused(samples: Samples, tmp_path: Path, headers: dict[str, str]) -> None:
    client = create_review_app(str(tmp_path)).test_client()
    refused = client.put(f"/samples/{IDS[0]}/review", json={"class": "chart"}, headers=headers)
    assert refused.status_code == 403
    assert reviewed(samples) == {}


@pytest.mark.parametrize(("name", "label", "status"), [(IDS[0], "dog", 400), ("20261128-" + "f" * 16, "chart", 404)])
def test_what_cannot_be_noted_is_refused(samples: Samples, tmp_path: Path, name: str, label: str, status: int) -> None:
    client = create_review_app(str(tmp_path)).test_client()
    assert client.put(f"/samples/{name}/review", json={"class": label}).status_code == status
