"""Letters can be stopped from within a letter, with one click and without logging in (RFC 8058)."""

from __future__ import annotations

from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.people import preferences
from helpsage.people.models import Person
from helpsage.people.preferences import DEFAULTS, Channel

LETTERS = frozenset(pair for pair in DEFAULTS if pair[1] is Channel.EMAIL)


class BadLink(Exception):
    """The link was not made here, or not for this."""


def link(person_id: UUID) -> str:
    """The person's own link. It stays good as long as the installation's secret does: old letters are read, too."""
    return f"{settings.get().web_url}/unsubscribe/{_signer().dumps(person_id.hex)}"


def headers(person_id: UUID) -> dict[str, str]:
    """What mail programs make their own button of (RFC 2369, section 3.2; RFC 8058, section 3.1)."""
    return {"List-Unsubscribe": f"<{link(person_id)}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def person_of(session: Session, token: str) -> Person:
    """Whose link it is.

    Raises:
        BadLink
    """
    try:
        found = session.get(Person, UUID(_signer().loads(token)))
    except (BadSignature, ValueError, TypeError, AttributeError) as error:
        raise BadLink from error
    if found is None:
        raise BadLink
    return found


def stop(session: Session, person_id: UUID) -> None:
    """No letters about tickets any more. Those about the account itself (passwords, log-ins) still come."""
    preferences.choose(session, person_id, (), LETTERS)


def start_again(session: Session, person_id: UUID) -> None:
    """The letters that everybody gets at first."""
    preferences.choose(session, person_id, [pair for pair in LETTERS if DEFAULTS[pair]], LETTERS)


def is_stopped(session: Session, person_id: UUID) -> bool:
    """Whether no letter is wanted."""
    chosen = preferences.of_person(session, person_id)
    return not any(chosen[pair] for pair in LETTERS)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings.get().derived("unsubscribe"), salt="notices")
