"""Handing notices over: as letters, as digests, or to the job that calls a place outside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpsage import clock, mail, settings
from helpsage.handoff.models import Handoff
from helpsage.intake.models import MailIdentity
from helpsage.jobs import queue
from helpsage.mail import threading
from helpsage.mail.models import Mail
from helpsage.notify import language, saying, templates, unsubscribe, words
from helpsage.notify.models import Delivery, Notice, Stage
from helpsage.people import preferences
from helpsage.people.models import Person
from helpsage.people.preferences import Channel, Event
from helpsage.tickets.models import Ticket
from languages import SOURCE

HOUR = timedelta(hours=1)
#: Rows that one look takes up.
BATCH = 200
#: Things that one digest tells; the rest comes with the next.
MOST_ITEMS = 100


def address_of(session: Session, person: Person) -> str | None:
    """Where a person reads letters: their proven address, or the one that they wrote from. None when there is none, or
    when letters to it came back.
    """
    if person.email is not None:
        known = session.get(MailIdentity, person.email.lower())
        return person.email if known is None or known.bounced_at is None else None
    asked = select(MailIdentity.address).where(MailIdentity.person_id == person.id, MailIdentity.bounced_at.is_(None))
    return session.scalar(asked.order_by(MailIdentity.created_at.desc()).limit(1))


def hand_over(session: Session, delivery: Delivery) -> None:
    """Its time has come: write the letter, or have the place called."""
    if delivery.channel == "email":
        _write_letter(session, delivery)
    else:
        delivery.stage = Stage.WAITING.value
        queue.defer(session, "notify.push", {"delivery_id": delivery.id}, f"notify.target:{delivery.target_id}")


def hand_over_due(session: Session) -> int:
    """What was held back and may go now; returns how many, as many as `BATCH` means that there may be more."""
    asked = (
        select(Delivery)
        .where(Delivery.stage == Stage.HELD.value, Delivery.due_at <= clock.now())
        .order_by(Delivery.due_at, Delivery.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=Delivery)
    )
    due = session.scalars(asked).all()
    for delivery in due:
        if still_wanted(session, delivery):
            hand_over(session, delivery)
        else:
            drop(delivery, words.UNWANTED)
    return len(due)


def send_digests(session: Session) -> int:
    """One letter to each person whose time for a digest has come; returns how many, up to `BATCH`."""
    asked = (
        select(Notice.person_id)
        .join(Delivery, Delivery.notice_id == Notice.id)
        .where(Delivery.stage == Stage.DIGEST.value, Delivery.due_at <= clock.now(), Notice.person_id.is_not(None))
        .distinct()
        .limit(BATCH)
    )
    people = session.scalars(asked).all()
    for person_id in people:
        assert person_id is not None
        _send_digest(session, person_id)
    return len(people)


def still_wanted(session: Session, delivery: Delivery) -> bool:
    """Whether the person has not thought better of it meanwhile."""
    notice = delivery.notice
    if notice.person_id is None:
        return True
    channel = Channel.EMAIL if delivery.channel == "email" else Channel.TARGET
    return preferences.wants(session, notice.person_id, Event(notice.event), channel)


def drop(delivery: Delivery, why: str) -> None:
    """Not sent, and why."""
    delivery.stage, delivery.error, delivery.done_at = Stage.DROPPED.value, why, clock.now()


def done(delivery: Delivery) -> None:
    """Handed over."""
    delivery.stage, delivery.error, delivery.done_at = Stage.SENT.value, "", clock.now()


# --- letters


def _write_letter(session: Session, delivery: Delivery) -> None:
    notice = delivery.notice
    person = session.get_one(Person, notice.person_id)
    address = address_of(session, person)
    if address is None:
        drop(delivery, words.NO_ADDRESS)
        return
    receipt = notice.event == Event.RECEIVED
    configured = settings.get()
    if receipt and _written(session, address, "notice:received:") >= configured.receipts_an_hour:
        drop(delivery, words.TOO_MANY)
        return
    if not notice.urgent and _written(session, address, "notice:") >= configured.notices_an_hour:
        if notice.handoff_id is not None:  # in a digest it would be of no use
            drop(delivery, words.TOO_MANY)
            return
        delivery.stage, delivery.due_at = Stage.DIGEST.value, clock.now() + HOUR
        return
    if notice.handoff_id is not None:
        _write_of_chat(session, delivery, person, address)
        return
    ticket = session.get_one(Ticket, notice.ticket_id)
    template, more = saying.letter_template(session, notice, ticket)
    spoken = language.of_notice(session, notice, ticket)
    letter = templates.filled(
        session,
        template,
        {**saying.values(session, notice, ticket, spoken), **more},
        saying.frame(session, ticket, person.id, spoken),
    )
    notice.fell_back = letter.fell_back
    key = f"notice:{notice.event}:{notice.id}"
    kind = threading.REPLIED if receipt else threading.GENERATED
    headers = {**threading.headers_for(session, ticket, key, kind), **unsubscribe.headers(person.id)}
    mail.send(
        session,
        address,
        letter.subject,
        letter.text,
        letter.html,
        ticket.department_id,
        headers=headers,
        key=key,
        may_wait=True,
    )
    done(delivery)


def _write_of_chat(session: Session, delivery: Delivery, person: Person, address: str) -> None:
    notice = delivery.notice
    handoff = session.get_one(Handoff, notice.handoff_id)
    if handoff.waiting_since is None:
        drop(delivery, words.TAKEN_MEANWHILE)
        return
    values = saying.chat_values(session, notice, handoff)
    letter = templates.filled(session, notice.template, values, saying.frame(session, None, person.id))
    notice.fell_back = letter.fell_back
    headers = {"Auto-Submitted": threading.GENERATED, **unsubscribe.headers(person.id)}
    key = f"notice:{notice.event}:{notice.id}"
    mail.send(
        session, address, letter.subject, letter.text, letter.html, handoff.department_id, headers=headers, key=key
    )
    done(delivery)


def _written(session: Session, address: str, kind: str) -> int:
    """How many letters of this kind the address got within the hour."""
    asked = select(func.count()).where(
        func.lower(Mail.recipient) == address.lower(),
        Mail.created_at > clock.now() - HOUR,
        Mail.key.startswith(kind, autoescape=True),
    )
    return session.scalar(asked) or 0


def _send_digest(session: Session, person_id: UUID) -> None:
    # One digest at a time for a person, whichever worker makes it.
    person = session.scalar(select(Person).where(Person.id == person_id).with_for_update(skip_locked=True))
    if person is None:
        return
    asked = (
        select(Delivery)
        .join(Notice, Notice.id == Delivery.notice_id)
        .where(Notice.person_id == person_id, Delivery.stage == Stage.DIGEST.value, Delivery.due_at <= clock.now())
        .order_by(Notice.ticket_id, Delivery.id)
        .limit(MOST_ITEMS)
    )
    waiting = list(session.scalars(asked))
    address = address_of(session, person)
    wanted = []
    for delivery in waiting:
        if address is None:
            drop(delivery, words.NO_ADDRESS)
        elif still_wanted(session, delivery):
            wanted.append(delivery)
        else:
            drop(delivery, words.UNWANTED)
    if address is None or not wanted:
        return
    _write_digest(session, person, address, wanted)


def _write_digest(session: Session, person: Person, address: str, wanted: Sequence[Delivery]) -> None:
    tickets = [session.get_one(Ticket, delivery.notice.ticket_id) for delivery in wanted]
    homes = {ticket.department_id for ticket in tickets}
    staff = any(delivery.notice.because != "requester" for delivery in wanted)
    spoken = SOURCE if staff else language.of_person(session, person, tickets[-1])
    items = [
        saying.item(session, delivery.notice, ticket, spoken) for delivery, ticket in zip(wanted, tickets, strict=True)
    ]
    frame = saying.frame(session, tickets[0] if len(homes) == 1 else None, person.id, spoken)
    values = {
        "person": {"name": person.name},
        "ticket": {"reference": "", "subject": "", "status": "", "priority": ""},
        "link": f"{settings.get().web_url}/{'agent' if staff else 'my'}",
        "count": len(items),
        "items": items,
    }
    letter = templates.filled(session, "digest", values, frame)
    for delivery in wanted:
        delivery.notice.fell_back = letter.fell_back
        done(delivery)
    mail.send(
        session,
        address,
        letter.subject,
        letter.text,
        letter.html,
        tickets[0].department_id if len(homes) == 1 else None,
        headers=unsubscribe.headers(person.id),
        key=f"notice:digest:{wanted[-1].id}",
        may_wait=True,
    )
