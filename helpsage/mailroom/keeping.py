"""A letter arrives: it is kept raw, once, whichever way and however often it comes."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from helpsage.intake import service
from helpsage.intake.models import Inbound, Lane
from helpsage.intake.service import Arrival
from helpsage.mail import authenticity, parsed
from helpsage.mail.parsed import Letter

CONTENT_TYPE = "message/rfc822"


def keep(session: Session, raw: bytes, meta: dict[str, Any], head: Letter | None = None) -> Inbound:
    """Keep a letter in the caller's transaction, with what its header says.

    Parameters:
        meta: the envelope, or the mailbox that it lay in.
        head: when it was read already.
    """
    return session.get_one(Inbound, service.accept_all(session, [arrival(raw, meta, head)])[0].number)


def arrival(raw: bytes, meta: dict[str, Any], head: Letter | None = None) -> Arrival:
    """A letter, ready to be kept."""
    letter = head or parsed.heading(raw)
    verdict = authenticity.verdict(letter).as_json()
    return service.arrival(
        Lane.EMAIL,
        parsed.key_of(letter, raw),
        raw,
        CONTENT_TYPE,
        {**meta, "size": len(raw), **({"verdict": verdict} if verdict else {})},
        sender=letter.sender.address,
        subject=letter.subject,
    )
