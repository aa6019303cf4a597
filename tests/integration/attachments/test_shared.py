"""Files in a chat: the addresses that the assistant signs open them, and nothing else does."""

from __future__ import annotations

import io
from pathlib import Path
from uuid import UUID, uuid4

import jwt
import pytest
from sqlalchemy.orm import Session

from assistant.channels import sent_files
from assistant.channels.sent_files import SentFile
from helpsage import attachments, settings
from helpsage.attachments import AttachmentNotFound, shared
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor

AGENT = Actor("agent", "Ben")


def token_for(identified: object, lifetime_s: int = 60, key: str = "") -> str:
    """Of an address as the assistant makes it."""
    file = SentFile(str(identified), "log.txt", "text/plain", 2)
    address = sent_files.address("", file, key or settings.get().derived("webchat"), lifetime_s)
    _, chat, files, token, name = address.split("/")
    assert (chat, files, name) == ("chat", "files", "log.txt")
    return token


def store(session: Session, ticket: Ticket, internal: bool = False) -> UUID:
    say = service.note if internal else service.reply
    entry = say(session, ticket, "Look.", AGENT)
    stream = io.BytesIO(b"hi")
    return attachments.store(session, ticket.id, entry.id, "log.txt", "text/plain", stream).id


def test_a_file_of_a_reply_opens(files: Path, session: Session, ticket: Ticket) -> None:
    identified = store(session, ticket)
    assert shared.opened(session, token_for(identified)).id == identified


def test_a_file_of_a_note_does_not(files: Path, session: Session, ticket: Ticket) -> None:
    with pytest.raises(AttachmentNotFound):
        shared.opened(session, token_for(store(session, ticket, internal=True)))


def test_an_old_address_does_not(files: Path, session: Session, ticket: Ticket) -> None:
    with pytest.raises(AttachmentNotFound):
        shared.opened(session, token_for(store(session, ticket), lifetime_s=-1))


def test_neither_does_one_of_another_key_or_for_another_purpose(files: Path, session: Session, ticket: Ticket) -> None:
    identified = store(session, ticket)
    claims = {"sub": str(identified), "aud": "webchat", "exp": 2_000_000_000}
    conversations_token = jwt.encode(claims, settings.get().derived("webchat"), algorithm="HS256")
    unsigned = jwt.encode({**claims, "aud": "file"}, "", algorithm="none")
    endless = jwt.encode({"sub": str(identified), "aud": "file"}, settings.get().derived("webchat"), algorithm="HS256")
    for token in (token_for(identified, key="x" * 64), conversations_token, unsigned, endless, "x", ""):
        with pytest.raises(AttachmentNotFound):
            shared.opened(session, token)


@pytest.mark.parametrize("identified", [uuid4(), "../../etc/passwd", ""])
def test_what_is_not_there_is_not_found(session: Session, identified: object) -> None:
    with pytest.raises(AttachmentNotFound):
        shared.opened(session, token_for(identified))
