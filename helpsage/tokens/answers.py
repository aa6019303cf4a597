"""A request that is sent twice is done once (draft-ietf-httpapi-idempotency-key-header-07).

The answer is written in the transaction that did the work: there is either both or neither. While that transaction
runs, a lock of the database says so, and goes with it whatever happens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from helpsage import clock, sealed
from helpsage.tokens.models import Answer

#: For how long an answer is given again.
KEPT = timedelta(hours=24)
LONGEST_KEY = 255
_PURPOSE = "api answers"


class InProgress(Exception):
    """The first request with this key has not been answered yet."""


class KeyReused(Exception):
    """The key came before, with another request."""


@dataclass(frozen=True)
class Keyed:
    """A request that says which one it is."""

    token_id: UUID
    key: str
    fingerprint: str


def fingerprint(*parts: bytes) -> str:
    """What makes a request this one: method, address, body."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def claim(session: Session, request: Keyed) -> Answer | None:
    """The answer that was given already; None: this is the first, and nobody else's until the transaction ends.

    Raises:
        InProgress, KeyReused
    """
    lock = {"key": f"{request.token_id} {request.key}"}
    if not session.scalar(text("select pg_try_advisory_xact_lock(hashtextextended(:key, 1014))"), lock):
        raise InProgress
    kept = session.get(Answer, (request.token_id, request.key))
    if kept is not None and kept.created_at < clock.now() - KEPT:
        session.delete(kept)
        session.flush()
        return None
    if kept is not None and kept.fingerprint != request.fingerprint:
        raise KeyReused
    return kept


def keep(
    session: Session,
    request: Keyed,
    status: int,
    headers: Mapping[str, str],
    body: str,
    ticket_id: UUID | None = None,
) -> None:
    """Keep an answer, in the transaction that did what it says. It is sealed: the key of a new webhook may be in it."""
    session.add(
        Answer(
            token_id=request.token_id,
            key=request.key,
            fingerprint=request.fingerprint,
            status=status,
            headers=dict(headers),
            body=sealed.seal(_PURPOSE, body),
            ticket_id=ticket_id,
            created_at=clock.now(),
        )
    )
    session.flush()


def body_of(kept: Answer) -> str:
    """The words of an answer.

    Raises:
        helpsage.sealed.Unreadable: the installation has another secret since.
    """
    return sealed.unseal(_PURPOSE, kept.body)


def tidy(session: Session) -> None:
    """Remove answers that are given no more."""
    session.execute(delete(Answer).where(Answer.created_at < clock.now() - KEPT))
