"""Reading a mailbox of a real IMAP server: every letter once, whatever restarts."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from imap_tools import BaseMailBox
from pydantic import SecretStr
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.intake.models import Inbound, MailboxState
from helpsage.mail.models import Mail
from helpsage.mailroom import mailbox
from helpsage.people import accounts
from helpsage.people.models import Role
from tests.integration.intake.conftest import PRIYA, written
from tests.integration.intake.dovecot import BINARY, Dovecot

if BINARY is None and not os.environ.get("CI"):
    pytest.skip("there is no dovecot: apt-get install dovecot-imapd", allow_module_level=True)

PATIENCE_S = 60.0


@pytest.fixture
def server() -> Iterator[Dovecot]:
    running = Dovecot()
    yield running
    running.remove()


@pytest.fixture
def kept(clean_database: Engine, desk: object) -> Callable[[], list[str]]:
    """Subjects of what was kept, in order."""

    def subjects() -> list[str]:
        with Session(clean_database) as session:
            return list(session.scalars(select(Inbound.subject).order_by(Inbound.id)))

    return subjects


def letter(number: int, message_id: bool = True) -> object:
    return written(f"Letter {number}", f"Letter {number}", message_id=f"<{number}@x.example>" if message_id else "")


def look(server: Dovecot) -> int:
    with server.connected() as client:
        return mailbox.read_new(client, "support", server.mailbox)


def eventually(seen: Callable[[], object], wanted: object) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while seen() != wanted:
        assert time.monotonic() < deadline, f"{seen()!r} is not {wanted!r}"
        time.sleep(0.02)


def test_each_letter_is_kept_once_and_marked_as_read(server: Dovecot, kept: Callable[[], list[str]]) -> None:
    server.put(letter(1), letter(2))  # type: ignore[arg-type]
    assert look(server) == 2
    assert look(server) == 0
    server.put(letter(3))  # type: ignore[arg-type]
    assert look(server) == 1
    assert kept() == ["Letter 1", "Letter 2", "Letter 3"]
    with server.connected() as client:
        assert client.uids("UNSEEN") == []


def test_what_people_had_read_before_is_none_of_ours(server: Dovecot, kept: Callable[[], list[str]]) -> None:
    server.put(letter(1), seen=True)  # type: ignore[arg-type]
    server.put(letter(2))  # type: ignore[arg-type]
    look(server)
    assert kept() == ["Letter 2"]


def test_what_a_person_reads_before_us_is_kept_all_the_same(server: Dovecot, kept: Callable[[], list[str]]) -> None:
    look(server)
    server.put(letter(1), seen=True)  # type: ignore[arg-type]
    look(server)
    assert kept() == ["Letter 1"]


def test_new_numbers_double_nothing_and_lose_nothing(
    server: Dovecot, kept: Callable[[], list[str]], clean_database: Engine
) -> None:
    server.put(letter(1), letter(2, message_id=False))  # type: ignore[arg-type]
    look(server)
    with Session(clean_database) as session:
        before = session.get_one(MailboxState, "support").uid_validity
    with server.connected() as client:
        client.delete("1")  # so that the new letter gets a number that was read before
    server.number_anew()
    server.put(letter(3))  # type: ignore[arg-type]
    look(server)
    assert kept() == ["Letter 1", "Letter 2", "Letter 3"]
    with Session(clean_database) as session:
        assert session.get_one(MailboxState, "support").uid_validity != before
    server.put(letter(4))  # type: ignore[arg-type]
    assert look(server) == 1


def test_of_new_numbers_what_is_known_is_not_fetched_again(
    server: Dovecot, kept: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mailbox of years would be carried over once more, each time its server is restored."""
    server.put(letter(1), letter(2))  # type: ignore[arg-type]
    look(server)
    server.number_anew()
    server.put(letter(3))  # type: ignore[arg-type]
    fetched: list[int] = []
    really = mailbox._fetched

    def noted(client: BaseMailBox, uid: int, part: str) -> bytes | None:
        fetched.append(uid)
        return really(client, uid, part)

    monkeypatch.setattr(mailbox, "_fetched", noted)
    look(server)
    assert kept() == ["Letter 1", "Letter 2", "Letter 3"]
    assert len(fetched) == 1


def test_the_same_letter_twice_in_the_mailbox_is_one(server: Dovecot, kept: Callable[[], list[str]]) -> None:
    server.put(letter(1), letter(1))  # type: ignore[arg-type]
    look(server)
    assert kept() == ["Letter 1"]


def test_a_letter_that_is_too_large_is_fetched_in_part(
    server: Dovecot, kept: Callable[[], list[str]], clean_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELPSAGE_MAIL_MAX_MB", "1")
    settings.get.cache_clear()
    large = written("The words come first.", "Large")
    large.add_attachment(os.urandom(3_000_000), maintype="application", subtype="octet-stream", filename="scan.bin")
    server.put(large)
    look(server)
    with Session(clean_database) as session:
        record = session.scalars(select(Inbound)).one()
        assert len(record.raw) == mailbox.FETCHED_OF_TOO_LARGE
        assert b"The words come first." in record.raw
        assert (record.meta["cut"], record.meta["full_size"] > 3_000_000) == (True, True)


def test_kept_letters_go_where_the_settings_say(server: Dovecot, kept: Callable[[], list[str]]) -> None:
    server.put(letter(1), letter(2))  # type: ignore[arg-type]
    with server.connected() as client:
        mailbox.read_new(client, "support", server.mailbox.model_copy(update={"done_folder": "Done"}))
        assert client.uids("ALL") == []
        client.folder.set("Done")
        assert len(client.uids("ALL")) == 2
    assert kept() == ["Letter 1", "Letter 2"]


def test_a_database_that_fails_leaves_the_letter_for_later(
    server: Dovecot, kept: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put(letter(1), letter(2))  # type: ignore[arg-type]

    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(mailbox.keeping, "keep", broken)
        with pytest.raises(OSError, match="disk"):
            look(server)
    look(server)
    assert kept() == ["Letter 1", "Letter 2"]


@pytest.mark.parametrize("more", ["", "imap_capability = IMAP4rev1 LITERAL+"], ids=["idle", "polling"])
def test_the_watcher_hears_of_letters_and_survives_the_server(
    kept: Callable[[], list[str]], clean_database: Engine, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "FIRST_WAIT_S", 0.1)
    server = Dovecot(more)
    stopping = threading.Event()
    watcher = mailbox.Watcher("support", server.mailbox, stopping)
    try:
        watcher.start()
        server.put(letter(1))  # type: ignore[arg-type]
        eventually(kept, ["Letter 1"])
        server.stop()

        def trouble() -> bool:
            with Session(clean_database) as session:
                return session.get_one(MailboxState, "support").trouble != ""

        eventually(trouble, True)
        server.start()
        server.put(letter(2))  # type: ignore[arg-type]
        eventually(kept, ["Letter 1", "Letter 2"])
        eventually(trouble, False)
    finally:
        stopping.set()
        watcher.join(60)
        server.remove()
    assert not watcher.is_alive()


def test_two_hundred_letters_at_once(server: Dovecot, kept: Callable[[], list[str]], clean_database: Engine) -> None:
    server.put(*(letter(number) for number in range(200)))  # type: ignore[arg-type]
    began = time.monotonic()
    assert look(server) == 200
    assert time.monotonic() - began < 60
    with Session(clean_database) as session:
        assert session.scalar(select(func.count()).select_from(Inbound)) == 200


def test_a_letter_that_defeats_us_neither_ends_the_reading_nor_goes_unseen(
    server: Dovecot, kept: Callable[[], list[str]], clean_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "FIRST_WAIT_S", 0.1)
    keep, failing = mailbox.keeping.keep, True

    def broken(session: Session, raw: bytes, *more: object) -> Inbound:
        if failing and b"Letter 2" in raw:
            raise UnicodeError
        return keep(session, raw, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(mailbox.keeping, "keep", broken)
    stopping = threading.Event()
    watcher = mailbox.Watcher("support", server.mailbox, stopping)

    def trouble() -> str:
        with Session(clean_database) as session:
            found = session.get(MailboxState, "support")
            return found.trouble if found is not None else ""

    try:
        watcher.start()
        server.put(letter(1), letter(2), letter(3))  # type: ignore[arg-type]
        eventually(trouble, "UnicodeError")
        failing = False
        eventually(kept, ["Letter 1", "Letter 2", "Letter 3"])
        eventually(trouble, "")
    finally:
        stopping.set()
        watcher.join(60)


def test_a_wrong_password_is_told_to_administrators_once(
    server: Dovecot, clean_database: Engine, desk: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(mailbox, "LONGEST_WAIT_S", 0.1)
    with Session(clean_database) as session, session.begin():
        accounts.create(session, PRIYA, "Priya", "correct horse battery staple", Role.ADMINISTRATOR)
    tries: list[str] = []
    note = mailbox._note_trouble
    monkeypatch.setattr(mailbox, "_note_trouble", lambda name, what: (tries.append(what), note(name, what)))
    stopping = threading.Event()
    wrong = server.mailbox.model_copy(update={"password": SecretStr("wrong")})
    watcher = mailbox.Watcher("support", wrong, stopping)

    def letters() -> list[tuple[str, str]]:
        with Session(clean_database) as session:
            asked = select(Mail.recipient, Mail.text).where(Mail.key.startswith("mailbox:"))
            return [(to, words) for to, words in session.execute(asked)]

    try:
        watcher.start()
        deadline = time.monotonic() + PATIENCE_S
        while len(tries) < 2 or not letters():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        stopping.set()
        watcher.join(60)
    [(to, words)] = letters()
    assert to == PRIYA
    assert "cannot be read (MailboxLoginError)" in words
    assert "wrong" not in words
    with Session(clean_database) as session:
        assert session.get_one(MailboxState, "support").trouble == "MailboxLoginError"


def test_a_folder_that_is_gone_is_trouble_and_no_end(server: Dovecot, clean_database: Engine, desk: object) -> None:
    gone = server.mailbox.model_copy(update={"folder": "Nowhere"})
    with pytest.raises(mailbox.TROUBLE), mailbox.connected(gone) as client:
        mailbox.read_new(client, "support", gone)


def test_a_letter_that_another_program_deletes_meanwhile_is_no_trouble(
    server: Dovecot, kept: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put(letter(1), letter(2), letter(3))  # type: ignore[arg-type]
    take = mailbox._take

    def taken(client: object, name: str, uid: int, *more: object) -> None:
        if uid == 2:
            with server.connected() as other:
                other.delete("2")
        take(client, name, uid, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(mailbox, "_take", taken)
    look(server)
    assert kept() == ["Letter 1", "Letter 3"]


def test_a_connection_cut_in_the_middle_loses_and_doubles_nothing(
    server: Dovecot, kept: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put(letter(1))  # type: ignore[arg-type]
    look(server)
    server.put(letter(2), letter(3), letter(4))  # type: ignore[arg-type]
    fetched = mailbox._fetched
    asked: list[int] = []

    def until_cut(client: BaseMailBox, uid: int, part: str) -> bytes | None:
        asked.append(uid)
        if asked == [2, 3]:
            client.client.sock.shutdown(socket.SHUT_RDWR)
        return fetched(client, uid, part)

    monkeypatch.setattr(mailbox, "_fetched", until_cut)
    with pytest.raises(mailbox.TROUBLE):
        look(server)
    assert kept() == ["Letter 1", "Letter 2"]
    look(server)
    assert kept() == ["Letter 1", "Letter 2", "Letter 3", "Letter 4"]
    # How far it was read is kept with each letter, so that it goes on there.
    assert asked == [2, 3, 3, 4]
