"""The e-mail lane: what a letter is made into.

A program's letter into nothing; an answer by somebody on the ticket into a comment; everything else into a ticket of
its own, which says so when it names another one.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import attachments, mail, settings
from helpsage.attachments import AttachmentRefused, Received
from helpsage.configuration.models import BrandLogo
from helpsage.departments import service as departments
from helpsage.departments.models import Team
from helpsage.intake import lanes, people, words
from helpsage.intake.made import Homes, Made, Plain
from helpsage.intake.models import Inbound
from helpsage.mail import authenticity, automatic, forwarded, parsed, quoting, threading
from helpsage.mail.authenticity import Verdict
from helpsage.mail.parsed import Letter, Part
from helpsage.people import permissions
from helpsage.people.models import Person
from helpsage.people.permissions import Action
from helpsage.tickets import changing, lifecycle, placing, service
from helpsage.tickets.errors import IllegalTransition
from helpsage.tickets.models import Entry, Ticket
from helpsage.tickets.service import Actor
from helpsage.tickets.words import LONGEST_BODY, shortened, visible

CHANNEL = "email"
#: Category of what nobody has sorted yet.
UNSORTED = "general_issue"
#: Header fields that tell where a letter went, the surest first.
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")
DESK = Actor("system")

#: Of one name: a letter that was handed on from server to server has a few.
_MOST_FIELDS = 50
#: Bounded, so that a long line without any costs no more than its length.
_ADDRESS = re.compile(r"[^\s<>,;\"@]{1,256}@[^\s<>,;\"@]{1,255}")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


@dataclass(frozen=True)
class _Case:
    """A letter with everything that decides about it."""

    record: Inbound
    letter: Letter
    verdict: Verdict
    person: Person
    text: str

    @property
    def key(self) -> str:
        """Under which it becomes a ticket or a comment, once."""
        return f"{self.record.lane}:{self.record.key}"

    @property
    def is_doubtful(self) -> bool:
        """Whether it cannot be taken for its sender's."""
        return self.verdict.is_forged or self.letter.several_senders

    @property
    def actor(self) -> Actor:
        """For the ticket's log."""
        return Actor("requester", self.person.name, self.person.id)


def work(session: Session, record: Inbound) -> Made:
    """Make of a letter what it means, once."""
    letter = parsed.read(record.raw)
    if not record.forced:
        reason = automatic.why(letter, record.meta.get("envelope_from"))
        if reason:
            return _of_a_program(session, letter, reason)
        if lanes.is_ours(letter.sender.address):
            return Made(ignored=automatic.OWN)
    case = _case(session, record, letter)
    if not case.is_doubtful:
        people.reached(session, letter.sender.address)
    meant, signed = _ticket_meant(session, case)
    made = _answer(session, case, meant, signed) if meant is not None else None
    if made is None:
        made = _ticket(session, case, meant)
    threading.remember(session, _id(made.ticket_id), letter.message_id, letter.sender.address)
    return made


def plain(homes: Homes, record: Inbound) -> Plain | None:
    """What a letter is made into that is only a new ticket; None when there is more to it, or it is for nobody."""
    letter = parsed.read(record.raw)
    meta, sender = record.meta, letter.sender
    if record.forced or not sender.address or letter.parts or letter.letters or meta.get("cut") or letter.broken:
        return None
    if letter.header("references") or letter.header("in-reply-to") or lanes.is_ours(sender.address):
        return None
    if automatic.why(letter, meta.get("envelope_from")) or authenticity.verdict(letter).is_forged:
        return None
    went_to = _went_to(record, letter)
    if any(threading.ticket_of_address(each) is not None for each in went_to) or forwarded.looks_passed_on(letter):
        return None
    desk = _desk_address(record, went_to)
    if desk is not None and desk.team:
        return None
    text = quoting.latest(letter.text).text
    if not visible(text):
        return None
    new = _new(homes, record, letter.subject or _subject_of(text), _fitting(text), desk)
    return Plain(sender.address, sender.name, new, letter.message_id)


def _case(session: Session, record: Inbound, letter: Letter) -> _Case:
    verdict = authenticity.verdict(letter)
    person = people.by_mail(
        session, letter.sender.address, letter.sender.name, verdict.is_forged or letter.several_senders
    )
    passed_on = forwarded.is_passed_on(letter)
    text = letter.text if passed_on else quoting.latest(letter.text).text
    return _Case(record, letter, verdict, person, text)


def _id(value: UUID | None) -> UUID:
    assert value is not None  # a letter that is not ignored has a ticket
    return value


# --- letters of programs


def _of_a_program(session: Session, letter: Letter, reason: str) -> Made:
    marked: UUID | None = None
    for bounce in automatic.bounces(letter) if reason == automatic.REPORT else []:
        number = threading.ticket_of_message_id(bounce.returned_id)
        # Only what names a letter of ours, and whom that went to: anybody can send a report about anybody, and whoever
        # got a letter knows its name.
        if (
            number is None
            or not bounce.is_for_good
            or not mail.was_sent_to(session, bounce.address, bounce.returned_id)
        ):
            continue
        known = people.bounced(session, bounce.address, f"{bounce.status} {bounce.words}".strip())
        marked = known.person_id if known is not None else marked
        ticket = session.scalar(select(Ticket).where(Ticket.number == number))
        if ticket is not None:
            said = words.BOUNCED.format(address=bounce.address, status=bounce.status, words=bounce.words).strip()
            ticket = changing.locked_survivor(session, ticket)
            service.note(
                session, ticket, said, DESK, key=f"bounce:{bounce.returned_id}:{bounce.address}", source=CHANNEL
            )
            return Made(ticket_id=ticket.id, person_id=marked, ignored="bounce")
    return Made(person_id=marked, ignored="bounce" if marked else reason)


# --- answers


def _ticket_meant(session: Session, case: _Case) -> tuple[Ticket | None, bool]:
    """The ticket that a letter answers, and whether it shows something that only our letter about it has: a reply
    address, or our Message-ID.
    """
    for address in _went_to(case.record, case.letter):
        number = threading.ticket_of_address(address)
        if number is not None:
            return session.scalar(select(Ticket).where(Ticket.number == number)), True
    letter = case.letter
    ids = threading.ids_in(*letter.headers.get("references", []), *letter.headers.get("in-reply-to", []))
    ticket_id = threading.ticket_named(session, ids)
    if ticket_id is None:
        return None, False
    ticket = session.get(Ticket, ticket_id)
    ours = {threading.ticket_of_message_id(each) for each in ids}
    return ticket, ticket is not None and ticket.number in ours


def _went_to(record: Inbound, letter: Letter) -> list[str]:
    envelope = [str(each) for each in record.meta.get("envelope_to", [])]
    headers = [
        each
        for name in _DELIVERED
        for field in letter.headers.get(name, [])[:_MOST_FIELDS]
        for each in _ADDRESS.findall(field)
    ]
    return list(dict.fromkeys([*envelope, *headers]))


def _answer(session: Session, case: _Case, meant: Ticket, signed: bool) -> Made | None:
    """A comment, when the writer is on the ticket and it can still go on; None otherwise."""
    if case.is_doubtful:
        return None
    survivor = changing.survivor(session, meant)
    requester = meant.requester
    # Our letters about a ticket that began elsewhere went to the address given there: its holder answers.
    given = case.letter.sender.address in ((requester.email or "").lower(), (requester.contact_email or "").lower())
    if case.person.id == requester.id or (signed and given):
        return _comment(session, replace(case, person=requester), meant, survivor)
    viewer = people.colleague(session, case.person)
    if viewer is not None and permissions.may(viewer, Action.NOTE, survivor):
        # A letter can be made to look like a colleague's: nothing leaves the desk because of one.
        actor = Actor("agent", viewer.name, viewer.person_id)
        entry = service.note(session, survivor, _body(case), actor, key=case.key, source=CHANNEL)
        return _with_files(session, case, survivor, entry)
    return None


def _comment(session: Session, case: _Case, meant: Ticket, survivor: Ticket) -> Made | None:
    back = (
        survivor.status in lifecycle.FINISHED and not is_only_thanks(case.text) and not _said(session, case, survivor)
    )
    if back:
        try:
            service.reopen(session, meant, case.actor, words.REOPENED)
        except IllegalTransition:
            return None  # closed too long ago: a new ticket serves better
    entry = service.comment(session, meant, _body(case), case.actor, key=case.key, source=CHANNEL)
    return _with_files(session, case, session.get_one(Ticket, entry.ticket_id), entry)


def _said(session: Session, case: _Case, ticket: Ticket) -> bool:
    return changing.entry_with(session, ticket, case.key) is not None


def is_only_thanks(text: str) -> bool:
    """Whether there is nothing in it but thanks. "It's back" is something."""
    said = [word.lower() for word in _WORD.findall(text)]
    return 0 < len(said) <= words.MOST_THANKS and all(word in words.THANKS for word in said) and "?" not in text


# --- tickets


def _ticket(session: Session, case: _Case, meant: Ticket | None) -> Made:
    inner = forwarded.inside(case.letter)
    colleague = people.colleague(session, case.person) if inner is not None and not case.is_doubtful else None
    # Only whoever works here can speak for somebody else: what a stranger passes on is the stranger's own concern.
    if inner is not None and colleague is not None and not lanes.is_ours(inner.address):
        requester = people.by_mail(session, inner.address, inner.name)
        actor = Actor("agent", colleague.name, colleague.person_id)
        body, subject, parts = _fitting(inner.text), inner.subject, inner.parts
    else:
        colleague, requester, actor = None, case.person, case.actor
        body, subject, parts = _body(case), case.letter.subject, case.letter.parts
    desk = _desk_address(case.record, _went_to(case.record, case.letter))
    new = _new(departments.ids_by_key(session), case.record, subject or _subject_of(case.text), body, desk)
    new = replace(new, requester_id=requester.id, requester_name=requester.name)
    ticket = service.open_ticket(session, new, actor)
    if desk is not None and desk.team:
        _to_team(session, ticket, desk)
    _explain(session, case, ticket, meant, colleague.name if colleague else "", inner.remark if inner else "")
    return _with_files(session, case, ticket, None, parts, requester)


def _to_team(session: Session, ticket: Ticket, desk: lanes.DeskAddress) -> None:
    team = session.scalar(select(Team).where(Team.key == desk.team, Team.archived_at.is_(None)))
    if team is not None and ticket.team_id is None:
        placing.change_team(session, ticket, team.id, DESK, words.BY_ADDRESS.format(address=desk.address))


def _new(homes: Homes, record: Inbound, subject: str, body: str, desk: lanes.DeskAddress | None) -> service.NewTicket:
    """What is known of the ticket, apart from whose it is."""
    return service.NewTicket(
        subject=subject,
        description=body,
        category=UNSORTED,
        channel=CHANNEL,
        department_id=homes(desk.department if desk is not None else ""),
        idempotency_key=f"{record.lane}:{record.key}",
    )


def _subject_of(text: str) -> str:
    """Of a letter without one: its words speak for themselves, if there are any."""
    return "" if visible(text) else words.NO_SUBJECT


def _desk_address(record: Inbound, went_to: list[str]) -> lanes.DeskAddress | None:
    found = (lanes.address_of(address) for address in [*went_to, str(record.meta.get("mailbox_address", ""))])
    return next((each for each in found if each is not None), None)


def _explain(session: Session, case: _Case, ticket: Ticket, meant: Ticket | None, forwarder: str, remark: str) -> None:
    """What an agent has to know besides, each as a note of the desk."""
    sender = case.letter.sender.address or "somebody"
    if forwarder:
        said = words.FORWARDED_SAYING if visible(remark) else words.FORWARDED
        _note(session, case, ticket, "forwarded", said.format(name=forwarder, words=shortened(remark, 4_000)))
    if meant is not None and meant.id != ticket.id and meant.requester_id != ticket.requester_id:
        told = words.NOT_ON_TICKET.format(reference=meant.reference, sender=sender)
        _note(session, case, ticket, "mentions", told)
    if case.verdict.is_forged:
        _note(session, case, ticket, "forged", words.FORGED.format(sender=sender))
    if case.letter.several_senders:
        _note(session, case, ticket, "authors", words.SEVERAL)
    if case.record.meta.get("cut"):
        _note(session, case, ticket, "cut", words.CUT.format(limit=settings.get().mail_max_mb))


def _note(session: Session, case: _Case, ticket: Ticket, what: str, said: str) -> None:
    service.note(session, ticket, said, DESK, key=f"{case.key}:{what}", source=CHANNEL)


def _body(case: _Case) -> str:
    if not visible(case.text):
        return words.ENCRYPTED if case.letter.is_encrypted else words.NO_TEXT
    return _fitting(case.text)


def _fitting(text: str) -> str:
    if not visible(text):
        return words.NO_TEXT
    if len(text) <= LONGEST_BODY:
        return text
    return text[: LONGEST_BODY - len(words.LONG)].rstrip() + words.LONG


# --- files


def _with_files(
    session: Session,
    case: _Case,
    ticket: Ticket,
    entry: Entry | None,
    parts: list[Part] | None = None,
    person: Person | None = None,
) -> Made:
    """Put the letter's files on what was made of it, and say which could not be kept."""
    refused: list[str] = []
    sent_by = person or case.person
    entry_id = entry.id if entry is not None else None
    given = case.letter.parts if parts is None else parts
    for number, received in _received(given, _own_logos(session, given), refused, case.letter.more_parts):
        try:
            with session.begin_nested():
                attachments.attach(session, received, ticket.id, entry_id, sent_by.id, f"{case.key}:{number}")
        except AttachmentRefused as refusal:
            refused.append(str(refusal))
    if refused:
        listed = "\n".join(f"- {line}" for line in refused[:30])
        _note(session, case, ticket, "files", words.NOT_KEPT.format(files=listed))
    return Made(ticket.id, entry_id, sent_by.id)


def _own_logos(session: Session, parts: list[Part]) -> set[int]:
    """Which of them are a logo of ours: answers that quote our letters bring it back each time."""
    hashes = {n: hashlib.sha256(part.content).hexdigest() for n, part in enumerate(parts) if part.inline}
    if not hashes:
        return set()
    ours = set(session.scalars(select(BrandLogo.sha256).where(BrandLogo.sha256.in_(set(hashes.values())))))
    return {n for n, sha in hashes.items() if sha in ours}


def _received(
    parts: list[Part], left_out: set[int], refused: list[str], more: int = 0
) -> Iterable[tuple[int, Received]]:
    """Checked and on disk, what people attached before what their program put between the lines.

    Parameters:
        more: files that were not even looked at.
    """
    limit = settings.get().attachment_max_files
    kept = [(number, part) for number, part in enumerate(parts) if number not in left_out]
    in_order = sorted(kept, key=lambda each: each[1].inline)
    for number, part in in_order[:limit]:
        try:
            yield number, attachments.receive(part.name, part.content_type, io.BytesIO(part.content))
        except AttachmentRefused as refusal:
            refused.append(str(refusal))
    if len(in_order) + more > limit:
        refused.append(words.MORE_FILES.format(count=len(in_order) + more - limit, limit=limit))


def summary(record: Inbound) -> dict[str, Any]:
    """What a page tells of a letter besides its record."""
    letter = parsed.read(record.raw)
    return {
        "letter": letter,
        "text": letter.text,
        "verdict": authenticity.verdict(letter),
        "files": [(part.name, part.content_type, len(part.content)) for part in letter.parts],
    }
