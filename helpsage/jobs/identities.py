"""Who somebody on a chat application is: what they say about it themselves, and what a trusted profile says."""

from __future__ import annotations

import logging
import re
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from helpsage.conversations import service as conversations
from helpsage.conversations.models import Author
from helpsage.db.session import transaction
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF
from helpsage.people import identities, words
from helpsage.people.errors import InvalidEmail, NoCode, TooManyAttempts, WrongCode
from helpsage.people.models import ChannelIdentity

log = logging.getLogger(__name__)

_ADDRESS = re.compile(r"[^\s@<>:]+@[^\s@<>]+[^\s@<>.!]")


@app.task(name="identities.hear", retry=BACKOFF)
def hear(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Mail a code to the address that somebody named, or take the code they typed, and say what became of it."""
    key = f"identity:{payload['message_id']}"
    with transaction() as session:
        conversation = conversations.get(session, UUID(subject_id))
        said = conversations.message(session, int(payload["message_id"]))
        identity = identities.of_conversation(session, conversation) if conversation is not None else None
        if conversation is None or said is None or identity is None:
            return
        if not conversations.has_said(session, conversation.id, key):
            answer = words.LINK_NOT_HERE if conversation.shared else _answer(session, identity, said.text)
            conversations.push(session, conversation.id, Author.SYSTEM, text=answer, client_id=key)


def _answer(session: Session, identity: ChannelIdentity, said: str) -> str:
    named = _ADDRESS.search(said)
    try:
        if named is not None:
            with session.begin_nested():
                identities.ask(session, identity, named[0])
            return words.LINK_ASKED.format(minutes=int(identities.CODE_LASTS.total_seconds() // 60))
        if identities.is_code(said):
            with session.begin_nested():
                return words.LINKED.format(email=identities.enter(session, identity, said).email)
        return words.LINK_HOW
    except InvalidEmail:
        return words.LINK_HOW
    except TooManyAttempts as error:
        return words.LINK_TOO_OFTEN.format(minutes=max(1, error.retry_after_s // 60))
    except WrongCode:
        return words.LINK_WRONG
    except NoCode:
        return words.LINK_ENDED


@app.task(name="identities.vouch", retry=BACKOFF)
def vouch(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Link an identity to whoever has the address in its profile. Doing it twice changes nothing."""
    with transaction() as session:
        identity = session.get(ChannelIdentity, UUID(subject_id))
        if identity is None or identity.profile_email is None:
            return
        try:
            identities.vouched(session, identity, identity.profile_email)
        except InvalidEmail:
            log.warning("the profile of identity %s names no address that can be used", identity.id)
