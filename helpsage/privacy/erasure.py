"""Forgetting who a person was (GDPR, article 17). Their tickets stay, as work that was done, without them.

This is the one place that reaches into every table that holds people's words: a table that is added is added here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.alerts import privacy as alerts
from helpsage.attachments.models import Attachment
from helpsage.channels import privacy as channels
from helpsage.conversations.models import Conversation, Message, OwnershipChange, Tracker
from helpsage.handoff import files as chat_files
from helpsage.handoff.models import Handoff
from helpsage.intake.models import Inbound, MailIdentity, Progress
from helpsage.jobs import queue
from helpsage.knowledge import privacy as articles
from helpsage.mail.models import Mail, MailReference
from helpsage.notify.models import Manner, Notice, SatisfactionRequest, Target
from helpsage.people.models import Account, AccountToken, ChannelIdentity, Person
from helpsage.people.permissions import STAFF
from helpsage.people.preferences import Preference
from helpsage.privacy import words
from helpsage.privacy.models import DataRequest
from helpsage.tickets import changing
from helpsage.tickets.actor import Actor
from helpsage.tickets.models import Change, Entry, Ticket
from helpsage.tokens.models import Answer
from helpsage.training import forgetting as training
from helpsage.triage import forgetting
from helpsage.webhooks.models import Message as WebhookMessage

#: Letters of the shortest part of a name that is looked for in what others wrote.
SHORTEST_PART = 3


class WorksHere(Exception):
    """The person answers tickets: what they wrote to others is not theirs alone. An administrator ends that first."""


@dataclass(frozen=True)
class _Known:
    """What others may have written of the person: names and addresses."""

    pattern: re.Pattern[str] | None

    @classmethod
    def of(cls, names: Iterable[str], addresses: Iterable[str | None]) -> _Known:
        whole = {name.strip() for name in names if name.strip()}
        parts = {part for name in whole for part in name.split() if len(part) >= SHORTEST_PART}
        wanted = sorted({*whole, *parts, *(one for one in addresses if one)}, key=len, reverse=True)
        if not wanted:
            return cls(None)
        return cls(re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, wanted))})(?!\w)", re.IGNORECASE))

    def removed(self, said: str) -> str:
        """The text with a placeholder for each."""
        return self.pattern.sub(words.REMOVED_NAME, said) if self.pattern is not None else said


def erase(session: Session, person_id: UUID, by: str = "requester") -> DataRequest:
    """Remove name, addresses, account, files and words of a person, and write down that it was done.

    What staff wrote stays, with the person's name and addresses blotted out of it.

    Raises:
        WorksHere
    """
    person = session.get_one(Person, person_id, with_for_update={"of": Person})
    accounts = list(session.scalars(select(Account).where(Account.person_id == person_id)))
    if any(account.role in STAFF for account in accounts):
        raise WorksHere
    addresses = [person.email, person.contact_email, *(account.email for account in accounts)]
    known = _Known.of([person.name], addresses)
    done = DataRequest(person_id=person_id, kind="erasure", at=clock.now(), by=by)
    training.forget(session, person_id)
    done.tickets, done.entries = _forget_tickets(session, person_id, known)
    alerts.forget(session, person_id, words.REMOVED)
    articles.forget(session, person_id)
    done.files = _forget_files(session, person_id)
    done.messages = _forget_conversations(session, person_id)
    _forget_letters(session, [address for address in addresses if address])
    _forget_received(session, person_id, [address for address in addresses if address])
    _forget_notices(session, person_id)
    # Codes and the log of it go along.
    session.execute(delete(ChannelIdentity).where(ChannelIdentity.person_id == person_id))
    for account in accounts:
        session.delete(account)
    person.name, person.email, person.contact_email = "", None, None
    session.add(done)
    session.flush()
    return done


def _forget_tickets(session: Session, person_id: UUID, known: _Known) -> tuple[int, int]:
    """Numbers of tickets and of entries that lost their words."""
    tickets = session.scalars(select(Ticket).where(Ticket.requester_id == person_id).order_by(Ticket.id)).all()
    for ticket in tickets:
        _forget_ticket(session, changing.locked(session, ticket, merged_too=True), known)
    entries = session.scalars(select(Entry).where(Entry.author_id == person_id)).all()
    for entry in entries:
        entry.body, entry.author_name = words.REMOVED, ""
    lines = update(Change).where(Change.actor_id == person_id).values(actor_name="", reason="")
    session.execute(lines.execution_options(synchronize_session=False))
    return len(tickets), len(entries)


def _forget_ticket(session: Session, ticket: Ticket, known: _Known) -> None:
    at = changing.touch(ticket)
    ticket.subject, ticket.description = words.REMOVED_SUBJECT, words.REMOVED
    ticket.details = {}
    ticket.rating_comment = None
    ticket.tone = None
    ticket.priority_reason = known.removed(ticket.priority_reason)
    forgetting.forget(session, ticket.id)
    for entry in session.scalars(select(Entry).where(Entry.ticket_id == ticket.id)):
        if entry.author_kind == "requester":
            entry.body, entry.author_name = words.REMOVED, ""
        else:
            entry.body = known.removed(entry.body)
    for line in session.scalars(select(Change).where(Change.ticket_id == ticket.id)):
        line.reason = "" if line.actor_kind == "requester" else known.removed(line.reason)
        line.actor_name = "" if line.actor_kind == "requester" else line.actor_name
    changing.log(session, ticket, Actor("system"), "anonymised", None, None, "", at)
    changing.tell(session, ticket, "ticket.anonymised", Actor("system"), {})


def _forget_conversations(session: Session, person_id: UUID) -> int:
    """The assistant repeats what it is told, so that everybody's words in these chats go. What was understood stays."""
    chats = session.scalars(select(Conversation).where(Conversation.person_id == person_id)).all()
    ids = [chat.id for chat in chats]
    for chat in chats:
        chat.page_url = ""
    session.execute(delete(Tracker).where(Tracker.sender_id.in_([chat.sender_id for chat in chats])))
    channels.forget(session, ids)
    # What agents wrote of them: what came of a chat, and what whoever took it over should know.
    summaries = update(Handoff).where(Handoff.conversation_id.in_(ids)).values(summary="")
    session.execute(summaries.execution_options(synchronize_session=False))
    notes = update(OwnershipChange).where(OwnershipChange.conversation_id.in_(ids)).values(reason="")
    session.execute(notes.execution_options(synchronize_session=False))
    gone = update(Message).where(Message.conversation_id.in_(ids))
    gone = gone.values(text=words.REMOVED, data={}, entities=None, author_name="")
    return session.connection().execute(gone).rowcount


def _forget_files(session: Session, person_id: UUID) -> int:
    """Rows now; the files themselves as soon as this is committed."""
    theirs = select(Ticket.id).where(Ticket.requester_id == person_id)
    from_them = (Attachment.uploaded_by_id == person_id) | Attachment.ticket_id.in_(theirs)
    hashes = list(session.scalars(delete(Attachment).where(from_them).returning(Attachment.sha256)))
    chats = session.scalars(select(Conversation.id).where(Conversation.person_id == person_id)).all()
    hashes += chat_files.forget(session, chats)
    if hashes:
        queue.defer(session, "attachments.remove", {"hashes": sorted(set(hashes))})
    return len(hashes)


def _forget_notices(session: Session, person_id: UUID) -> None:
    """What they were told, how they wanted it, and what other programs were told of their tickets."""
    theirs = select(Ticket.id).where(Ticket.requester_id == person_id)
    session.execute(delete(WebhookMessage).where(WebhookMessage.subject_id.in_(theirs)))
    session.execute(delete(Answer).where(Answer.ticket_id.in_(theirs)))
    for table in (Notice, Target, Manner, Preference, SatisfactionRequest):
        session.execute(delete(table).where(table.person_id == person_id))


def _forget_received(session: Session, person_id: UUID, addresses: list[str]) -> None:
    """What they sent us, raw. The key stays, so that a mailbox that is read again does not bring it back."""
    theirs = select(Ticket.id).where(Ticket.requester_id == person_id)
    small = [address.lower() for address in addresses]
    known = select(MailIdentity.address).where(MailIdentity.person_id == person_id)
    small += session.scalars(known).all()
    from_them = or_(Inbound.person_id == person_id, Inbound.ticket_id.in_(theirs), Inbound.sender.in_(small))
    gone = {"raw": b"", "meta": {}, "sender": "", "subject": "", "reason": ""}
    session.execute(
        update(Inbound).where(from_them, Inbound.state == Progress.WAITING.value).values(state=Progress.IGNORED.value)
    )
    session.execute(update(Inbound).where(from_them).values(**gone).execution_options(synchronize_session=False))
    session.execute(update(MailReference).where(MailReference.sender.in_(small)).values(sender=""))
    session.execute(delete(MailIdentity).where(MailIdentity.person_id == person_id))


def _forget_letters(session: Session, addresses: list[str]) -> None:
    small = [address.lower() for address in addresses]
    session.execute(delete(Mail).where(func.lower(Mail.recipient).in_(small)))
    session.execute(delete(AccountToken).where(func.lower(AccountToken.email).in_(small)))
