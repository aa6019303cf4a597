"""People who ask: making them known, and whether we know them for sure."""

from __future__ import annotations

import unicodedata
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.mail import address as addresses
from helpsage.people import words
from helpsage.people.errors import InvalidName
from helpsage.people.models import Person

LONGEST_NAME = 200
LONGEST_EMAIL = addresses.LONGEST
#: Control characters, and those that turn the direction of what follows: a name is one line, and stays in its place.
_UNWANTED = ("Cc", "Cs", "Zl", "Zp")
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def add(session: Session, name: str = "", contact_email: str | None = None, locale: str = "en") -> Person:
    """A new person, known by nothing proven. Two who give the same address stay two."""
    person = Person(
        name=clean_name(name),
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
        person.name = clean_name(name)
    if _address(contact_email) is not None:
        person.contact_email = _address(contact_email)


def clean_name(name: str) -> str:
    """A name as it is shown: one line, without characters that carry nothing, and not too long."""
    kept = (" " if unicodedata.category(one) in _UNWANTED else one for one in name if one not in _TURNING)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())[:LONGEST_NAME]


def given_name(name: str) -> str:
    """A name that someone has to give.

    Raises:
        InvalidName
    """
    if len(name.strip()) > LONGEST_NAME:
        raise InvalidName(words.NAME_TOO_LONG.format(longest=LONGEST_NAME))
    cleaned = clean_name(name)
    if not any(unicodedata.category(one)[0] in "LNSP" for one in cleaned):
        raise InvalidName(words.NO_NAME)
    return cleaned


def _address(email: str | None) -> str | None:
    trimmed = (email or "").strip()
    return trimmed if 0 < len(trimmed) <= LONGEST_EMAIL else None
