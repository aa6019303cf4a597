"""What integrators do in a real browser: a webhook that is tried, with its key changed; a token, seen once, revoked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from helpsage import settings
from tests.browser.test_settings import ada, database, enter, log_in, web_url, with_departments
from tests.integration.settings.conftest import Administrator

__all__ = ["ada", "database", "log_in", "web_url", "with_departments"]


@pytest.fixture
def hooks(web_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[bytes]]]:
    """Another program on this machine, which the operator allows; gives its address and what it got."""
    got: list[bytes] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    monkeypatch.setattr(settings.get(), "webhook_networks", ["127.0.0.0/8"])
    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hooks", got
        server.shutdown()


def test_a_webhook_is_made_tried_and_gets_a_new_key(
    new_page: Callable[..., Page], ada: Administrator, web_url: str, hooks: tuple[str, list[bytes]]
) -> None:
    address, got = hooks
    page = enter(new_page(base_url=web_url), ada)
    page.goto("/settings/webhooks/new")
    page.get_by_role("textbox", name="Name").fill("Campus app")
    page.get_by_role("textbox", name="Address").fill("http://10.0.0.1/hooks")
    page.get_by_role("checkbox", name="ticket.opened").check()
    page.get_by_role("button", name="Make the webhook").click()
    expect(page.locator("#url-problem")).to_be_visible()
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Campus app")
    expect(page.get_by_role("checkbox", name="ticket.opened")).to_be_checked()
    page.get_by_role("textbox", name="Address").fill(address)
    page.get_by_role("button", name="Make the webhook").click()
    key = page.get_by_label("The signing key").text_content() or ""
    assert key.startswith("whsec_")
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator(".alert[role=status]")).to_be_visible()
    assert len(got) == 1
    assert b"webhook.test" in got[0]
    expect(page.locator(".set-list")).to_contain_text("webhook.test")
    page.locator(".set-list").get_by_role("link", name="webhook.test").click()
    expect(page.locator(".set-history")).to_contain_text("204")
    page.get_by_role("link", name="Campus app").click()
    page.get_by_role("button", name="Make a new key").click()
    expect(page.get_by_label("The signing key")).not_to_have_text(key)
    page.goto("/settings/webhooks")
    assert key not in page.content()


def test_a_token_is_seen_once_and_revoked(new_page: Callable[..., Page], ada: Administrator, web_url: str) -> None:
    page = enter(new_page(base_url=web_url), ada)
    page.goto("/settings/tokens/new")
    page.get_by_role("textbox", name="Name").fill("Nightly report")
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator("#scopes-problem")).to_be_visible()
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Nightly report")
    page.get_by_role("checkbox", name="tickets:read").check()
    page.get_by_role("button", name="Make the token").click()
    token = (page.get_by_label("The token", exact=True).text_content() or "").strip()
    bearer = {"Authorization": f"Bearer {token}"}
    assert page.request.get(f"{web_url}/api/v1/tickets", headers=bearer).status == 200
    page.goto("/settings/tokens")
    assert token not in page.content()
    page.get_by_role("button", name="Revoke Nightly report").click()
    expect(page.locator(".alert[role=status]")).to_contain_text("revoked")
    assert page.request.get(f"{web_url}/api/v1/tickets", headers=bearer).status == 401
