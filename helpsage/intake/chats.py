"""The chat lane: a finished conversation of another chat tool, folded into one ticket."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from helpsage.departments import service as departments
from helpsage.intake import people, words
from helpsage.intake.made import Made
from helpsage.intake.models import Inbound
from helpsage.tickets import categories, service
from helpsage.tickets.service import Actor, NewTicket
from helpsage.tickets.words import LONGEST_BODY, LONGEST_SUBJECT, visible

CHANNEL = "chat"
UNSORTED = "general_issue"
MOST_MESSAGES = 2_000

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Who(_Part):
    """The person of a conversation."""

    name: Line = ""
    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)] = ""


class Said(_Part):
    """One message."""

    author: Literal["person", "agent", "bot", "system"]
    text: Annotated[str, StringConstraints(max_length=LONGEST_BODY)]
    name: Line = ""
    at: datetime | None = None


class Conversation(_Part):
    """A conversation that is over."""

    #: Names it in the tool it comes from: sent again, it is the same conversation.
    id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    messages: Annotated[list[Said], Field(min_length=1, max_length=MOST_MESSAGES)]
    person: Who = Who()
    subject: Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_SUBJECT)] = ""
    category: Line = ""
    #: The tool's name, and the page on which the chat was held.
    tool: Line = ""
    page: Annotated[str, StringConstraints(max_length=2_000)] = ""
    ended_at: datetime | None = None


def work(session: Session, record: Inbound) -> Made:
    """One ticket of one conversation."""
    chat = Conversation.model_validate_json(record.raw)
    person = people.by_mail(session, chat.person.email.lower(), chat.person.name)
    home = departments.by_key(session, str(record.meta.get("department", "")))
    first = next((said.text for said in chat.messages if said.author == "person" and visible(said.text)), "")
    new = NewTicket(
        subject=chat.subject or first,
        description=_folded(chat),
        category=chat.category if chat.category in categories.catalogue().categories else UNSORTED,
        channel=CHANNEL,
        department_id=home.id if home is not None else None,
        requester_id=person.id,
        requester_name=chat.person.name,
        details={name: value for name, value in (("page", chat.page), ("tool", chat.tool)) if value},
        idempotency_key=f"{record.lane}:{record.key}",
    )
    ticket = service.open_ticket(session, new, Actor("requester", person.name, person.id))
    return Made(ticket.id, person_id=person.id)


def _folded(chat: Conversation) -> str:
    """Who said what, in order; the middle of a very long one is left out."""
    spoken = [said for said in chat.messages if visible(said.text)]
    lines = [f"**{said.name or _speaker(chat, said)}:** {said.text.strip()}" for said in spoken]
    whole = "\n\n".join(lines) or words.NO_TEXT
    if len(whole) <= LONGEST_BODY:
        return whole
    half = LONGEST_BODY // 2 - 100
    return f"{whole[:half].rstrip()}\n\n…\n\n{whole[-half:].lstrip()}"


def _speaker(chat: Conversation, said: Said) -> str:
    return (said.author == "person" and chat.person.name) or words.SPEAKERS[said.author]
