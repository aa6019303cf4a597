"""The public npm widget `rasa-webchat` talks to the same channel when the operator switches that on."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from helpsage.setup import steps
from tests.browser.site import site
from tests.conftest import fresh_database
from tests.stack import Stack

#: One set of programs at a time.
pytestmark = [pytest.mark.live]

PACKAGE = "rasa-webchat@1.0.1"
#: The package is only looked at in this test: it is fetched for it alone, without its two hundred dependencies.
SHA512 = "Ld1zVJvTAaTrs6A5p8t70agNNrKYRyXlvqXZRgBoDvKKUXbA0jhJKECi5bdPGlaR6jsmqWtVylHS+YqIqo0x8w=="
PATIENCE_MS = 15_000

PAGE = """<!doctype html><title>A page with the public widget</title><body>
<script src="/public-widget.js"></script>
<script>
WebChat.default({socketUrl: %s, socketPath: "/socket.io/", customData: {language: "en"}}, null)
</script>
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The widget's own bundle."""
    folder = tmp_path_factory.mktemp("rasa-webchat")
    npm = shutil.which("npm", path=f"{steps.ensure_node()}:/usr/bin:/bin")
    packed = subprocess.run(
        [str(npm), "pack", PACKAGE, "--pack-destination", str(folder), "--silent"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    archive = next(folder.glob("*.tgz"), None)
    if archive is None:
        pytest.skip(f"{PACKAGE} cannot be fetched: {packed.stderr.strip()[-200:]}")
    return _bundle(archive)


def _bundle(archive: Path) -> str:
    content = archive.read_bytes()
    assert base64.b64encode(hashlib.sha512(content).digest()).decode() == SHA512
    with tarfile.open(archive) as files:
        bundle = files.extractfile("package/lib/index.js")
        assert bundle is not None
        return bundle.read().decode()


@dataclass
class Embedded:
    """A site with that widget, and the desk it talks to."""

    url: str
    stack: Stack


@pytest.fixture(scope="module")
def embedded(script: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """The programs, with that mode switched on and the site allowed."""
    files = {"/public-widget.js": script}
    with site(files) as url:
        folder = tmp_path_factory.mktemp("public")
        stack = Stack(folder, fresh_database("public_widget"), rasa_webchat=True, allowed_origins=[url])
        files["/"] = PAGE % json.dumps(stack.chat_url)
        stack.start()
        yield Embedded(url, stack)
        stack.stop()


def test_a_question_is_answered_and_a_button_works(embedded: Embedded, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{embedded.url}/")
    page.wait_for_function("() => localStorage.getItem('chat_session')?.includes('session_id')")
    page.locator(".rw-launcher").click(timeout=PATIENCE_MS)
    page.locator(".rw-new-message").fill("how do I connect to the wifi?")
    page.locator(".rw-send").click()
    answers = page.locator(".rw-response")
    expect(answers.filter(has_text="eduroam")).to_be_visible(timeout=PATIENCE_MS)
    button = page.locator(".rw-reply").first
    expect(button).to_have_text("Yes", timeout=PATIENCE_MS)
    told = answers.count()
    button.click()
    expect(page.locator(".rw-client .rw-message-text")).to_have_count(2, timeout=PATIENCE_MS)
    expect(answers.nth(told)).to_be_visible(timeout=PATIENCE_MS)
    assert embedded.stack.query("select count(*) from message where author = 'person'") == [(2,)]
