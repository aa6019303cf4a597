"""In which language somebody is told of a ticket: their profile's, else the one that the ticket began in, else English.

Staff are told in English, whatever they speak: so are the pages that they work on.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from helpsage.conversations import service as conversations
from helpsage.notify.models import Notice
from helpsage.people import language
from helpsage.people.models import Person
from helpsage.tickets.models import Ticket
from languages import SOURCE, detect

#: From there on the words of a ticket count.
SURE = 0.7


def of_notice(session: Session, notice: Notice, ticket: Ticket) -> str:
    """The language of a notice, whichever way it goes."""
    person = session.get(Person, notice.person_id) if notice.person_id is not None else None
    if person is None or notice.because != "requester":
        return SOURCE
    return of_person(session, person, ticket)


def of_person(session: Session, person: Person, ticket: Ticket) -> str:
    """The language in which somebody who asked is told of a ticket of theirs."""
    chosen = language.of(person)
    return chosen if chosen != SOURCE else _of_ticket(session, ticket)


def _of_ticket(session: Session, ticket: Ticket) -> str:
    """What its chat was held in, else what it is written in."""
    conversation = conversations.get(session, ticket.conversation_id)
    if conversation is not None and (conversation.locale_chosen or conversation.locale != SOURCE):
        return detect.spoken(conversation.locale) or SOURCE
    found = detect.read(f"{ticket.subject}\n{ticket.description}")
    return detect.spoken(found.value) or SOURCE if found.confidence >= SURE else SOURCE
