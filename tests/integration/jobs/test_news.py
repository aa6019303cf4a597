"""What happens on a ticket, by e-mail: to a proven address, what they want to hear, once, and not what they did."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.conversations import service as conversations
from helpsage.conversations.models import Message
from helpsage.events.models import OutboxEvent
from helpsage.jobs import chat, news
from helpsage.mail.models import Mail
from helpsage.people import preferences
from helpsage.people.models import Person
from helpsage.people.preferences import DEFAULTS, Channel, Event
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket

PRIYA = Actor("agent", "Priya <b>Raman</b>")
NewSession = Callable[[], Session]
TASKS = {
    "ticket.opened": news.tell_of_receipt,
    "ticket.replied": news.tell_of_reply,
    "ticket.status_changed": news.tell_of_status,
}


@pytest.fixture
def ticket(new_session: NewSession) -> Ticket:
    """Of someone whose address is proven."""
    with new_session() as session, session.begin():
        person = Person(name="Asha Patel", email="asha@uni.example")
        session.add(person)
        session.flush()
        chat_id = conversations.ensure(session, "web:asha", "web").id
        new = NewTicket(
            "Printer jams",
            "words",
            "printer_problem",
            "web",
            requester_id=person.id,
            conversation_id=chat_id,
        )
        return service.open_ticket(session, new, Actor("requester", "Asha Patel"))


def happen(new_session: NewSession, work: Callable[[Session], object] = lambda session: None) -> list[Mail]:
    """Do something, run what follows each event (twice, as a queue may), and read the letters of it."""
    with new_session() as session, session.begin():
        before = {letter.id for letter in session.scalars(select(Mail))}
    with new_session() as session, session.begin():
        work(session)
    with new_session() as session:
        events = list(session.scalars(select(OutboxEvent).where(OutboxEvent.kind.in_(TASKS)).order_by(OutboxEvent.id)))
    for event in [*events, *events]:
        TASKS[event.kind](event.id, str(event.subject_id), event.payload)
    with new_session() as session:
        return [letter for letter in session.scalars(select(Mail).order_by(Mail.created_at)) if letter.id not in before]


def choose(new_session: NewSession, person_id: UUID, *wanted: tuple[Event, Channel]) -> None:
    with new_session() as session, session.begin():
        preferences.choose(session, person_id, wanted)


def test_a_receipt_has_the_number_and_the_way_to_it(new_session: NewSession, ticket: Ticket) -> None:
    [letter] = happen(new_session)
    assert letter.recipient == "asha@uni.example"
    assert letter.subject == f"{ticket.reference}: Printer jams"
    assert f"/my/tickets/{ticket.reference}" in letter.text
    assert "/my/notifications" in letter.text


def test_a_reply_is_told_once_with_its_words_and_nobodys_html(new_session: NewSession, ticket: Ticket) -> None:
    happen(new_session)
    [letter] = happen(
        new_session,
        lambda session: service.reply(session, service.by_id(session, ticket.id), "Fixed <i>it</i>.", PRIYA),
    )
    assert "Fixed <i>it</i>." in letter.text
    assert letter.html is not None
    assert "Fixed &lt;i&gt;it&lt;/i&gt;." in letter.html
    assert "<b>Raman" not in letter.html
    assert letter.headers["References"].startswith(f"<ticket-{ticket.id}@")


def test_notes_and_what_they_did_themselves_are_not_told(new_session: NewSession, ticket: Ticket) -> None:
    happen(new_session)
    asha = Actor("requester", "Asha Patel", ticket.requester_id)

    def work(session: Session) -> None:
        found = service.by_id(session, ticket.id)
        service.note(session, found, "internal", PRIYA)
        service.comment(session, found, "mine", asha)
        service.close(session, found, asha)

    assert happen(new_session, work) == []


@pytest.mark.parametrize(
    ("status", "wanted", "told"),
    [
        ("resolved", (Event.FINISHED, Channel.EMAIL), True),
        ("resolved", (Event.PROGRESS, Channel.EMAIL), False),
        ("waiting", (Event.PROGRESS, Channel.EMAIL), True),
        ("waiting", (Event.FINISHED, Channel.EMAIL), False),
    ],
)
def test_only_what_they_want_to_hear(
    new_session: NewSession, ticket: Ticket, status: str, wanted: tuple[Event, Channel], told: bool
) -> None:
    happen(new_session)
    choose(new_session, ticket.requester_id, wanted)
    letters = happen(
        new_session,
        lambda session: service.change_status(session, service.by_id(session, ticket.id), status, PRIYA),
    )
    assert bool(letters) is told


def test_nothing_is_sent_when_nothing_is_wanted(new_session: NewSession, ticket: Ticket) -> None:
    choose(new_session, ticket.requester_id)
    assert (
        happen(new_session, lambda session: service.reply(session, service.by_id(session, ticket.id), "x", PRIYA)) == []
    )


def test_an_address_that_nobody_proved_gets_nothing(new_session: NewSession, ticket: Ticket) -> None:
    with new_session() as session, session.begin():
        person = session.get_one(Person, ticket.requester_id)
        person.email, person.contact_email = None, "someone@else.example"
    assert (
        happen(new_session, lambda session: service.reply(session, service.by_id(session, ticket.id), "x", PRIYA)) == []
    )


def test_a_reply_that_also_resolves_says_both_and_one_that_waits_is_one_letter(
    new_session: NewSession, ticket: Ticket
) -> None:
    choose(new_session, ticket.requester_id, *DEFAULTS)
    happen(new_session)

    def reply(status: str) -> list[str]:
        letters = happen(
            new_session,
            lambda session: service.reply(session, service.by_id(session, ticket.id), "words", PRIYA, status=status),
        )
        return sorted(letter.subject[:3] for letter in letters)

    assert reply("waiting") == ["Re:"]
    assert reply("resolved") == ["HS-", "Re:"]


def test_the_chat_is_quiet_about_moves_when_that_is_chosen(new_session: NewSession, ticket: Ticket) -> None:
    def said() -> int:
        with new_session() as session, session.begin():
            service.change_status(session, service.by_id(session, ticket.id), "in_progress", PRIYA)
            event = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id.desc())).first()
        assert event is not None
        chat.tell_status_to_chat(event.id, str(event.subject_id), event.payload)
        with new_session() as session, session.begin():
            service.change_status(session, service.by_id(session, ticket.id), "open", PRIYA)
            return len(session.scalars(select(Message)).all())

    choose(new_session, ticket.requester_id, (Event.PROGRESS, Channel.EMAIL))
    assert said() == 0
    choose(new_session, ticket.requester_id, (Event.PROGRESS, Channel.CHAT))
    assert said() == 1
