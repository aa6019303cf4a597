"""Files on tickets: once a key, seen by whom they concern, gone when nobody needs them and not before."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from helpsage import attachments, clock, settings
from helpsage.attachments import Attachment, AttachmentNotFound, AttachmentRefused, held, service, storage
from helpsage.people.models import Role
from helpsage.people.permissions import Viewer
from helpsage.tickets import service as tickets
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor

PRIYA = Actor("agent", "Priya Raman")


def store(
    session: Session, ticket: Ticket, name: str = "a.txt", content: bytes = b"words", **given: object
) -> Attachment:
    return attachments.store(session, ticket.id, given.pop("entry_id", None), name, "", io.BytesIO(content), **given)  # type: ignore[arg-type]


def viewer(role: Role, person_id: object = None) -> Viewer:
    return Viewer(uuid4(), person_id or uuid4(), role, sees_unplaced=True)  # type: ignore[arg-type]


def test_the_second_with_one_key_is_the_first(files: Path, session: Session, ticket: Ticket) -> None:
    first, second = (store(session, ticket, key="reply:0") for _ in range(2))
    assert first.id == second.id
    assert len(attachments.of_ticket(session, ticket.id)) == 1


def test_a_ticket_holds_only_so_much(
    files: Path, session: Session, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.get(), "attachment_ticket_mb", 1)
    store(session, ticket, content=b"a" * 600_000)
    with pytest.raises(AttachmentRefused, match="1 MB together"):
        store(session, ticket, content=b"b" * 600_000)


def test_a_file_follows_its_entry_to_another_ticket(files: Path, session: Session, ticket: Ticket) -> None:
    entry = tickets.reply(session, ticket, "Look.", PRIYA)
    store(session, ticket, entry_id=entry.id)
    new = tickets.NewTicket("Another", "words", "general_issue", "portal")
    other = tickets.open_ticket(session, new, PRIYA)
    entry.ticket_id = other.id
    session.flush()
    assert attachments.of_ticket(session, ticket.id) == []
    assert list(attachments.by_entry(session, other.id)) == [entry.id]


@pytest.mark.parametrize(
    ("role", "own", "internal", "seen"),
    [
        (Role.REQUESTER, True, False, True),
        (Role.REQUESTER, True, True, False),
        (Role.REQUESTER, False, False, False),
        (Role.AGENT, False, True, True),
        (Role.ADMINISTRATOR, False, True, True),
    ],
)
def test_who_sees_a_file(
    files: Path, session: Session, ticket: Ticket, role: Role, own: bool, internal: bool, seen: bool
) -> None:
    ticket.department_id = ticket.team_id = None
    entry = (tickets.note if internal else tickets.reply)(session, ticket, "Look.", PRIYA)
    file = store(session, ticket, entry_id=entry.id)
    who = viewer(role, ticket.requester_id if own else None)
    if seen:
        assert attachments.visible_to(session, file.id, who) is file
    else:
        with pytest.raises(AttachmentNotFound):
            attachments.visible_to(session, file.id, who)
    assert len(attachments.of_ticket(session, ticket.id, public_only=True)) == (0 if internal else 1)


def test_an_agent_of_another_team_does_not_see_it(files: Path, session: Session, ticket: Ticket) -> None:
    stranger = Viewer(uuid4(), uuid4(), Role.AGENT, team_ids=frozenset({uuid4()}), department_ids=frozenset({uuid4()}))
    file = store(session, ticket)
    ticket.department_id = None
    with pytest.raises(AttachmentNotFound):
        attachments.visible_to(session, file.id, stranger)


def test_a_file_stays_while_anyone_has_it(
    files: Path, session: Session, ticket: Ticket, stored: Callable[[], list[str]]
) -> None:
    file = store(session, ticket)
    assert not service.remove_unneeded(session, file.sha256, timedelta())
    assert stored()
    session.execute(delete(Attachment))
    assert not service.remove_unneeded(session, file.sha256), "it may belong to a form that is still open"
    assert service.remove_unneeded(session, file.sha256, timedelta())
    assert stored() == []


def test_a_picture_goes_with_its_drawings(files: Path, stored: Callable[[], list[str]], session: Session) -> None:
    from tests.integration.attachments.conftest import picture

    received = attachments.receive("a.png", "", io.BytesIO(picture()))
    assert len(stored()) == 3
    assert service.remove_unneeded(session, received.sha256, timedelta())
    assert stored() == []


def test_what_waited_too_long_is_found_by_the_sweep_and_nothing_else(files: Path) -> None:
    old = attachments.receive("a.txt", "", io.BytesIO(b"old"))
    attachments.receive("a.txt", "", io.BytesIO(b"new"))
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(storage.path_of(old.sha256), (long_ago, long_ago))
    assert list(storage.older_than(service.KEPT_FOR)) == [old.sha256]
    attachments.receive("b.txt", "", io.BytesIO(b"old"))
    assert list(storage.older_than(service.KEPT_FOR)) == [], "sent again, it begins to wait anew"


def test_half_a_file_of_a_program_that_died_is_swept(files: Path, stored: Callable[[], list[str]]) -> None:
    attachments.receive("a.txt", "", io.BytesIO(b"words"))
    half = files / "incoming" / "half"
    half.write_bytes(b"wor")
    storage.remove_unfinished(service.KEPT_FOR)
    assert half.exists()
    os.utime(half, (0, 0))
    storage.remove_unfinished(service.KEPT_FOR)
    assert not half.exists()


def test_a_file_that_is_gone_is_asked_for_again(files: Path, session: Session, ticket: Ticket) -> None:
    received = attachments.receive("a.txt", "", io.BytesIO(b"words"))
    storage.remove(received.sha256)
    with pytest.raises(AttachmentRefused) as refusal:
        attachments.attach(session, received, ticket.id)
    assert refusal.value.problem == "gone"


def test_a_mark_is_for_one_person_and_one_day(files: Path) -> None:
    received = attachments.receive("a.txt", "", io.BytesIO(b"words"))
    owner = uuid4()
    mark = held.mark(received, owner)
    assert held.held(mark, owner) == received
    assert held.held(mark, uuid4()) is None
    assert held.held(mark[:-2] + "xx", owner) is None
    assert held.held("", owner) is None
    storage.remove(received.sha256)
    assert held.held(mark, owner) is None
    assert clock.now()
