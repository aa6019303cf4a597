"""What a visitor writes into the public form, on its whole way: kept, a ticket, read, and why it is where it is."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.intake import drain
from helpsage.tickets.models import Ticket
from helpsage.triage import pipeline
from tests.browser.test_settings import ada, database, enter, log_in, web_url, with_departments
from tests.integration.settings.conftest import Administrator

__all__ = ["ada", "database", "log_in", "web_url", "with_departments"]


def worked_off(engine: Engine) -> Ticket:
    """What the worker does with the one thing that came in."""
    drain.drain(engine)
    with Session(engine, expire_on_commit=False) as session:
        ticket = session.scalars(select(Ticket)).one()
    pipeline.handle(ticket.id)
    return ticket


def test_a_visitors_words_become_a_ticket_that_says_why_it_is_there(
    new_page: Callable[..., Page], ada: Administrator, with_departments: Engine, web_url: str
) -> None:
    visitor = new_page(base_url=web_url, java_script_enabled=False)
    visitor.goto("/form/help-desk?page=https://www.example.org/wifi")
    visitor.get_by_label("What is wrong?").fill("URGENT: the Wi-Fi in the library is down and my exam begins now.")
    visitor.get_by_role("button", name="Send").click()
    expect(visitor.locator("#email-problem")).to_contain_text("address we can answer to")
    expect(visitor.get_by_label("What is wrong?")).to_have_value(
        "URGENT: the Wi-Fi in the library is down and my exam begins now."
    )
    visitor.get_by_label("E-mail address").fill("asha@example.org")
    visitor.get_by_label("In a few words").fill("No Wi-Fi")
    visitor.get_by_role("button", name="Send").click()
    expect(visitor.get_by_role("heading", name="Thank you")).to_be_visible()

    page = enter(new_page(base_url=web_url), ada)
    page.goto("/settings/received")
    page.get_by_role("link", name="No Wi-Fi").click()
    expect(page.locator(".facts")).to_contain_text("Waiting")
    expect(page.locator(".facts")).to_contain_text("https://www.example.org/wifi")

    ticket = worked_off(with_departments)
    page.reload()
    page.get_by_role("link", name=ticket.reference).click()
    expect(page.locator("#reading")).to_contain_text("High")
    expect(page.locator("#reading")).to_contain_text("Why it is here")
    expect(page.locator("#reading")).to_contain_text("Urgent")
    expect(page.locator("#reading").get_by_role("button", name="Put it back")).to_be_visible()
    page.locator("#reading").get_by_text("Correct it").click()
    page.get_by_label("Urgency").select_option("medium")
    page.get_by_role("button", name="Correct", exact=True).click()
    expect(page.locator("#reading")).to_contain_text("corrected")
