"""Pages behind links in letters: opening one does nothing; what is sent from it counts, without logging in."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.notify import satisfaction, unsubscribe
from helpsage.notify.models import SatisfactionRequest
from helpsage.people.models import Person
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from tests.loopback import NO_CERTIFICATES

PRIYA = Actor("agent", "Priya Raman")


@pytest.fixture
def browser(web_url: str) -> Iterator[httpx.Client]:
    """One without cookies: links are opened on other machines."""
    with httpx.Client(base_url=web_url, follow_redirects=True, verify=NO_CERTIFICATES) as client:
        yield client


@pytest.fixture
def ticket(database: Engine) -> Ticket:
    with Session(database, expire_on_commit=False) as session, session.begin():
        person = Person(name="Asha", email="asha@uni.example")
        session.add(person)
        session.flush()
        new = NewTicket("Printer <b>jams", "words", "printer_problem", "web", requester_id=person.id)
        made = service.open_ticket(session, new, Actor("requester", "Asha"))
        service.close(session, made, PRIYA)
        satisfaction.ask(session, made, 1)
        return made


def path(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def now(engine: Engine, ticket_id: UUID) -> Ticket:
    with Session(engine, expire_on_commit=False) as session:
        return service.by_id(session, ticket_id)


def test_opening_the_link_keeps_nothing_and_sending_it_does(
    browser: httpx.Client, database: Engine, ticket: Ticket
) -> None:
    """Programs that check mail open every link."""
    rate = path(satisfaction.link(ticket))
    for score in range(1, 6):
        assert browser.get(f"{rate}?score={score}").status_code == 200
    assert now(database, ticket.id).rating is None
    page = browser.get(f"{rate}?score=4")
    assert 'value="4" checked' in page.text
    assert "Printer &lt;b&gt;jams" in page.text
    done = browser.post(rate, data={"score": "4", "comment": "Quick!"})
    assert "Thank you!" in done.text
    kept = now(database, ticket.id)
    assert (kept.rating, kept.rating_comment) == (4, "Quick!")


def test_the_second_judgement_does_not_count(browser: httpx.Client, database: Engine, ticket: Ticket) -> None:
    rate = path(satisfaction.link(ticket))
    browser.post(rate, data={"score": "4"})
    again = browser.post(rate, data={"score": "1"})
    assert "4 of 5" in again.text
    assert now(database, ticket.id).rating == 4


@pytest.mark.parametrize("score", ["", "0", "6", "x", "４", "1e3"])
def test_a_score_is_one_to_five(browser: httpx.Client, database: Engine, ticket: Ticket, score: str) -> None:
    page = browser.post(path(satisfaction.link(ticket)), data={"score": score, "comment": "kept <words>"})
    assert page.status_code == 422
    assert "kept &lt;words&gt;" in page.text
    assert now(database, ticket.id).rating is None


def test_rather_not_is_an_answer(browser: httpx.Client, database: Engine, ticket: Ticket) -> None:
    page = browser.post(path(satisfaction.link(ticket)), data={"skip": "1", "score": "3"})
    assert "not asked about" in page.text
    assert now(database, ticket.id).rating is None
    with Session(database) as session:
        assert session.get_one(SatisfactionRequest, ticket.id).skipped_at is not None


def test_a_ticket_that_was_opened_again_is_not_rated(browser: httpx.Client, database: Engine, ticket: Ticket) -> None:
    with Session(database) as session, session.begin():
        service.reopen(session, service.by_id(session, ticket.id), PRIYA)
    page = browser.post(path(satisfaction.link(ticket)), data={"score": "1"})
    assert "not finished yet" in page.text
    assert now(database, ticket.id).rating is None


def test_letters_stop_with_one_click_of_a_mail_program(browser: httpx.Client, database: Engine, ticket: Ticket) -> None:
    """RFC 8058, section 3.2: a POST with this body, without cookies."""
    stop = path(unsubscribe.link(ticket.requester_id))

    def stopped() -> bool:
        with Session(database) as session:
            return unsubscribe.is_stopped(session, ticket.requester_id)

    assert "Shall they stop?" in browser.get(stop).text
    assert not stopped()
    bare = httpx.post(
        str(browser.base_url.join(stop)),
        content="List-Unsubscribe=One-Click",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert bare.status_code == 200
    assert stopped()
    assert "sent again" in browser.post(stop, data={"start": "1"}).text
    assert not stopped()


@pytest.mark.parametrize("address", ["/rate/x", "/rate/WyJhIl0.x?score=3", "/unsubscribe/x", "/unsubscribe/IjEi.zz"])
def test_links_that_are_not_ours(browser: httpx.Client, database: Engine, address: str) -> None:
    assert browser.get(address).status_code == 404
    assert browser.post(address, data={"score": "3"}).status_code == 404
