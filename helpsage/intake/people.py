"""Who is behind an address that something came from.

Writing from an address proves nothing to us, but answers go to it and nowhere else: its holder alone reads them. So an
address is one person on e-mail, apart from whoever typed it in a chat, until somebody proves that it is theirs.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.intake.models import MailIdentity
from helpsage.people import directory, permissions
from helpsage.people.models import Account, Person
from helpsage.people.permissions import STAFF, Viewer
from helpsage.tickets import ownership


def by_mail(session: Session, address: str, name: str = "", forged: bool = False) -> Person:
    """The person who writes from this address: whoever proved it, else the one known by it, else a new one.

    Parameters:
        forged: their mail server disowns the letter: it is from a new person whom nobody knows.
    """
    if forged or not address:
        return directory.add(session, name, address or None)
    proven = directory.with_proven_email(session, address)
    known = session.get(MailIdentity, address.lower())
    if proven is not None:
        if known is None:
            _know(session, address, proven.id)
        elif known.person_id != proven.id:
            _hand_over(session, known, proven.id)
        directory.learn(proven, name)
        return proven
    if known is None:
        person = directory.add(session, name, address)
        owner = _know(session, address, person.id)
        if owner == person.id:
            return person
        session.delete(person)  # somebody else has just met them
        return session.get_one(Person, owner)
    person = session.get_one(Person, known.person_id)
    directory.learn(person, name, address)
    return person


def proved(session: Session, person: Person) -> None:
    """Somebody has proven an address: what was written from it before is theirs."""
    known = session.get(MailIdentity, (person.email or "").lower())
    if known is not None and known.person_id != person.id:
        _hand_over(session, known, person.id)


def _hand_over(session: Session, known: MailIdentity, to: UUID) -> None:
    ownership.hand_over(session, known.person_id, to)
    known.person_id = to


def _know(session: Session, address: str, person_id: UUID) -> UUID:
    """Keep whose address it is; returns who it belongs to, also when somebody else was quicker."""
    row = insert(MailIdentity).values(address=address.lower(), person_id=person_id, created_at=clock.now())
    row = row.on_conflict_do_nothing(index_elements=["address"])
    made: UUID | None = session.scalar(row.returning(MailIdentity.person_id))
    if made is not None:
        return made
    return session.scalars(select(MailIdentity.person_id).where(MailIdentity.address == address.lower())).one()


def colleague(session: Session, person: Person) -> Viewer | None:
    """Their rights, when they work here."""
    asked = select(Account).where(
        Account.person_id == person.id,
        Account.role.in_([role.value for role in STAFF]),
        Account.disabled_at.is_(None),
        Account.verified_at.is_not(None),
    )
    account = session.scalar(asked.limit(1))
    return permissions.viewer_of(session, account) if account is not None else None


def bounced(session: Session, address: str, words: str) -> MailIdentity | None:
    """Mark an address that letters do not reach; None for one that nobody is known by."""
    known = session.get(MailIdentity, address.lower())
    if known is None:
        person = directory.with_proven_email(session, address)
        if person is None:
            return None
        _know(session, address, person.id)
        known = session.get_one(MailIdentity, address.lower())
    known.bounced_at, known.bounce = clock.now(), words
    return known


def reached(session: Session, address: str) -> None:
    """A letter came from there: the address works."""
    known = session.get(MailIdentity, address.lower()) if address else None
    if known is not None and known.bounced_at is not None:
        known.bounced_at, known.bounce = None, ""


def bounce_of(session: Session, address: str | None) -> MailIdentity | None:
    """What is known of letters to this address that came back."""
    known = session.get(MailIdentity, (address or "").lower())
    return known if known is not None and known.bounced_at is not None else None
