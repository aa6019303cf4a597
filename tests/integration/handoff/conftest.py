"""Agents who are there, people who chat, a clock that can be set, and a worker that does what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.assignment.models import Availability
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Author, Conversation, Message
from helpsage.departments import service as departments
from helpsage.departments.models import Department
from helpsage.events.models import OutboxEvent
from helpsage.events.subscribers import SUBSCRIBERS
from helpsage.handoff import service
from helpsage.handoff.models import Handoff, Reason
from helpsage.handoff.service import Agent
from helpsage.handoff.waiting import Place
from helpsage.jobs import chat as chat_jobs
from helpsage.jobs import handoff as handoff_jobs
from helpsage.people.models import Account, LoginSession, Person, Role
from helpsage.tickets.actor import Actor
from tests.integration.jobs.conftest import new_session, queue_database

__all__ = ["new_session", "queue_database"]

NewSession = Callable[[], Session]
#: A Wednesday.
BEGIN = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
TASKS = {
    "handoff.follow": handoff_jobs.follow,
    "handoff.keep_files": handoff_jobs.keep_files,
    "chat.add_words_to_ticket": chat_jobs.add_words_to_ticket,
}


class Desk:
    """A desk with a clock of its own."""

    def __init__(self, new_session: NewSession) -> None:
        self.new = new_session
        self.now = BEGIN
        self.followed = 0
        self.department: Department = self.do(departments.ensure_defaults)

    def do(self, work: Callable[[Session], Any]) -> Any:
        """In a transaction that commits."""
        with self.new() as session, session.begin():
            return work(session)

    def passes(self, **time: float) -> None:
        """Time passes; then the clock's work is done, as every minute."""
        self.now += timedelta(**time)
        self.still_here()
        handoff_jobs.look_at_all()

    def still_here(self) -> None:
        """Whoever was at the desk still is."""

        def work(session: Session) -> None:
            for login in session.scalars(select(LoginSession).where(LoginSession.revoked_at.is_(None))):
                login.seen_at = self.now

        self.do(work)

    def agent(self, name: str, **known: Any) -> Agent:
        """Somebody who is at the desk."""

        def work(session: Session) -> Agent:
            person = Person(name=name)
            session.add(person)
            session.flush()
            account = Account(
                person_id=person.id, email=f"{name.lower()}@desk.example", password_hash="", role=Role.AGENT.value
            )
            session.add(account)
            session.flush()
            session.add(LoginSession(token_hash=name, account_id=account.id, seen_at=self.now, expires_at=FAR))
            if known:
                session.add(Availability(account_id=account.id, **known))
            return Agent(account.id, Actor("agent", name, person.id))

        return self.do(work)  # type: ignore[no-any-return]

    def goes(self, agent: Agent) -> None:
        """They close their browser."""

        def work(session: Session) -> None:
            for login in session.scalars(select(LoginSession).where(LoginSession.account_id == agent.account_id)):
                login.revoked_at = self.now

        self.do(work)

    def chat(self, *words: str) -> UUID:
        """Somebody chats with the assistant, who has answered."""
        conversation = self.do(lambda s: conversations.ensure(s, f"web:{uuid4()}", "webchat"))
        for each in words:
            self.person(conversation.id, each)
            self.do(lambda s: conversations.push(s, conversation.id, Author.BOT, text="I see."))
        return conversation.id  # type: ignore[no-any-return]

    def person(self, conversation: UUID, text: str, **data: str) -> Message:
        """The person says something, and what follows is done: as the channel keeps it."""

        def work(session: Session) -> Message:
            row = conversations.claim(session, conversation)
            row.last_seq += 1
            message = Message(
                conversation_id=conversation,
                seq=row.last_seq,
                author="person",
                text=text,
                data=data,
                client_id=uuid4().hex,
                created_at=self.now,
                handled_at=self.now,
            )
            session.add(message)
            session.flush()
            if row.owner != "bot":
                session.add(OutboxEvent(kind=WROTE, subject_id=conversation, payload={"message_id": message.id}))
            return message

        message: Message = self.do(work)
        self.follow()
        return message

    def asks(self, conversation: UUID, reason: Reason = Reason.ASKED, **more: Any) -> Place:
        """They want a human."""
        found: Place = self.do(lambda s: service.ask(s, conversation, reason, **more))
        self.now += timedelta(milliseconds=1)
        self.follow()
        return found

    def act(self, work: Callable[[Session], Any]) -> Any:
        """Somebody does something, and what follows is done."""
        done = self.do(work)
        self.follow()
        return done

    def follow(self) -> None:
        """Run what follows the new events, twice as a queue may."""
        with self.new() as session:
            asked = select(OutboxEvent).where(OutboxEvent.id > self.followed).order_by(OutboxEvent.id)
            events = session.scalars(asked).all()
        for event in events:
            self.followed = event.id
            for subscription in SUBSCRIBERS.get(event.kind, ()):
                for _ in range(2 if subscription.task in TASKS else 0):
                    TASKS[subscription.task](event.id, str(event.subject_id), event.payload)

    def owner(self, conversation: UUID) -> str:
        """Who answers."""
        with self.new() as session:
            return session.get_one(Conversation, conversation).owner

    def handoff(self, conversation: UUID) -> Handoff:
        """The newest chat with a human there."""
        with self.new() as session:
            asked = select(Handoff).where(Handoff.conversation_id == conversation).order_by(Handoff.asked_at.desc())
            return session.scalars(asked).first() or pytest.fail("there is none")

    def told(self, conversation: UUID) -> list[str]:
        """What the system said there."""
        with self.new() as session:
            asked = select(Message).where(Message.conversation_id == conversation, Message.author == "system")
            return [each.text for each in session.scalars(asked.order_by(Message.seq))]


FAR = datetime(2100, 1, 1, tzinfo=UTC)
WROTE = "conversation.person_wrote"


@pytest.fixture
def desk(new_session: NewSession) -> Iterator[Desk]:
    """An empty desk at ten o'clock on a Wednesday."""
    made: list[Desk] = []
    with clock.frozen(lambda: made[0].now if made else BEGIN):
        made.append(Desk(new_session))
        yield made[0]
