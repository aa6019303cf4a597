"""A desk whose team talks in Slack, Teams and Telegram; what an assistant brings and posts is rows here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.alerts import places
from helpsage.alerts.models import Alert, AlertPlace, AlertWord, Aside
from helpsage.channels.models import Post
from helpsage.conversations.models import Message
from helpsage.departments.models import Team, TeamMember
from helpsage.events import outbox
from helpsage.events.models import OutboxEvent
from helpsage.events.subscribers import SUBSCRIBERS
from helpsage.handoff.service import Agent
from helpsage.jobs import alerts as alert_jobs
from helpsage.jobs import chat as chat_jobs
from helpsage.jobs import handoff as handoff_jobs
from helpsage.people.models import ChannelIdentity
from helpsage.tickets import service
from helpsage.tickets.models import Entry, Ticket
from helpsage.tickets.service import Actor, NewTicket
from tests.integration.handoff.conftest import BEGIN, Desk
from tests.integration.jobs.conftest import new_session, queue_database

__all__ = ["new_session", "queue_database"]

ASHA = Actor("requester", "Asha Patel")
KINDS = {"slack": "slack-main", "teams": "teams-main", "telegram": "telegram-main"}
TASKS: dict[str, Callable[..., None]] = {
    "alerts.tell": alert_jobs.tell,
    "alerts.tell_chat": alert_jobs.tell_chat,
    "alerts.tell_words": alert_jobs.tell_words,
    "alerts.tell_answer": alert_jobs.tell_answer,
    "alerts.hear": alert_jobs.hear,
    "handoff.follow": handoff_jobs.follow,
    "handoff.keep_files": handoff_jobs.keep_files,
    "chat.add_words_to_ticket": chat_jobs.add_words_to_ticket,
    "chat.deliver_reply": chat_jobs.deliver_reply_to_chat,
}


class Floor(Desk):
    """The desk, its team, and the team's places."""

    def __init__(self, new: Callable[[], Session]) -> None:
        super().__init__(new)
        self.team: UUID = self.do(self._team)
        self.do(self._install)
        self._numbers = 0

    def _team(self, session: Session) -> UUID:
        team = Team(department_id=self.department.id, name="Network", key="network", created_at=self.now)
        session.add(team)
        session.flush()
        return team.id

    def _install(self, session: Session, trusted: str = "") -> None:
        content = {
            "installations": [
                {
                    "key": key,
                    "kind": kind,
                    "name": kind,
                    "department": "",
                    "enabled": True,
                    "options": {"trusted": trusted},
                    "secrets": {},
                }
                for kind, key in KINDS.items()
            ]
        }
        found = text("insert into configuration (name, content) values ('channels', cast(:content as jsonb))")
        clear = text("delete from configuration where name = 'channels'")
        session.execute(clear)
        session.execute(found, {"content": json.dumps(content)})

    def trust(self) -> None:
        """An administrator vouches for the workspaces' own proofs."""
        self.do(lambda session: self._install(session, "yes"))

    # --- who and where

    def member(self, name: str, linked: tuple[str, ...] = ("slack",), team: bool = True, **known: Any) -> Agent:
        """Somebody of the team (or of none), known on these applications by their name; in no console."""
        agent = self.agent(name, **known)
        self.goes(agent)

        def work(session: Session) -> None:
            if team:
                session.add(TeamMember(team_id=self.team, account_id=agent.account_id))
            for kind in linked:
                session.add(
                    ChannelIdentity(
                        channel=kind,
                        external_id=name,
                        person_id=agent.actor.person_id,
                        name=name,
                        proven_by="code",
                        proven_at=self.now,
                        created_at=self.now,
                    )
                )

        self.do(work)
        return agent

    def place(
        self, kind: str = "slack", where: str = "T:C1", team: bool = True, tickets: str = "all", chats: bool = True
    ) -> UUID:
        """A place that somebody connected by its code."""

        def make(session: Session) -> tuple[UUID, str]:
            row = AlertPlace(
                name=f"#{kind}",
                department_id=self.department.id,
                team_id=self.team if team else None,
                tickets=tickets,
                chats=chats,
                created_at=self.now,
            )
            session.add(row)
            session.flush()
            return row.id, places.new_code(session, row)

        made, code = self.do(make)
        self.hears(None, code, "Anybody", kind, where, kind_of_word="connect")
        self.now = clock.now()
        return made  # type: ignore[no-any-return]

    # --- what happens

    def ticket(self, subject: str = "No Wi-Fi in the library", key: str | None = None, **given: Any) -> Ticket:
        """Somebody asks; the team is told."""

        def work(session: Session) -> Ticket:
            new = NewTicket(
                subject=subject,
                description="It has been gone since this morning.",
                category="login_error",
                channel="webchat",
                requester_name="Asha Patel",
                idempotency_key=key,
                **{"priority": "normal", **given},
            )
            ticket = service.open_ticket(session, new, ASHA)
            ticket.team_id = self.team
            return ticket

        return self.act(work)  # type: ignore[no-any-return]

    def hears(
        self,
        alert: Alert | None,
        said: str,
        by: str,
        kind: str = "slack",
        where: str = "T:C1",
        key: str = "",
        kind_of_word: str = "said",
        follow: bool = True,
        files: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """As the assistant keeps it; returns what came of it."""
        self._numbers += 1
        identified = key or f"m{self._numbers}"

        def work(session: Session) -> int | None:
            row = insert(AlertWord).values(
                installation=KINDS[kind],
                place=where,
                key=identified,
                conversation_id=alert.conversation_id if alert is not None else None,
                external_id=by,
                name=by,
                kind=kind_of_word,
                text=said,
                files=list(files),
                address={"channel": where},
                aside={"user": by},
                received_at=self.now,
            )
            word = session.scalar(row.on_conflict_do_nothing().returning(AlertWord.id))
            if word is not None:
                subject = alert.conversation_id if alert is not None else uuid4()
                outbox.record(session, "alert.heard", subject, {"word_id": word})
            return word

        word = self.do(work)
        if word is None or not follow:
            return ""
        self.follow()
        with self.new() as session:
            return session.get_one(AlertWord, word).outcome

    def press(self, alert: Alert, by: str, kind: str = "slack", where: str = "T:C1", follow: bool = True) -> str:
        """Somebody presses the card's button."""
        return self.hears(alert, "", by, kind, where, kind_of_word="pressed", follow=follow)

    def follow(self) -> None:
        """Run what follows the new events and what follows from that, twice as a queue may."""
        while True:
            with self.new() as session:
                asked = select(OutboxEvent).where(OutboxEvent.id > self.followed).order_by(OutboxEvent.id)
                events = session.scalars(asked).all()
            if not events:
                return
            for event in events:
                self.followed = event.id
                self.run(event)

    def run(self, event: OutboxEvent) -> None:
        """What follows one event."""
        for subscription in SUBSCRIBERS.get(event.kind, ()):
            for _ in range(2 if subscription.task in TASKS else 0):
                TASKS[subscription.task](event.id, str(event.subject_id), event.payload)

    # --- what is seen

    def alerts(self, place: UUID | None = None) -> list[Alert]:
        """Every card."""
        with self.new() as session:
            asked = select(Alert).order_by(Alert.created_at, Alert.conversation_id)
            return [one for one in session.scalars(asked) if place is None or one.place_id == place]

    def card(self, alert: Alert) -> dict[str, Any]:
        """A card as it is shown now."""
        with self.new() as session:
            post = session.get_one(Post, (alert.message_id, 0))
            return {**session.get_one(Message, alert.message_id).data, **(post.changed or {})}

    def thread(self, alert: Alert) -> list[str]:
        """What stands under a card."""
        with self.new() as session:
            asked = select(Message).where(
                Message.conversation_id == alert.conversation_id, Message.id != alert.message_id
            )
            return [one.text for one in session.scalars(asked.order_by(Message.seq))]

    def asides(self, to: str) -> list[str]:
        """What was told to one person alone."""
        with self.new() as session:
            return [one.text for one in session.scalars(select(Aside).order_by(Aside.id)) if one.address["user"] == to]

    def entries(self, ticket: Ticket) -> list[tuple[str, str, str]]:
        """Visibility, author and words on a ticket."""
        with self.new() as session:
            asked = select(Entry).where(Entry.ticket_id == ticket.id).order_by(Entry.created_at)
            return [(one.visibility, one.author_name, one.body) for one in session.scalars(asked)]

    def again(self, ticket: Ticket) -> Ticket:
        """The ticket as it is now."""
        with self.new() as session:
            return session.get_one(Ticket, ticket.id)


@pytest.fixture
def floor(new_session: Callable[[], Session]) -> Iterator[Floor]:
    """A desk at ten o'clock on a Wednesday, and nobody in the console."""
    made: list[Floor] = []
    with clock.frozen(lambda: made[0].now if made else BEGIN):
        made.append(Floor(new_session))
        yield made[0]
