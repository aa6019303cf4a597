"""Taking letters by SMTP and LMTP: "kept" is said when it is, and only for addresses of ours."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.intake import lanes, service
from helpsage.intake.models import Inbound
from helpsage.mailroom import listener
from tests.integration.intake.conftest import ASHA, DESK, written

Start = Callable[..., int]


@pytest.fixture
def start(clean_database: Engine, desk: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Listen with these settings; returns the port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    servers: list[asyncio.Server] = []

    def listen(protocol: str = "smtp", megabytes: int = 1, port: int = 0) -> int:
        if not port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
        monkeypatch.setenv("HELPSAGE_MAIL_LISTEN_PORT", str(port))
        monkeypatch.setenv("HELPSAGE_MAIL_LISTEN_PROTOCOL", protocol)
        monkeypatch.setenv("HELPSAGE_MAIL_MAX_MB", str(megabytes))
        settings.get.cache_clear()
        servers.append(asyncio.run_coroutine_threadsafe(listener.listen(settings.get()), loop).result(60))
        return port

    yield listen

    async def close() -> None:
        for server in servers:
            server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.05)

    asyncio.run_coroutine_threadsafe(close(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(60)
    loop.close()


@pytest.fixture
def records(clean_database: Engine) -> Callable[[], list[Inbound]]:
    def found() -> list[Inbound]:
        with Session(clean_database) as session:
            return list(session.scalars(select(Inbound).order_by(Inbound.id)))

    return found


def test_a_letter_is_kept_before_it_is_acknowledged(start: Start, records: Callable[[], list[Inbound]]) -> None:
    with smtplib.SMTP("127.0.0.1", start(), timeout=60) as client:
        client.sendmail(ASHA, [DESK], written().as_bytes())
        # Still on the line: it is there already.
        [record] = records()
    assert (record.sender, record.subject, record.state) == (ASHA, "Printer", "waiting")
    assert (record.meta["envelope_from"], record.meta["envelope_to"]) == (ASHA, [DESK])


def test_the_same_letter_handed_over_twice_is_one(start: Start, records: Callable[[], list[Inbound]]) -> None:
    with smtplib.SMTP("127.0.0.1", start(), timeout=60) as client:
        client.sendmail(ASHA, [DESK], written().as_bytes())
        client.sendmail(ASHA, [DESK], written().as_bytes())
    assert len(records()) == 1


def test_it_is_no_relay(start: Start, records: Callable[[], list[Inbound]]) -> None:
    with smtplib.SMTP("127.0.0.1", start(), timeout=60) as client, pytest.raises(smtplib.SMTPRecipientsRefused) as told:
        client.sendmail(ASHA, ["someone@elsewhere.example"], written().as_bytes())
    assert told.value.recipients["someone@elsewhere.example"][0] == 550
    assert records() == []


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "unannounced"])
def test_thirty_megabytes_are_refused_kindly(
    start: Start, records: Callable[[], list[Inbound]], announced: bool
) -> None:
    client = smtplib.SMTP("127.0.0.1", start(megabytes=25), timeout=60)
    client.ehlo()
    if not announced:
        del client.esmtp_features["size"]
    body = written().as_bytes() + (b"x" * 76 + b"\r\n") * (30_000_000 // 78)
    with pytest.raises((smtplib.SMTPSenderRefused, smtplib.SMTPDataError)) as told:
        client.sendmail(ASHA, [DESK], body)
    code, said = told.value.smtp_code, told.value.smtp_error
    assert code == 552
    assert b"larger than 25 MB" in (said if isinstance(said, bytes) else said.encode())
    client.close()
    assert records() == []


def test_a_line_without_an_end_is_cut_off(start: Start, records: Callable[[], list[Inbound]]) -> None:
    with socket.create_connection(("127.0.0.1", start(megabytes=1)), 60) as line:
        line.settimeout(60)
        for said in ("", "EHLO x\r\n", f"MAIL FROM:<{ASHA}>\r\n", f"RCPT TO:<{DESK}>\r\n", "DATA\r\n"):
            line.sendall(said.encode())
            line.recv(1000)
        assert sent_until_cut(line, 20_000_000) < 20_000_000
    assert records() == []


def sent_until_cut(line: socket.socket, most: int) -> int:
    """Bytes of one line that the other side let us send."""
    sent = 0
    try:
        while sent < most:
            line.sendall(b"x" * 100_000)
            sent += 100_000
    except OSError:
        return sent
    return sent


def test_a_very_long_line_is_taken(start: Start, records: Callable[[], list[Inbound]]) -> None:
    raw = f"From: {ASHA}\r\nTo: {DESK}\r\nSubject: long\r\n\r\n".encode() + b"words " * 50_000 + b"\r\n"
    with smtplib.SMTP("127.0.0.1", start(), timeout=60) as client:
        client.sendmail(ASHA, [DESK], raw)
    assert len(records()) == 1


def test_while_the_database_fails_the_sender_is_told_to_come_back(
    start: Start, records: Callable[[], list[Inbound]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = start()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        with monkeypatch.context() as patch:
            patch.setattr(service, "accept_all", broken)
            with pytest.raises(smtplib.SMTPDataError) as told:
                client.sendmail(ASHA, [DESK], written().as_bytes())
        assert told.value.smtp_code == 451
        client.sendmail(ASHA, [DESK], written().as_bytes())
    assert len(records()) == 1


def test_an_empty_sender_is_kept_as_such(start: Start, records: Callable[[], list[Inbound]]) -> None:
    with smtplib.SMTP("127.0.0.1", start(), timeout=60) as client:
        client.sendmail("", [DESK], written().as_bytes())
    assert records()[0].meta["envelope_from"] == ""


def test_lmtp_answers_for_each_recipient(start: Start, records: Callable[[], list[Inbound]]) -> None:
    with smtplib.LMTP("127.0.0.1", start("lmtp")) as client:
        client.ehlo()
        client.mail(ASHA)
        for address in (DESK, "books@desk.example"):
            assert client.rcpt(address)[0] == 250
        code, said = client.data(written().as_bytes())
        assert code == 250
        assert client.getreply()[0] == 250
    assert said.startswith(b"2.0.0 Kept")
    assert records()[0].meta["envelope_to"] == [DESK, "books@desk.example"]


def test_begun_without_a_database_nobody_is_sent_away_for_good(
    start: Start, monkeypatch: pytest.MonkeyPatch, desk: lanes.Lanes
) -> None:
    """Our addresses are in the database: before it has been read, "nobody here" would be a guess."""
    monkeypatch.setattr(lanes.lanes, "get", lambda: lanes.build({}))
    with smtplib.SMTP("127.0.0.1", start(), timeout=60) as client:
        client.ehlo()
        client.mail(ASHA)
        monkeypatch.setattr(lanes.lanes, "_kept", (-1, desk))
        assert client.rcpt(DESK)[0] == 451
        monkeypatch.setattr(lanes.lanes, "_kept", (0, desk))
        assert client.rcpt(DESK)[0] == 550


def test_more_connections_than_we_hold_are_asked_to_come_back(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 2)
    port = start()

    def greeting(line: socket.socket) -> str:
        line.settimeout(60)
        return line.recv(100).decode()[:3]

    held = [socket.create_connection(("127.0.0.1", port), 60) for _ in range(2)]
    assert [greeting(line) for line in held] == ["220", "220"]
    with socket.create_connection(("127.0.0.1", port), 60) as third:
        assert greeting(third) == "421"
        assert third.recv(100) == b""
    for line in held:
        line.sendall(b"QUIT\r\n")
        greeting(line)
        line.close()
    deadline = time.monotonic() + 60
    while True:
        with socket.create_connection(("127.0.0.1", port), 60) as again:
            if greeting(again) == "220":
                break
        assert time.monotonic() < deadline


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r"], ids=repr)
def test_a_letter_cannot_be_smuggled_behind_another(
    start: Start, records: Callable[[], list[Inbound]], end: bytes
) -> None:
    """Only CR LF dot CR LF ends a letter (RFC 5321, 4.1.1.4): words of another server are words here."""
    with socket.create_connection(("127.0.0.1", start()), 60) as line:
        line.settimeout(60)
        for said in ("", "EHLO x\r\n", f"MAIL FROM:<{ASHA}>\r\n", f"RCPT TO:<{DESK}>\r\n", "DATA\r\n"):
            line.sendall(said.encode())
            line.recv(1000)
        second = f"MAIL FROM:<b@x.example>\r\nRCPT TO:<{DESK}>\r\nDATA\r\nFrom: b@x.example\r\n\r\nPay.\r\n"
        line.sendall(b"From: " + ASHA.encode() + b"\r\n\r\nHello." + end + second.encode() + b".\r\nQUIT\r\n")
        while line.recv(1000):
            pass
    assert [record.sender for record in records()] in ([ASHA], [])


def test_commands_sent_before_they_are_asked_for_are_answered_in_turn(
    start: Start, records: Callable[[], list[Inbound]]
) -> None:
    said = f"EHLO x\r\nMAIL FROM:<{ASHA}>\r\nRCPT TO:<nobody@elsewhere.example>\r\nDATA\r\nFrom: x@y.example\r\n"
    with socket.create_connection(("127.0.0.1", start()), 60) as line:
        line.settimeout(60)
        line.sendall(said.encode() + b"\r\nHi.\r\n.\r\nQUIT\r\n")
        answers = b""
        while piece := line.recv(4000):
            answers += piece
    assert b"550 5.1.1" in answers
    assert records() == []
