"""A human in the same chat: asked for, accepted by one, passed on, given back, or made a ticket.

Each function works in the caller's transaction. It locks the conversation's row first, so that of two who want the same
one wins and the other sees that it lost; it changes the owner through `ownership.move`, tells the person in the chat,
and keeps the rest in the row of `Handoff`. Who waits for what is told to agents by the row's trigger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.attachments import Received
from helpsage.conversations import dialogue, ownership
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Author, Conversation, Message, Owner
from helpsage.conversations.ownership import IllegalStep, Step
from helpsage.departments import service as departments
from helpsage.events import outbox
from helpsage.handoff import files, filing, staffing, waiting, words
from helpsage.handoff.models import Handoff, Outcome, Reason
from helpsage.handoff.staffing import NobodyThere
from helpsage.handoff.waiting import Place
from helpsage.people.models import Account
from helpsage.people.permissions import STAFF
from helpsage.tickets import service as tickets
from helpsage.tickets import words as texts
from helpsage.tickets.actor import Actor
from helpsage.tickets.models import Ticket

__all__ = [
    "Agent",
    "IllegalStep",
    "NobodyThere",
    "NotYours",
    "Over",
    "Taken",
    "TooMany",
    "UnknownColleague",
    "accept",
    "ask",
    "current",
    "file",
    "give_back",
    "leave",
    "make_ticket",
    "offer_again",
    "say",
    "silent",
    "start",
    "transfer",
]

SYSTEM = Actor("system")
#: What the queue's buttons stand for. Pressed too late, they mean what the assistant makes of them.
STOP_WAITING = "/cancel"
TICKET_INSTEAD = '/talk_to_person{"choice":"ticket"}'
LONGEST_SUMMARY = 500
#: Event: an agent wrote to somebody.
AGENT_SAID = "conversation.agent_said"
LONGEST_NAME = 60


class Taken(Exception):
    """Somebody else has it already.

    Attributes:
        name: who.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


class Over(Exception):
    """The chat with a human has ended meanwhile."""


class NotYours(Exception):
    """Only who talks may do this."""


class TooMany(Exception):
    """An agent has as many chats as they may at a time."""


class UnknownColleague(Exception):
    """No such colleague or team, or nobody of them is there."""


@dataclass(frozen=True)
class Agent:
    """Who talks: the account, and as the log knows them."""

    account_id: UUID
    actor: Actor

    @property
    def name(self) -> str:
        """As the person in the chat sees them."""
        return self.actor.name


# --- asking


def ask(
    session: Session, conversation_id: UUID, reason: Reason, message_id: int | None = None, urgent: bool = False
) -> Place:
    """Somebody wants a human: from now on they wait for one. Who waits already keeps their place.

    Parameters:
        message_id: the person's message in whose answer this happens; that one answer may still be said.

    Raises:
        NobodyThere: nothing was changed.
        IllegalStep: a human talks with them already.
        ConversationNotFound
    """
    conversation = conversations.claim(session, conversation_id)
    open_one = current(session, conversation_id)
    if open_one is not None and conversation.owner == Owner.QUEUED:
        return waiting.place(session, open_one)
    there = staffing.of(session, conversation.department_id)
    if not there.somebody:
        raise NobodyThere(there)
    now = clock.now()
    handoff = Handoff(
        conversation_id=conversation_id,
        reason=reason.value,
        urgent=urgent,
        department_id=conversation.department_id,
        message_id=message_id,
        from_seq=_first_seq(session, conversation),
        seen_seq=0,
        asked_at=now,
        waiting_since=now,
        unanswered_since=now,
    )
    ownership.move(session, conversation, Step.ASKED, Actor("requester"), reason.value)
    session.add(handoff)
    session.flush()
    found = waiting.place(session, handoff)
    handoff.first_place = handoff.told_place = found.number
    handoff.told_at = now
    session.flush()
    return found


def start(session: Session, conversation_id: UUID, agent: Agent, ticket: Ticket | None = None) -> Handoff:
    """An agent begins to talk with somebody, about a ticket or not.

    Raises:
        Taken, TooMany, ConversationNotFound
    """
    conversation = conversations.claim(session, conversation_id)
    open_one = current(session, conversation_id)
    if open_one is not None and conversation.owner == Owner.QUEUED:
        return accept(session, open_one.id, agent)
    if open_one is not None:
        if open_one.agent_id == agent.account_id:
            return open_one
        raise Taken(name_of(session, open_one.agent_id))
    _refuse_too_many(session, agent)
    now = clock.now()
    handoff = Handoff(
        conversation_id=conversation_id,
        reason=Reason.STARTED.value,
        department_id=conversation.department_id,
        agent_id=agent.account_id,
        ticket_id=ticket.id if ticket is not None else None,
        from_seq=_first_seq(session, conversation),
        asked_at=now,
        accepted_at=now,
        joined_at=now,
        agent_wrote_at=now,
    )
    ownership.move(session, conversation, Step.STARTED, agent.actor)
    session.add(handoff)
    said = words.STARTED_ABOUT if ticket is not None else words.STARTED
    _tell(
        session,
        conversation,
        handoff,
        said.format(
            name=_shown(agent.name),
            desk=settings.get().desk_name,
            reference=ticket.reference if ticket is not None else "",
            subject=texts.shortened(ticket.subject, LONGEST_NAME) if ticket is not None else "",
        ),
        {"state": Owner.HUMAN.value, "agent": agent.name},
    )
    return handoff


def _first_seq(session: Session, conversation: Conversation) -> int:
    """The oldest thing the person said that has no answer yet; else whatever is said next."""
    asked = select(func.min(Message.seq)).where(
        Message.conversation_id == conversation.id,
        Message.author == Author.PERSON.value,
        Message.handled_at.is_(None),
    )
    return session.scalar(asked) or conversation.last_seq + 1


# --- talking


def accept(session: Session, handoff_id: UUID, agent: Agent, thread_id: UUID | None = None) -> Handoff:
    """Take a waiting chat. Of several who try, one gets it. Taking what is one's own already changes nothing but where
    its agent talks from.

    Parameters:
        thread_id: the alert's conversation from which they talk; None: the console.

    Raises:
        Taken, Over, TooMany
    """
    conversation, handoff = _locked(session, handoff_id)
    if conversation.owner == Owner.HUMAN:
        if handoff.agent_id == agent.account_id:
            handoff.thread_id = thread_id
            session.flush()
            return handoff
        raise Taken(name_of(session, handoff.agent_id))
    _refuse_too_many(session, agent)
    now = clock.now()
    handoff.thread_id = thread_id
    ownership.move(session, conversation, Step.ACCEPTED, agent.actor, about={"handoff_id": str(handoff.id)})
    handoff.agent_id, handoff.wanted_id, handoff.waiting_since = agent.account_id, None, None
    handoff.accepted_at = handoff.accepted_at or now
    handoff.joined_at = handoff.agent_wrote_at = now
    # They have the agent's patience again: an agent who has just come had no time to answer.
    handoff.unanswered_since = now if handoff.unanswered_since is not None else None
    handoff.asked_back_at = None
    _tell(
        session,
        conversation,
        handoff,
        words.JOINED.format(name=_shown(agent.name)),
        {"state": Owner.HUMAN.value, "agent": agent.name},
    )
    return handoff


def say(
    session: Session,
    handoff_id: UUID,
    agent: Agent,
    text: str,
    key: str | None = None,
    received: Sequence[Received] = (),
) -> Message:
    """An agent's words, files, or both, once per `key`.

    Raises:
        NotYours, Over
        InvalidText
        AttachmentRefused: `files.send`; nothing was said.
    """
    said = texts.body(text) if texts.visible(text) or not received else ""
    conversation, handoff = _mine(session, handoff_id, agent)
    known = f"agent:{key}" if key else None
    message = files.send(session, handoff, agent.name, said, received, agent.actor.person_id, known)
    handoff.agent_wrote_at = clock.now()
    handoff.unanswered_since = handoff.asked_back_at = None
    handoff.seen_seq = max(handoff.seen_seq, message.seq)
    session.flush()
    outbox.record(session, AGENT_SAID, conversation.id, {"message_id": message.id})
    return message


def heard(session: Session, message: Message) -> bool:
    """The person wrote while the conversation was a human's: whether this was in a chat with one, or waiting for one.

    A chat that is over has heard what belongs to it, too: nothing more has to be done with those words.
    """
    conversation = conversations.claim(session, message.conversation_id)
    handoff = _of_message(session, message)
    if handoff is None:
        return False
    if handoff.ended_at is not None:
        return True
    if conversation.owner == Owner.QUEUED and _wants_no_more(message):
        leave(session, handoff.id)
        return True
    if conversation.owner == Owner.QUEUED and message.data.get("payload") == TICKET_INSTEAD:
        file(session, handoff.id, words.ON_REQUEST)
        return True
    handoff.unanswered_since = handoff.unanswered_since or message.created_at
    handoff.asked_back_at = None
    if conversation.owner == Owner.QUEUED and message.id == handoff.message_id:
        # The assistant's answer to it was not said: somebody has to say that they wait.
        tell_place(session, handoff)
    session.flush()
    # The row may be the same as before: that there is something new is in the messages.
    session.execute(sql("select pg_notify('handoff', :id)"), {"id": str(conversation.id)})
    return True


def _of_message(session: Session, message: Message) -> Handoff | None:
    """The chat with a human that these words belong to."""
    asked = select(Handoff).where(
        Handoff.conversation_id == message.conversation_id,
        Handoff.from_seq <= message.seq,
        (Handoff.to_seq.is_(None)) | (Handoff.to_seq >= message.seq),
    )
    latest = asked.order_by(Handoff.from_seq.desc()).limit(1)
    return session.scalars(latest.execution_options(populate_existing=True)).first()


def _wants_no_more(message: Message) -> bool:
    if "payload" in message.data:
        return bool(message.data["payload"] == STOP_WAITING)
    return " ".join(message.text.lower().strip(" .!").split()) in words.NO_LONGER


def tell_place(session: Session, handoff: Handoff) -> None:
    """Tell somebody who waits where they stand; nothing when somebody came at this very moment."""
    session.flush()
    conversation = conversations.claim(session, handoff.conversation_id)
    session.refresh(handoff)
    if conversation.owner != Owner.QUEUED or handoff.waiting_since is None:
        return
    found = waiting.place(session, handoff)
    handoff.told_place, handoff.told_at = found.number, clock.now()
    data: dict[str, Any] = {"state": Owner.QUEUED.value, "place": found.number}
    _tell(session, conversation, handoff, words.place(found.number, found.wait), data, queue_buttons())


def queue_buttons() -> list[dict[str, str]]:
    """What somebody who waits may choose instead."""
    return [
        {"title": words.TICKET_INSTEAD, "payload": TICKET_INSTEAD},
        {"title": words.STOP, "payload": STOP_WAITING},
    ]


# --- passing on


def transfer(
    session: Session,
    handoff_id: UUID,
    agent: Agent,
    team_id: UUID | None = None,
    account_id: UUID | None = None,
    note: str = "",
) -> Handoff:
    """Pass a chat on to a team, or to a colleague. They have to take it; the person waits at the front meanwhile.

    Parameters:
        note: for whoever takes it; the person does not read it.

    Raises:
        NotYours, Over
        UnknownColleague: or nobody of them is at the desk.
    """
    conversation, handoff = _mine(session, handoff_id, agent)
    to = _colleague(session, account_id) if account_id is not None else _team(session, team_id)
    handoff.wanted_id = account_id
    if account_id is None:
        found = departments.team(session, team_id)
        handoff.team_id = team_id
        handoff.department_id = found.department_id if found is not None else handoff.department_id
    _wait_again(handoff)
    ownership.move(session, conversation, Step.TRANSFERRED, agent.actor, texts.reason(note))
    _tell_waiting(session, conversation, handoff, words.TRANSFERRED, name=_shown(agent.name), to=to)
    return handoff


def _colleague(session: Session, account_id: UUID) -> str:
    account = session.get(Account, account_id)
    if account is None or account.role not in STAFF or not staffing.is_at_desk(session, account_id):
        raise UnknownColleague(str(account_id))
    return f"**{_shown(account.person.name)}**" if account.person.name else words.COLLEAGUE


def _team(session: Session, team_id: UUID | None) -> str:
    found = departments.team(session, team_id)
    if found is None or found.archived_at is not None:
        raise UnknownColleague(str(team_id))
    if not staffing.of(session, found.department_id, found.id).somebody:
        raise UnknownColleague(str(team_id))
    return words.TEAM.format(team=found.name)


def offer_again(session: Session, handoff_id: UUID, reason: str = "") -> None:
    """The agent does not answer any more: others may take it. When nobody is there, it becomes a ticket.

    Raises:
        Over
        IllegalStep: nobody talks.
    """
    conversation, handoff = _locked(session, handoff_id)
    name = name_of(session, handoff.agent_id)
    there = staffing.of(session, handoff.department_id)
    if not there.open or not there.agents - {handoff.agent_id}:
        file(session, handoff_id, words.NOBODY)
        return
    handoff.wanted_id = handoff.team_id = None
    _wait_again(handoff)
    ownership.move(session, conversation, Step.OFFERED_AGAIN, SYSTEM, reason)
    _tell_waiting(session, conversation, handoff, words.OFFERED_AGAIN, name=_shown(name))


def _wait_again(handoff: Handoff) -> None:
    handoff.agent_id, handoff.urgent = None, True
    handoff.thread_id = None
    handoff.waiting_since = clock.now()


def _tell_waiting(session: Session, conversation: Conversation, handoff: Handoff, said: str, **values: str) -> None:
    session.flush()
    found = waiting.place(session, handoff)
    handoff.told_place, handoff.told_at = found.number, clock.now()
    data = {"state": Owner.QUEUED.value, "place": found.number}
    # How long others waited for their first agent says nothing about a second one.
    text = said.format(place=words.place(found.number, None), **values)
    _tell(session, conversation, handoff, text, data, queue_buttons())


# --- the end


def give_back(session: Session, handoff_id: UUID, agent: Agent, summary: str = "") -> Handoff:
    """The agent is done: the assistant answers again, and the person reads in short what came of it.

    Raises:
        NotYours, Over
    """
    conversation, handoff = _mine(session, handoff_id, agent)
    handoff.summary = texts.shortened(texts.clean(summary), LONGEST_SUMMARY)
    said = words.RETURNED_WITH if handoff.summary else words.RETURNED
    text = said.format(name=_shown(agent.name), summary=handoff.summary)
    _end(session, conversation, handoff, Step.RETURNED, Outcome.RETURNED, agent.actor, text)
    return handoff


def leave(session: Session, handoff_id: UUID) -> None:
    """The person does not want to wait any longer.

    Raises:
        Over
        IllegalStep: they do not wait.
    """
    conversation, handoff = _locked(session, handoff_id)
    _end(session, conversation, handoff, Step.LEFT, Outcome.LEFT, Actor("requester"), words.LEFT)


def silent(session: Session, handoff_id: UUID) -> None:
    """The person said nothing more, although they were asked.

    Raises:
        Over
        IllegalStep: nobody talks with them.
    """
    conversation, handoff = _locked(session, handoff_id)
    text = words.SILENT.format(name=_shown(name_of(session, handoff.agent_id)))
    _end(session, conversation, handoff, Step.SILENT, Outcome.SILENT, SYSTEM, text)


def file(session: Session, handoff_id: UUID, why: str) -> Ticket:
    """Nobody can answer in time: what was said becomes a ticket, or goes on in the one that it is about.

    Parameters:
        why: a sentence for the person.

    Raises:
        Over
    """
    conversation, handoff = _locked(session, handoff_id)
    known = session.get(Ticket, handoff.ticket_id) if handoff.ticket_id is not None else None
    ticket = known or filing.open_ticket(session, conversation, handoff)
    handoff.ticket_id = ticket.id
    said = words.FILED if known is None else words.FILED_BEFORE
    mail = words.AND_BY_MAIL if ticket.requester.email or ticket.requester.contact_email else ""
    text = said.format(why=why, reference=ticket.reference, mail=mail)
    more = {"ticket": filing.card(ticket)} if known is None else {}
    _end(session, conversation, handoff, Step.FILED, Outcome.TICKET, SYSTEM, text, more)
    return ticket


def make_ticket(session: Session, handoff_id: UUID, agent: Agent, subject: str = "", category: str = "") -> Ticket:
    """The agent makes a ticket of what was said, and has it; the chat goes on. A chat has one.

    Raises:
        NotYours, Over
        InvalidText: nothing was said yet.
    """
    conversation, handoff = _mine(session, handoff_id, agent)
    if handoff.ticket_id is not None:
        return session.get_one(Ticket, handoff.ticket_id)
    ticket = filing.open_ticket(session, conversation, handoff, agent.actor, texts.clean(subject), category)
    tickets.assign(session, ticket, agent.account_id, agent.actor)
    handoff.ticket_id = ticket.id
    text = words.MADE.format(reference=ticket.reference)
    data = {"state": Owner.HUMAN.value, "agent": agent.name}
    _tell(session, conversation, handoff, text, data, more={"ticket": filing.card(ticket)})
    return ticket


def _end(
    session: Session,
    conversation: Conversation,
    handoff: Handoff,
    step: Step,
    outcome: Outcome,
    actor: Actor,
    text: str,
    more: Mapping[str, Any] | None = None,
) -> None:
    about = {"handoff_id": str(handoff.id), "outcome": outcome.value}
    ownership.move(session, conversation, step, actor, handoff.summary, about)
    dialogue.close_whatever_is_open(session, conversation.sender_id)
    handoff.outcome, handoff.ended_at = outcome.value, clock.now()
    handoff.waiting_since = handoff.unanswered_since = handoff.wanted_id = None
    _tell(session, conversation, handoff, text, {"state": Owner.BOT.value}, more=more)
    handoff.to_seq = conversation.last_seq
    session.flush()


# --- parts


def current(session: Session, conversation_id: UUID) -> Handoff | None:
    """The chat with a human that this conversation is in, or waits for."""
    asked = select(Handoff).where(Handoff.conversation_id == conversation_id, Handoff.ended_at.is_(None))
    return session.scalar(asked)


def name_of(session: Session, account_id: UUID | None) -> str:
    """What people call whoever has this account."""
    account = session.get(Account, account_id) if account_id is not None else None
    return (account.person.name or words.COLLEAGUE) if account is not None else words.COLLEAGUE


def _locked(session: Session, handoff_id: UUID) -> tuple[Conversation, Handoff]:
    """Both as they are now; the conversation's row is locked until the transaction ends."""
    found = session.get(Handoff, handoff_id)
    if found is None:
        raise Over
    conversation = conversations.claim(session, found.conversation_id)
    session.refresh(found)
    if found.ended_at is not None:
        raise Over
    return conversation, found


def _mine(session: Session, handoff_id: UUID, agent: Agent) -> tuple[Conversation, Handoff]:
    conversation, handoff = _locked(session, handoff_id)
    if conversation.owner != Owner.HUMAN or handoff.agent_id != agent.account_id:
        raise NotYours
    return conversation, handoff


def _refuse_too_many(session: Session, agent: Agent) -> None:
    # One at a time decides for one agent: two clicks must not make one too many.
    session.execute(select(Account.id).where(Account.id == agent.account_id).with_for_update(key_share=True))
    asked = select(func.count()).where(Handoff.agent_id == agent.account_id, Handoff.ended_at.is_(None))
    if int(session.scalar(asked) or 0) >= settings.get().chats_at_once:
        raise TooMany


def _tell(
    session: Session,
    conversation: Conversation,
    handoff: Handoff,
    text: str,
    state: Mapping[str, Any],
    buttons: list[dict[str, str]] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Message:
    data: dict[str, Any] = {"handoff": dict(state), **(more or {})}
    if buttons:
        data["buttons"] = buttons
    message = conversations.push(session, conversation.id, Author.SYSTEM, text=text, data=data)
    session.flush()
    return message


def _shown(name: str) -> str:
    """A name within Markdown: nothing of it is taken for marks."""
    return "".join(f"\\{one}" if one in "*_`[]()<>\\" else one for one in name)
