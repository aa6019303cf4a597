"""Whoever asked is written to in their language; staff, and what an administrator wrote, stay as they are."""

from __future__ import annotations

from datetime import time, timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.configuration.models import Configuration
from helpsage.conversations import service as conversations
from helpsage.mail.models import Mail
from helpsage.notify import manner, sending, templates, words
from helpsage.notify.models import Rhythm
from helpsage.people.models import Person, Role
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from languages import TRANSLATED
from tests.integration.notify.conftest import Desk, actor
from tests.integration.notify.test_telling import moved, replied


def speaking(desk: Desk, language: str, person: Person | None = None) -> Person:
    """Someone whose profile names a language."""
    found = person or desk.person()

    def choose(session: Session) -> None:
        session.get_one(Person, found.id).locale = language

    desk.do(choose)
    return found


def chat_in(desk: Desk, language: str, chosen: bool = False) -> UUID:
    """A conversation that is held in a language."""

    def begin(session: Session) -> UUID:
        conversation = conversations.ensure(session, "web:asha", "web", language)
        conversation.locale_chosen = chosen
        return conversation.id

    found: UUID = desk.do(begin)
    return found


def answered(desk: Desk, ticket: Ticket) -> Mail:
    """The letter of an answer."""
    [letter] = desk.happen(replied(ticket, "Does it print again?"))
    return letter


def test_a_german_profile_gets_german_letters(desk: Desk) -> None:
    asha = speaking(desk, "de")
    ticket = desk.ticket(asha)
    receipt = desk.letters()[-1]
    assert "Ihr Ticket" in receipt.text
    letter = answered(desk, ticket)
    assert letter.subject == f"Re: {ticket.reference}: Printer jams"
    assert letter.text.startswith(f"Guten Tag Asha Patel,\n\nPriya <b>Raman</b> antwortet zu {ticket.reference}")
    assert "Does it print again?" in letter.text
    assert "Keine E-Mails über Tickets mehr: http" in letter.text
    assert letter.html is not None
    assert '<html lang="de">' in letter.html
    assert ">Antworten</a>" in letter.html
    assert "Priya &lt;b&gt;Raman" in letter.html


def test_where_a_ticket_went_is_said_in_french(desk: Desk) -> None:
    ticket = desk.ticket(speaking(desk, "fr"))
    [letter] = desk.happen(moved(ticket, "resolved"))
    assert "Nous pensons que c’est résolu." in letter.text
    [letter] = desk.happen(moved(ticket, "closed"))
    assert "est fermé" in letter.text
    assert "1 est mauvaise, 5 est très bonne" in letter.text


@pytest.mark.parametrize(("language", "chosen", "begins"), [("hi", False, "नमस्ते"), ("en", True, "Hello")])
def test_without_a_profile_the_chats_language_counts(desk: Desk, language: str, chosen: bool, begins: str) -> None:
    chat = chat_in(desk, language, chosen)
    ticket = desk.ticket(desk.person(), conversation_id=chat)
    assert answered(desk, ticket).text.startswith(begins)


def test_without_a_chat_the_words_of_the_ticket_count(desk: Desk) -> None:
    new = service.NewTicket(
        "La impresora", "Hola, la impresora no funciona desde ayer y no puedo imprimir nada.", "printer_problem",
        "email", requester_id=desk.person().id,
    )  # fmt: skip
    [receipt] = desk.happen(lambda session: service.open_ticket(session, new, service.Actor("requester")))
    assert "Hemos recibido su ticket" in receipt.text


def test_the_profile_counts_more_than_the_chat(desk: Desk) -> None:
    chat = chat_in(desk, "hi")
    ticket = desk.ticket(speaking(desk, "es"), conversation_id=chat)
    assert answered(desk, ticket).text.startswith("Hola, Asha Patel:")


def test_a_digest_is_in_the_persons_language(desk: Desk) -> None:
    asha = speaking(desk, "es")
    ticket = desk.ticket(asha)
    desk.do(lambda session: manner.choose(session, asha.id, Rhythm.HOURLY, time(8), "", None, None))
    desk.happen(replied(ticket))
    desk.happen(moved(ticket, "resolved"))
    with clock.frozen(clock.now() + timedelta(hours=2)):
        desk.do(sending.send_digests)
    letter = max(desk.letters(), key=lambda each: each.created_at)
    assert letter.subject.endswith(": 2 novedades")
    assert "Priya <b>Raman</b> ha respondido." in letter.text
    assert "Creemos que está resuelto." in letter.text


def test_staff_are_told_in_english(desk: Desk) -> None:
    colleague = desk.colleague("ravi")
    speaking(desk, "de", colleague.person)
    lead = desk.colleague("lena", Role.LEAD)
    ticket = desk.ticket(desk.person())
    given = desk.happen(
        lambda session: service.assign(session, service.by_id(session, ticket.id), colleague.id, actor(lead))
    )
    assert [letter.text for letter in given if letter.recipient == colleague.email and "Hello ravi" in letter.text]


def test_what_an_administrator_wrote_is_sent_as_it_is(desk: Desk) -> None:
    ticket = desk.ticket(speaking(desk, "de"))
    own = {"subject": "Our own", "text": "Dear you,\n\n{{ words }}", "button": "Go"}
    content = {"templates": {"ticket_replied": own}}
    desk.do(lambda session: session.add(Configuration(name=templates.NAME, content=content)))
    letter = answered(desk, ticket)
    assert letter.subject == "Our own"
    assert letter.text.startswith("Dear you,\n\nDoes it print again?")


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("name", words.TO_REQUESTERS)
def test_the_shipped_words_are_good_in_every_language(name: str, language: str) -> None:
    translated = templates.in_language(templates.shipped()[name], language)
    templates.check(name, translated)
    assert translated != templates.shipped()[name]
    assert len(templates.paragraphs(translated)) == len(templates.paragraphs(templates.shipped()[name]))
