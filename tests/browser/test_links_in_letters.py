"""Links that letters carry, opened by somebody who is not logged in: rating once, stopping letters with one click."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.notify import satisfaction, unsubscribe
from helpsage.people.models import Person
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from tests.browser.test_settings import LOOKS, violations
from tests.integration.web.conftest import database, web_url

__all__ = ["database", "web_url"]


@pytest.fixture
def ticket(database: Engine) -> Ticket:
    """One that was closed, and about which was asked."""
    with Session(database, expire_on_commit=False) as session, session.begin():
        person = Person(name="Asha", email="asha@uni.example")
        session.add(person)
        session.flush()
        new = NewTicket("Printer jams", "words", "printer_problem", "web", requester_id=person.id)
        made = service.open_ticket(session, new, Actor("requester", "Asha"))
        service.close(session, made, Actor("agent", "Priya Raman"))
        satisfaction.ask(session, made, 1)
        return made


def test_help_is_rated_once_and_letters_stop_with_one_click(
    new_page: Callable[..., Page], ticket: Ticket, web_url: str
) -> None:
    page = new_page(bypass_csp=True, **LOOKS["phone dark"])
    page.goto(f"{satisfaction.link(ticket)}?score=4")
    expect(page.get_by_role("radio", name="4")).to_be_checked()
    assert violations(page) == []
    page.get_by_label("A few words").fill("Quick, thanks")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("4 of 5")
    page.goto(f"{satisfaction.link(ticket)}?score=1")
    expect(page.get_by_role("status")).to_contain_text("4 of 5")
    expect(page.get_by_role("radio")).to_have_count(0)
    assert ticket.requester_id is not None
    page.goto(unsubscribe.link(ticket.requester_id))
    assert violations(page) == []
    page.get_by_role("button", name="Stop them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("No more letters about tickets")
    page.get_by_role("button", name="Send them again").click()
    expect(page.get_by_role("status")).to_contain_text("sent again")
