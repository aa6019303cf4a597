"""People who ask: making them known, and whether we know them for sure."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people.models import Person

LONGEST_NAME = 200
#: RFC 5321, section 4.5.3.1.3: a path has at most 256 characters, brackets included.
LONGEST_EMAIL = 254


def add(session: Session, name: str = "", contact_email: str | None = None, locale: str = "en") -> Person:
    """A new person, known by nothing proven. Two who give the same address stay two."""
    person = Person(
        name=name.strip()[:LONGEST_NAME],
        contact_email=_address(contact_email),
        locale=locale,
        created_at=clock.now(),
    )
    session.add(person)
    session.flush()
    return person


def get(session: Session, person_id: UUID | None) -> Person | None:
    """The person with this id."""
    return session.get(Person, person_id) if person_id is not None else None


def with_proven_email(session: Session, email: str) -> Person | None:
    """Whoever proved that this address is theirs."""
    return session.scalar(select(Person).where(func.lower(Person.email) == email.strip().lower()))


def is_proven(session: Session, person_id: UUID | None) -> bool:
    """Whether this person has proven an address, so that another conversation of theirs may show the same things."""
    person = get(session, person_id)
    return person is not None and person.email is not None


def learn(person: Person, name: str = "", contact_email: str | None = None) -> None:
    """Keep what a person now says about themselves: a first name, or the latest address to write to."""
    if name.strip() and not person.name:
        person.name = name.strip()[:LONGEST_NAME]
    if _address(contact_email) is not None:
        person.contact_email = _address(contact_email)


def _address(email: str | None) -> str | None:
    trimmed = (email or "").strip()
    return trimmed if 0 < len(trimmed) <= LONGEST_EMAIL else None
