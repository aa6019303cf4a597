"""The pages of ways in, triage, notices and integrators: for everyone, in every look, with something on them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.intake import drain, service
from helpsage.intake.models import Lane
from helpsage.tickets.models import Ticket
from helpsage.triage import pipeline
from helpsage.webhooks import service as webhooks
from tests.browser.test_settings import LOOKS, ada, database, enter, log_in, violations, web_url, with_departments
from tests.integration.settings.conftest import Administrator

__all__ = ["ada", "database", "log_in", "web_url", "with_departments"]

PAGES = (
    "/settings/intake", "/settings/received", "/settings/received/{record}", "/settings/routing",
    "/settings/routing/urgent", "/settings/reader", "/settings/assistant", "/settings/notices",
    "/settings/notices/words/ticket_replied",
    "/settings/notices/targets/new", "/settings/alerts", "/settings/alerts/new",
    "/settings/webhooks", "/settings/webhooks/{webhook}",
    "/settings/webhooks/{webhook}/messages", "/settings/tokens", "/settings/tokens/new", "/account/tokens",
    "/agent/tickets/{ticket}", "/my/notifications", "/form/help-desk",
)  # fmt: skip
LETTER = (
    b"From: Asha <asha@example.org>\r\nTo: help@desk.example\r\nSubject: No Wi-Fi\r\n\r\nURGENT: no Wi-Fi at all.\r\n"
)


@pytest.fixture
def names(with_departments: Engine, web_url: str) -> dict[str, str]:
    """A letter that became a ticket that was read; a webhook."""
    with Session(with_departments) as session, session.begin():
        record = service.accept(
            session, Lane.EMAIL, "<1@example.org>", LETTER, "message/rfc822", {}, "asha@example.org"
        )
        made, _ = webhooks.add(session, "Campus app", "https://hooks.example.org/desk", ["ticket.opened"])
        found = {"record": str(record.id), "webhook": str(made.id)}
    drain.drain(with_departments)
    with Session(with_departments) as session:
        ticket = session.scalars(select(Ticket)).one()
        ticket_id, reference = ticket.id, ticket.reference
    pipeline.handle(ticket_id)
    return {**found, "ticket": reference}


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_every_page_is_readable_by_everyone(
    new_page: Callable[..., Page], ada: Administrator, names: dict[str, str], web_url: str, size: str
) -> None:
    page = enter(new_page(base_url=web_url, bypass_csp=True, reduced_motion="reduce", **LOOKS[f"{size} light"]), ada)
    for address in (path.format(**names) for path in PAGES):
        answer = page.goto(address)
        assert answer is not None
        assert (address, answer.status) == (address, 200)
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)
            assert (address, colours, violations(page)) == (address, colours, [])
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (address, wide) == (address, 0)


def test_a_phone_finds_its_way_between_settings(
    new_page: Callable[..., Page], ada: Administrator, web_url: str
) -> None:
    page = enter(new_page(base_url=web_url, **LOOKS["phone light"]), ada)
    page.goto("/settings/routing")
    page.get_by_role("navigation", name="Settings").get_by_role("link").click()
    page.get_by_role("link", name="Ways in").click()
    page.get_by_role("heading", level=1, name="Ways in").wait_for()
