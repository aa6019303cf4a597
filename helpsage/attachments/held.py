"""Files that were sent with a form which was refused: they are kept for it, so that nobody has to choose them again.

The page carries a signed mark of each; only the person who sent a file can put it on a ticket with it.
"""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from itsdangerous import BadSignature, URLSafeTimedSerializer

from helpsage import settings
from helpsage.attachments import storage
from helpsage.attachments.service import KEPT_FOR
from helpsage.attachments.storage import Received


def mark(received: Received, owner_id: UUID) -> str:
    """What the page carries for this file."""
    return _serializer(owner_id).dumps(asdict(received))


def held(marked: str, owner_id: UUID) -> Received | None:
    """The file that this mark stands for; None for a mark that is not ours, not this person's, or too old."""
    try:
        found = Received(**_serializer(owner_id).loads(marked, max_age=int(KEPT_FOR.total_seconds())))
    except (BadSignature, TypeError):
        return None
    return found if storage.present(found.sha256) else None


def _serializer(owner_id: UUID) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.get().derived("attachments"), salt=str(owner_id))
