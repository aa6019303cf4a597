"""An answer goes where the person spoke last, to nobody else, and stays where they look again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.channels.models import ChannelConversation
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation, Message
from helpsage.jobs import chat as tasks
from helpsage.people import directory
from helpsage.people.models import ChannelIdentity, Person
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from tests.integration.jobs.conftest import new_session, queue_database

__all__ = ["new_session", "queue_database"]

NewSession = Callable[[], Session]
REQUESTER, PRIYA = Actor("requester", "Asha"), Actor("agent", "Priya")


class Life:
    """Somebody with a proven address who talks to the desk here and there."""

    def __init__(self, new: NewSession) -> None:
        self.new = new
        self.moment = 0
        with new() as session, session.begin():
            self.person = directory.add(session, "Asha")
            self.person.email = "asha@uni.example"

    def place(self, channel: str, shared: bool = False, proven: bool = True, person: Person | None = None) -> UUID:
        """A conversation of theirs."""
        owner = (person or self.person).id
        with self.new() as session, session.begin():
            found = conversations.ensure(session, f"{channel}:{owner}:{shared}", channel)
            found.person_id, found.shared = owner, shared
            if channel != "webchat":
                now = clock.now()
                identity = session.scalar(
                    select(ChannelIdentity).where(
                        ChannelIdentity.channel == channel, ChannelIdentity.external_id == str(owner)
                    )
                ) or ChannelIdentity(
                    channel=channel,
                    external_id=str(owner),
                    person_id=owner,
                    proven_by="code" if proven else None,
                    proven_at=now if proven else None,
                    created_at=now,
                )
                session.add(identity)
                session.flush()
                found.identity_id = identity.id
            return found.id

    def says(self, conversation: UUID) -> None:
        """They speak there, later than anywhere before."""
        self.moment += 1
        with self.new() as session, session.begin():
            row = conversations.claim(session, conversation)
            row.last_seq += 1
            session.add(
                Message(
                    conversation_id=conversation,
                    seq=row.last_seq,
                    author="person",
                    text="hello",
                    handled_at=clock.now(),
                    created_at=clock.now() + timedelta(seconds=self.moment),
                )
            )

    def ticket(self, conversation: UUID | None) -> Ticket:
        """A ticket that began there; None: by mail."""
        with self.new() as session, session.begin():
            new = NewTicket(
                "Printer",
                "It jams.",
                "printer_problem",
                "email" if conversation is None else "slack",
                conversation_id=conversation,
                requester_id=self.person.id if conversation is None else None,
            )
            return service.open_ticket(session, new, REQUESTER)

    def told(self, ticket: Ticket) -> set[UUID]:
        """Where an answer and a move are told, both alike."""
        with self.new() as session, session.begin():
            before = {each.id for each in session.scalars(select(Message))}
            found = session.get_one(Ticket, ticket.id)
            entry = service.reply(session, found, "Try again.", PRIYA, status="resolved")
        tasks.deliver_reply_to_chat(1, str(ticket.id), {"entry_id": str(entry.id)})
        payload = {"to": "resolved", "from": "open", "actor_kind": "agent", "entry_id": None}
        tasks.tell_status_to_chat(ticket.number, str(ticket.id), payload)
        with self.new() as session:
            said = [each for each in session.scalars(select(Message)) if each.id not in before]
        answers = {each.conversation_id for each in said if each.author == "agent"}
        assert answers == {each.conversation_id for each in said if each.author == "system"}
        return answers

    def waits(self, conversation: UUID) -> UUID | None:
        """The ticket that the next words there answer."""
        with self.new() as session:
            return session.get_one(Conversation, conversation).awaiting_ticket_id


@pytest.fixture
def asha(new_session: NewSession) -> Life:
    return Life(new_session)


def test_of_two_applications_the_one_they_spoke_in_last(asha: Life) -> None:
    slack, telegram = asha.place("slack"), asha.place("telegram")
    asha.says(slack)
    ticket = asha.ticket(slack)
    asha.says(telegram)
    assert asha.told(ticket) == {telegram}
    assert asha.waits(telegram) == ticket.id, "their next words there answer no ticket"
    asha.says(slack)
    assert asha.told(asha.ticket(telegram)) == {slack}


def test_one_that_began_on_the_website_is_told_there_too(asha: Life) -> None:
    web, slack = asha.place("webchat"), asha.place("slack")
    asha.says(web)
    ticket = asha.ticket(web)
    asha.says(slack)
    assert asha.told(ticket) == {web, slack}


def test_what_was_asked_before_others_is_answered_before_them(asha: Life) -> None:
    thread, direct = asha.place("slack", shared=True), asha.place("slack")
    asha.says(thread)
    ticket = asha.ticket(thread)
    assert asha.told(ticket) == {thread}
    asha.says(direct)
    assert asha.told(asha.ticket(thread)) == {thread, direct}


def test_nothing_of_theirs_is_told_where_others_read_along(asha: Life) -> None:
    first, direct, thread = asha.place("telegram"), asha.place("slack"), asha.place("slack", shared=True)
    asha.says(first)
    ticket = asha.ticket(first)
    asha.says(thread)
    assert asha.told(ticket) == {first}
    other = asha.ticket(first)
    asha.says(direct)
    asha.says(thread)
    assert asha.told(other) == {direct}


def test_one_by_mail_is_told_in_a_chat_only_if_they_spoke_there_since(asha: Life) -> None:
    slack = asha.place("slack")
    asha.says(slack)
    later = timedelta(hours=1)
    with clock.frozen(lambda: datetime.now(UTC) + later):
        assert asha.told(asha.ticket(None)) == set()
        ticket = asha.ticket(None)
        asha.says(slack)
        assert asha.told(ticket) == {slack}


def test_who_cannot_be_reached_there_is_told_where_it_began(asha: Life) -> None:
    slack, telegram = asha.place("slack"), asha.place("telegram")
    asha.says(slack)
    ticket = asha.ticket(slack)
    asha.says(telegram)
    with asha.new() as session, session.begin():
        session.add(
            ChannelConversation(
                conversation_id=telegram, installation="bot", external_id="1", address={}, state="broken"
            )
        )
    assert asha.told(ticket) == {slack}


def test_somebody_elses_chat_hears_nothing(asha: Life) -> None:
    slack = asha.place("slack")
    asha.says(slack)
    ticket = asha.ticket(slack)
    with asha.new() as session, session.begin():
        stranger = directory.add(session, "Mallory")
    theirs = asha.place("telegram", person=stranger)
    asha.says(theirs)
    assert asha.told(ticket) == {slack}


def test_where_others_speak_counts_for_nothing(asha: Life) -> None:
    slack, telegram = asha.place("slack"), asha.place("telegram")
    asha.says(slack)
    ticket = asha.ticket(slack)
    asha.says(telegram)
    with asha.new() as session, session.begin():
        stranger = directory.add(session, "Mallory")
    asha.says(asha.place("teams", person=stranger))
    assert asha.told(ticket) == {telegram}


def test_a_chat_of_somebody_who_proved_nothing_is_told_of_nothing_that_began_elsewhere(asha: Life) -> None:
    with asha.new() as session, session.begin():
        session.get_one(Person, asha.person.id).email = None
    web = asha.place("webchat")
    ticket = asha.ticket(None)
    asha.says(web)
    assert asha.told(ticket) == set()
