"""People known by an address: when they get an account, when they want their data, when they want to be forgotten."""

from __future__ import annotations

import zipfile

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.intake.models import MailIdentity
from helpsage.mail.models import MailReference
from helpsage.people import accounts
from helpsage.people.models import Role
from helpsage.privacy import erasure, export
from helpsage.tickets.models import Ticket
from tests.integration.intake.conftest import ASHA, Post, written


def test_an_account_finds_what_was_written_before(post: Post, session: Session) -> None:
    ticket = post.ticket(written())
    account = accounts.create(session, ASHA, "Asha Patel", "correct horse battery staple", Role.REQUESTER)
    assert session.get_one(Ticket, ticket.id, populate_existing=True).requester_id == account.person_id
    assert post.ticket(written("Another", message_id="<2@x.example>")).requester_id == account.person_id


def test_raw_letters_are_part_of_ones_data(post: Post, session: Session) -> None:
    record = post.take(written())
    assert record.person_id is not None
    with export.archive(session, record.person_id) as packed, zipfile.ZipFile(packed) as archive:
        [name] = [name for name in archive.namelist() if name.startswith("received/")]
        assert b"The printer on floor 2 jams." in archive.read(name)


def test_forgetting_someone_forgets_their_letters_and_no_reset_brings_them_back(post: Post, session: Session) -> None:
    record = post.take(written())
    waiting = post.bring(written("Not worked off yet.", message_id="<2@x.example>"))
    assert record.person_id is not None
    erasure.erase(session, record.person_id)
    session.expire_all()
    for each in (record, waiting):
        assert (each.raw, each.meta, each.sender, each.subject, each.state != "waiting") == (b"", {}, "", "", True)
    assert session.scalars(select(MailIdentity)).all() == []
    assert session.scalars(select(MailReference.sender)).all() == [""]
    post.take(written())
    assert len(post.tickets()) == 1
