"""Files that agents sent in a chat, for whoever may see that chat: by an address that the assistant signs for a while.

The assistant knows who may see a conversation (`assistant/channels/sent_files.py`); nobody who opens an address has to
be logged in, since a window of the chat stands on pages of others.
"""

from __future__ import annotations

from uuid import UUID

import jwt
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.attachments.models import Attachment
from helpsage.attachments.service import AttachmentNotFound, by_id
from helpsage.tickets.models import Entry

#: As `assistant/channels/sent_files.py` makes them.
AUDIENCE = "file"
ALGORITHM = "HS256"


def named(token: str) -> UUID:
    """The file that an address names.

    Raises:
        AttachmentNotFound: the address is not ours or too old.
    """
    try:
        claims = jwt.decode(
            token,
            settings.get().derived("webchat"),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            options={"require": ["sub", "aud", "exp"]},
        )
        return UUID(claims["sub"])
    except (jwt.InvalidTokenError, ValueError) as error:
        raise AttachmentNotFound(token[:10]) from error


def opened(session: Session, token: str) -> Attachment:
    """The file of a ticket that an address opens: never one of a note among staff.

    Raises:
        AttachmentNotFound: also for an address that is not ours or too old.
    """
    found = by_id(session, named(token))
    entry = session.get(Entry, found.entry_id) if found.entry_id is not None else None
    if entry is not None and entry.visibility != "public":
        raise AttachmentNotFound(str(found.id))
    return found
