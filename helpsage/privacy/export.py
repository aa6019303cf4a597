"""Everything that is kept about a person, as a ZIP of JSON and files (GDPR, articles 15 and 20)."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import attachments, clock, settings
from helpsage.attachments import Attachment, storage
from helpsage.channels import privacy as channels
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation, Message
from helpsage.handoff import files as chat_files
from helpsage.handoff.models import Handoff
from helpsage.intake.models import Inbound, Lane
from helpsage.knowledge import privacy as articles
from helpsage.notify import manner
from helpsage.notify.models import Target
from helpsage.people import identities, preferences
from helpsage.people.models import Account, LoginSession, Person
from helpsage.privacy import words
from helpsage.privacy.models import DataRequest
from helpsage.tickets import service
from helpsage.tickets.models import Change, Entry, Ticket
from helpsage.tokens.models import Token
from helpsage.triage import forgetting

#: Bytes of an archive that stay in memory; a larger one is written to a file of its own.
_IN_MEMORY = 8_000_000
#: Lines of a log that are the person's business; the rest is staff's work among themselves.
_SHOWN = frozenset({"created", "replied", "commented", "status", "rated"})


def archive(session: Session, person_id: UUID, by: str = "requester") -> IO[bytes]:
    """The archive, open at its beginning; whoever reads it closes it. It is written down that it was made."""
    person = session.get_one(Person, person_id)
    tickets = list(session.scalars(select(Ticket).where(Ticket.requester_id == person_id).order_by(Ticket.number)))
    made = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 the caller reads it
    counted = DataRequest(person_id=person_id, kind="export", at=clock.now(), by=by, tickets=len(tickets))
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("README.txt", words.README.format(desk=settings.get().desk_name, at=clock.now()))
        packed.writestr("profile.json", _json(_profile(session, person)))
        for ticket in tickets:
            entries = service.thread(session, ticket, public_only=True)
            files = attachments.of_ticket(session, ticket.id, public_only=True)
            counted.entries = (counted.entries or 0) + len(entries)
            counted.files = (counted.files or 0) + _pack_files(packed, ticket, files)
            facts = _ticket(
                ticket, forgetting.told(session, ticket.id), entries, service.history(session, ticket), files
            )
            packed.writestr(f"tickets/{ticket.reference}/ticket.json", _json(facts))
        for conversation in _conversations(session, person_id):
            said = conversations.messages(session, conversation.id)
            counted.messages = (counted.messages or 0) + len(said)
            facts = _conversation(conversation, said) | {"with_a_human": _with_a_human(session, conversation)}
            packed.writestr(f"conversations/{conversation.id}.json", _json(facts))
            counted.files = (counted.files or 0) + _pack_sent(session, packed, conversation)
        _pack_received(session, packed, person_id)
    session.add(counted)
    made.seek(0)
    return made


def _pack_files(packed: zipfile.ZipFile, ticket: Ticket, files: Iterable[Attachment]) -> int:
    count = 0
    for attachment in files:
        if storage.present(attachment.sha256):
            packed.write(storage.path_of(attachment.sha256), _path(ticket, attachment), zipfile.ZIP_STORED)
            count += 1
    return count


def _pack_sent(session: Session, packed: zipfile.ZipFile, conversation: Conversation) -> int:
    """What agents sent them in a chat."""
    count = 0
    for file in chat_files.sent_to(session, conversation.id):
        if storage.present(file.sha256):
            path = f"conversations/{conversation.id}/{file.id.hex[:8]}-{file.name}"
            packed.write(storage.path_of(file.sha256), path, zipfile.ZIP_STORED)
            count += 1
    return count


def _pack_received(session: Session, packed: zipfile.ZipFile, person_id: UUID) -> None:
    """What they sent us, as it came."""
    for record in session.scalars(select(Inbound).where(Inbound.person_id == person_id).order_by(Inbound.id)):
        ending = "eml" if record.lane == Lane.EMAIL else "json"
        packed.writestr(f"received/{record.received_at:%Y-%m-%d}-{record.id}.{ending}", record.raw)
    for brought in channels.deliveries(session, person_id):
        packed.writestr(f"received/{brought.received_at:%Y-%m-%d}-{brought.channel}-{brought.id}.txt", brought.raw)


def _path(ticket: Ticket, attachment: Attachment) -> str:
    """Two files of one name stay two; the name is safe (`attachments/names.py`)."""
    return f"tickets/{ticket.reference}/files/{attachment.id.hex[:8]}-{attachment.name}"


def _profile(session: Session, person: Person) -> dict[str, Any]:
    accounts = session.scalars(select(Account).where(Account.person_id == person.id)).all()
    chosen = preferences.of_person(session, person.id)
    return {
        "name": person.name,
        "email": person.email,
        "contact_email": person.contact_email,
        "locale": person.locale,
        "known_since": person.created_at,
        "accounts": [_account(session, account) for account in accounts],
        "identities": [
            {"channel": one.channel, "id": one.external_id, "name": one.name, "proven_by": one.proven_by}
            for one in identities.of_person(session, person.id)
        ],
        "notifications": {f"{event}:{channel}": wanted for (event, channel), wanted in chosen.items()},
        "told": _manner(session, person),
        "articles": articles.told(session, person.id),
        "requests": [
            {"kind": request.kind, "at": request.at, "by": request.by}
            for request in session.scalars(select(DataRequest).where(DataRequest.person_id == person.id))
        ],
    }


def _manner(session: Session, person: Person) -> dict[str, Any]:
    """How they want to be told, and where besides; the places' addresses are keys of others and stay here."""
    chosen = manner.of_person(session, person.id)
    places = session.scalars(select(Target).where(Target.person_id == person.id, Target.removed_at.is_(None)))
    return {
        "rhythm": chosen.rhythm,
        "digest_at": chosen.digest_at,
        "time_zone": chosen.time_zone,
        "quiet_from": chosen.quiet_from,
        "quiet_to": chosen.quiet_to,
        "places": [{"name": one.name, "service": one.service} for one in places],
    }


def _account(session: Session, account: Account) -> dict[str, Any]:
    sessions = session.scalars(select(LoginSession).where(LoginSession.account_id == account.id))
    return {
        "email": account.email,
        "role": account.role,
        "created_at": account.created_at,
        "last_login_at": account.last_login_at,
        "programs": [
            {"name": one.name, "made": one.created_at, "used": one.last_used_at, "address": one.last_used_from}
            for one in session.scalars(select(Token).where(Token.account_id == account.id).order_by(Token.created_at))
        ],
        "sessions": [
            {"began": one.created_at, "seen": one.seen_at, "address": one.address, "browser": one.user_agent}
            for one in sessions
        ],
    }


def _ticket(
    ticket: Ticket,
    read_as: dict[str, Any],
    entries: Iterable[Entry],
    log: Iterable[Change],
    files: Iterable[Attachment],
) -> dict[str, Any]:
    return {
        "reference": ticket.reference,
        "subject": ticket.subject,
        "description": ticket.description,
        "category": ticket.category,
        "priority": ticket.priority,
        "priority_reason": ticket.priority_reason,
        "status": ticket.status,
        "tone": ticket.tone,
        "read_as": read_as,
        "channel": ticket.channel,
        "details": ticket.details,
        "rating": ticket.rating,
        "rating_comment": ticket.rating_comment,
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "resolved_at": ticket.resolved_at,
        "closed_at": ticket.closed_at,
        "thread": [
            {"author": entry.author_kind, "name": entry.author_name, "at": entry.created_at, "body": entry.body}
            for entry in entries
        ],
        "log": [
            {"at": line.at, "by": line.actor_kind, "what": line.action, "before": line.before, "after": line.after}
            for line in log
            if line.action in _SHOWN
        ],
        "files": [
            {
                "file": _path(ticket, one).rpartition("/")[2],
                "name": one.name,
                "type": one.content_type,
                "bytes": one.size,
                "sha256": one.sha256,
                "at": one.created_at,
            }
            for one in files
        ],
    }


def _conversations(session: Session, person_id: UUID) -> Iterable[Conversation]:
    asked = select(Conversation).where(Conversation.person_id == person_id).order_by(Conversation.created_at)
    return session.scalars(asked).all()


def _conversation(conversation: Conversation, said: Iterable[Message]) -> dict[str, Any]:
    return {
        "channel": conversation.channel,
        "began": conversation.created_at,
        "page": conversation.page_url,
        "messages": [
            {
                "author": message.author,
                "name": message.author_name,
                "at": message.created_at,
                "text": message.text,
                "understood_as": message.intent,
                "confidence": message.confidence,
            }
            for message in said
        ],
    }


def _with_a_human(session: Session, conversation: Conversation) -> list[dict[str, Any]]:
    """When a human was wanted or talked with them, and what came of it."""
    asked = select(Handoff).where(Handoff.conversation_id == conversation.id).order_by(Handoff.asked_at)
    return [
        {
            "asked_at": one.asked_at,
            "because": one.reason,
            "accepted_at": one.accepted_at,
            "ended_at": one.ended_at,
            "outcome": one.outcome,
            "summary": one.summary,
        }
        for one in session.scalars(asked)
    ]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
