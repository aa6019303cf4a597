"""What a notice says: read from the ticket when it is sent, so that no words are kept twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.conversations.models import Conversation
from helpsage.departments import service as departments
from helpsage.handoff.models import Handoff
from helpsage.notify import language, satisfaction, unsubscribe, words
from helpsage.notify.models import Notice
from helpsage.notify.templates import Frame
from helpsage.people.models import Person
from helpsage.tickets.models import Change, Entry, Priority, Status, Ticket
from helpsage.tickets.words import shortened
from languages import SOURCE, catalogues

#: Characters of a subject that are shown within a sentence.
SHOWN_SUBJECT = 80


def frame(session: Session, ticket: Ticket | None, person_id: UUID | None, spoken: str = SOURCE) -> Frame:
    """Whose letter it is: the department's, or the desk's."""
    url = settings.get().web_url
    home = departments.by_id(session, ticket.department_id) if ticket is not None else None
    desk, colour = settings.get().desk_name, ""
    if home is not None:
        colour = home.colour
        if home.brand_name or not home.is_default:
            desk = home.brand_name or home.name
    stop = unsubscribe.link(person_id) if person_id is not None else ""
    return Frame(desk, colour, f"{url}/my/notifications", stop, spoken)


def values(session: Session, notice: Notice, ticket: Ticket, spoken: str = SOURCE) -> dict[str, Any]:
    """What a template of this notice may fill in, words of ours in this language."""
    entry = _entry(session, notice)
    return {
        "person": {"name": _name(session, notice.person_id)},
        "ticket": {
            "reference": ticket.reference,
            "subject": shortened(ticket.subject, SHOWN_SUBJECT),
            "status": catalogues.shown(words.CALLED[Status(ticket.status)], spoken),
            "priority": catalogues.shown(words.SOON[Priority(ticket.priority)], spoken),
        },
        "link": link(notice, ticket),
        "who": (entry.author_name if entry is not None else "") or catalogues.shown(words.SOMEONE, spoken),
        "news": news(session, notice, ticket, spoken),
        "words": said(session, notice),
        "because": words.BECAUSE[notice.because],
    }


def chat_values(session: Session, notice: Notice, handoff: Handoff) -> dict[str, Any]:
    """The same for a notice of a chat that waits. What was said in it stays there."""
    return {
        "person": {"name": _name(session, notice.person_id)},
        "ticket": {"reference": "", "subject": "", "status": "", "priority": ""},
        "link": _chat_link(handoff),
        "who": _chatter(session, handoff),
        "news": _waits(session, handoff),
        "words": "",
        "because": words.BECAUSE[notice.because],
    }


def chat_outside(session: Session, handoff: Handoff) -> tuple[str, str]:
    """Title and text of such a notice for a place outside."""
    return words.WAITS_TITLE, f"{_waits(session, handoff)}\n{_chat_link(handoff)}"


def _chat_link(handoff: Handoff) -> str:
    return f"{settings.get().web_url}/agent/chats/{handoff.id}"


def _chatter(session: Session, handoff: Handoff) -> str:
    conversation = session.get(Conversation, handoff.conversation_id)
    return _name(session, conversation.person_id if conversation is not None else None) or words.SOMEBODY


def _waits(session: Session, handoff: Handoff) -> str:
    return words.WAITS.format(who=_chatter(session, handoff), seconds=settings.get().chat_notice_seconds)


def link(notice: Notice, ticket: Ticket) -> str:
    """The way to the ticket, for whoever is told."""
    place = "my" if notice.because == "requester" else "agent"
    return f"{settings.get().web_url}/{place}/tickets/{ticket.reference}"


def letter_template(session: Session, notice: Notice, ticket: Ticket) -> tuple[str, dict[str, Any]]:
    """The template's name and what it needs besides: a closing asks how it went, unless it is better not to ask."""
    if notice.template != "ticket_closed":
        return notice.template, {}
    if ticket.status == Status.CLOSED and satisfaction.ask(session, ticket, notice.event_id):
        return notice.template, {"rate": satisfaction.link(ticket)}
    return "ticket_status", {}


def said(session: Session, notice: Notice) -> str:
    """The words that were written, or the reason that was given among staff."""
    entry = _entry(session, notice)
    if entry is not None:
        return entry.body
    change = _change(session, notice)
    return change.reason if change is not None and notice.because != "requester" else ""


def news(session: Session, notice: Notice, ticket: Ticket, spoken: str = SOURCE) -> str:
    """What happened, in a sentence; to whoever asked in their language."""
    if notice.because == "requester":
        return _to_requester(session, notice, spoken)
    who = _who(session, notice)
    match notice.facts.get("kind"):
        case "ticket.opened":
            return words.OPENED.format(who=ticket.requester.name or words.SOMEBODY)
        case "ticket.noted":
            return words.NOTED.format(who=who)
        case "ticket.status_changed":
            return words.SET.format(who=who, to=words.CALLED[Status(notice.facts["to"])])
        case "ticket.assigned":
            return words.ASSIGNED.format(who=who) if notice.facts.get("actor_id") else words.ASSIGNED_BY_ITSELF
        case "ticket.escalated":
            return words.ESCALATED.format(who=who)
        case "ticket.alerted":
            why = notice.facts.get("title")
            return words.ALERTED.format(why=words.BECAUSE_OF.format(why=why) if why else "")
        case "ticket.due_soon":
            return words.DUE_SOON.format(at=_moment(notice))
        case "ticket.breached":
            return words.BREACHED.format(at=_moment(notice))
        case _:
            return words.WROTE.format(who=who)


def item(session: Session, notice: Notice, ticket: Ticket, spoken: str = SOURCE) -> tuple[str, str]:
    """One line of a digest, and where it leads."""
    told = news(session, notice, ticket, spoken).removesuffix(":")
    line = words.ITEM.format(reference=ticket.reference, subject=shortened(ticket.subject, SHOWN_SUBJECT), news=told)
    return line, link(notice, ticket)


def outside(session: Session, notice: Notice, ticket: Ticket) -> tuple[str, str]:
    """Title and text for a place outside."""
    title = words.TARGET_TITLE.format(reference=ticket.reference, subject=shortened(ticket.subject, SHOWN_SUBJECT))
    written = said(session, notice)
    if notice.facts.get("kind") == "ticket.noted":
        written = ""  # what staff say among themselves stays on the desk's own pages
    told = news(session, notice, ticket, language.of_notice(session, notice, ticket))
    parts = [told, shortened(written, words.LONGEST_OUTSIDE), link(notice, ticket)]
    return title, "\n".join(part for part in parts if part)


def _to_requester(session: Session, notice: Notice, spoken: str) -> str:
    if notice.facts.get("status"):
        return catalogues.shown(words.STATUS[Status(notice.facts["status"])], spoken)
    entry = _entry(session, notice)
    if entry is not None:
        who = entry.author_name or catalogues.shown(words.SOMEBODY, spoken)
        return catalogues.shown(words.REPLIED_ITEM, spoken) % {"who": who}
    return catalogues.shown(words.RECEIVED_ITEM, spoken)


def _entry(session: Session, notice: Notice) -> Entry | None:
    return session.get(Entry, UUID(notice.facts["entry_id"])) if notice.facts.get("entry_id") else None


def _change(session: Session, notice: Notice) -> Change | None:
    return session.get(Change, int(notice.facts["change_id"])) if notice.facts.get("change_id") else None


def _who(session: Session, notice: Notice) -> str:
    entry, change = _entry(session, notice), _change(session, notice)
    written = (entry.author_name if entry is not None else "") or (change.actor_name if change is not None else "")
    return written or _name(session, _id(notice.facts.get("actor_id"))) or words.SOMEBODY


def _id(written: str | None) -> UUID | None:
    return UUID(written) if written else None


def _name(session: Session, person_id: UUID | None) -> str:
    person = session.get(Person, person_id) if person_id is not None else None
    return person.name if person is not None else ""


def _moment(notice: Notice) -> str:
    written = notice.facts.get("due_at")
    if not written:
        return ""
    zone = settings.get().time_zone
    return words.AT.format(at=datetime.fromisoformat(written).astimezone(ZoneInfo(zone)), zone=zone)
