"""The card of an alert: what it says when it is posted, and how it looks for everybody from then on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.alerts import words
from helpsage.alerts.models import Alert
from helpsage.channels import posting
from helpsage.conversations import service as conversations
from helpsage.handoff import filing
from helpsage.handoff import service as handoffs
from helpsage.handoff.models import Handoff
from helpsage.people import directory
from helpsage.tickets import changing, lifecycle
from helpsage.tickets.models import Status, Ticket
from helpsage.tickets.words import shortened

#: What the button stands for.
TAKE = "!take"
_MARKS = frozenset("*_`[]()<>\\")


def plain(text: str) -> str:
    """Words within Markdown: nothing of them is taken for marks."""
    return "".join(f"\\{one}" if one in _MARKS else one for one in text)


def quoted(text: str) -> str:
    """Words as a quotation, without marks of their own."""
    return "\n".join(f"> {line}" for line in plain(text).splitlines())


def requester(ticket: Ticket) -> str:
    """What whoever asked is called."""
    return plain(ticket.requester.name or words.SOMEBODY)


def person_of(session: Session, handoff: Handoff) -> str:
    """What whoever chats is called."""
    conversation = conversations.get(session, handoff.conversation_id)
    person = directory.get(session, conversation.person_id) if conversation is not None else None
    return plain(person.name) if person is not None and person.name else words.VISITOR


def of_ticket(ticket: Ticket, title: str) -> tuple[str, dict[str, Any]]:
    """Words and data of a ticket's card."""
    link = f"{settings.get().web_url}/agent/tickets/{ticket.reference}"
    head = title.format(name=requester(ticket))
    if ticket.tone in ("angry", "confused"):
        head += f" · {words.SOUNDS.format(tone=ticket.tone)}"
    told = shortened(ticket.description, words.LONGEST_REPORT)
    text = "\n\n".join((head, quoted(told), words.OPEN.format(reference=ticket.reference, link=link)))
    return text, {"ticket": dict(filing.card(ticket)), "buttons": _buttons()}


def of_chat(session: Session, handoff: Handoff, said: str) -> tuple[str, dict[str, Any]]:
    """Words and data of a waiting chat's card.

    Parameters:
        said: the person's words so far.
    """
    link = f"{settings.get().web_url}/agent/chats/{handoff.id}"
    head = words.WAITS_ANGRY if handoff.reason == "angry" else words.WAITS
    parts = [head.format(name=person_of(session, handoff))]
    if said:
        parts.append(quoted(shortened(said, words.LONGEST_REPORT)))
    parts.append(words.WAITS_SINCE.format(at=handoff.waiting_since or handoff.asked_at, link=link))
    return "\n\n".join(parts), {"buttons": _buttons()}


def _buttons() -> list[dict[str, str]]:
    return [{"title": words.TAKE, "payload": TAKE}]


def renew(session: Session, alert: Alert) -> None:
    """Let the card show how things are now."""
    if alert.message_id is not None:
        posting.change(session, alert.message_id, dict(_now(session, alert)))


def _now(session: Session, alert: Alert) -> Mapping[str, Any]:
    ticket = session.get(Ticket, alert.ticket_id) if alert.ticket_id is not None else None
    handoff = session.get(Handoff, alert.handoff_id) if alert.handoff_id is not None else None
    if ticket is None and handoff is not None:
        return {"pressed": _chat_now(session, handoff)}
    if ticket is None:
        return {}
    shown = _ticket_now(session, alert, ticket)
    # The card of a chat that became a ticket was none of a ticket's when it was posted, and becomes one.
    return {"ticket": dict(filing.card(ticket)), "pressed": shown}


def _ticket_now(session: Session, alert: Alert, ticket: Ticket) -> str | None:
    has_it = handoffs.name_of(session, ticket.assignee_id) if ticket.assignee_id is not None else ""
    if ticket.merged_into_id is not None:
        return words.MERGED.format(reference=changing.survivor(session, ticket).reference)
    if alert.ended_at is not None:
        return words.ELSEWHERE
    if Status(ticket.status) in lifecycle.FINISHED:
        status = str(filing.card(ticket)["status_label"])
        return (words.FINISHED_BY if has_it else words.FINISHED).format(status=status, name=has_it)
    return words.HAS_IT.format(name=has_it) if has_it else None


def _chat_now(session: Session, handoff: Handoff) -> str | None:
    name = handoffs.name_of(session, handoff.agent_id) if handoff.agent_id is not None else ""
    if handoff.ended_at is not None:
        ticket = session.get(Ticket, handoff.ticket_id) if handoff.ticket_id is not None else None
        return words.OVER_CARD[handoff.outcome].format(
            agent=name or words.SOMEONE, reference=ticket.reference if ticket is not None else ""
        )
    if handoff.wanted_id is not None:
        return words.ELSEWHERE
    return words.HAS_IT.format(name=name) if handoff.agent_id is not None else None
