"""Letters: written down with what they tell of, delivered by the worker's job, kept while there is no server."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Connection
from PIL import Image
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from helpsage import clock, mail, settings
from helpsage.departments.models import Department
from helpsage.events.models import OutboxEvent
from helpsage.events.subscribers import SUBSCRIBERS
from helpsage.jobs.mail import deliver
from helpsage.jobs.queue import DEFAULT_QUEUE, LATER_QUEUE
from helpsage.mail import service, smtp, templates
from helpsage.mail.models import Mail, State


class MailServer:
    """A real SMTP server on loopback that takes what it gets, or answers `reply` to each recipient."""

    def __init__(self) -> None:
        self.reply = ""
        self.taken: list[EmailMessage] = []
        self.asked = 0

    async def handle_RCPT(
        self, server: SMTP, session: Connection, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked += 1
        if self.reply:
            return self.reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Connection, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.taken.append(parsed)
        return "250 OK"


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def configured(free_port: int, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The settings name a mail server on this port; nobody listens there yet."""
    monkeypatch.setenv("HELPSAGE_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("HELPSAGE_SMTP_PORT", str(free_port))
    monkeypatch.setenv("HELPSAGE_SMTP_STARTTLS", "false")
    monkeypatch.setenv("HELPSAGE_MAIL_FROM", "desk@help.example")
    settings.get.cache_clear()
    yield free_port
    monkeypatch.undo()
    settings.get.cache_clear()


@pytest.fixture
def server(configured: int) -> Iterator[MailServer]:
    handler = MailServer()
    controller = Controller(handler, hostname="127.0.0.1", port=configured, enable_SMTPUTF8=True)
    controller.start()
    yield handler
    controller.stop()


def write(engine: Engine, to: str = "asha@example.org", **given: object) -> Mail:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        return mail.send(session, **{"to": to, "subject": "Hello", "text": "A few words.\n", **given})  # type: ignore[arg-type]


def run(letter: Mail) -> None:
    """The worker's job."""
    deliver(0, str(letter.id), {})


def now(engine: Engine, letter: Mail) -> Mail:
    with Session(engine, expire_on_commit=False) as session:
        return service.by_id(session, letter.id)


# --- writing


@pytest.mark.parametrize(("may_wait", "queue"), [(False, DEFAULT_QUEUE), (True, LATER_QUEUE)])
def test_a_letter_comes_with_its_event(session: Session, may_wait: bool, queue: str) -> None:
    """Whoever waits for a code has it at once; what tells of a ticket may come when there is time."""
    letter = mail.send(session, "asha@example.org", "Hello", "words", may_wait=may_wait)
    event = session.scalars(select(OutboxEvent).where(OutboxEvent.subject_id == letter.id)).one()
    assert event.payload == {}
    assert [(each.task, each.queue) for each in SUBSCRIBERS[event.kind]] == [("mail.deliver", queue)]


def test_a_letter_of_a_change_that_failed_was_never_written(clean_database: Engine) -> None:
    with Session(clean_database) as session:
        mail.send(session, "asha@example.org", "Hello", "words")
        session.rollback()
        assert session.scalar(select(func.count()).select_from(Mail)) == 0


def test_one_letter_a_key(session: Session) -> None:
    first = mail.send(session, "asha@example.org", "Hello", "words", key="reply:1")
    second = mail.send(session, "asha@example.org", "Hello", "words", key="reply:1")
    assert second.id == first.id
    assert session.scalar(select(func.count()).select_from(OutboxEvent)) == 1


@pytest.mark.parametrize(
    "to",
    ["", "asha", "asha@", "@example.org", "a b@example.org", "a@b@example.org", "asha@example.org\nBcc: x@y.example",
     "asha@exa_mple.org", "asha@.org", "a\u202eb@example.org", "x" * 65 + "@example.org", "asha@" + "x" * 260 + ".org",
     ".asha@example.org", "asha@example.org, b@example.org", "Asha <asha@example.org>", "a\0@example.org"],
)  # fmt: skip
def test_what_is_no_address_gets_no_letter(session: Session, to: str) -> None:
    with pytest.raises(mail.InvalidAddress):
        mail.send(session, to, "Hello", "words")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" Asha@Example.ORG ", "Asha@example.org"),
        ("asha@bücher.example", "asha@xn--bcher-kva.example"),
        ("o'brien+desk@example.org", "o'brien+desk@example.org"),
        ("आशा@example.org", "आशा@example.org"),
    ],
)
def test_addresses_as_people_type_them(session: Session, typed: str, meant: str) -> None:
    assert mail.send(session, typed, "Hello", "words").recipient == meant


# --- delivering


def test_without_a_server_the_letter_is_kept_and_can_be_read(clean_database: Engine) -> None:
    letter = write(clean_database, confidential=True)
    run(letter)
    kept = now(clean_database, letter)
    assert (kept.state, kept.text, kept.attempts) == (State.KEPT, "A few words.\n", 0)


def test_it_arrives_whole(clean_database: Engine, server: MailServer) -> None:
    letter = write(
        clean_database, subject="Grüße ✓", text="Straße\n", html="<p>Straße</p>", headers={"X-Ticket": "HS-1"}
    )
    run(letter)
    [taken] = server.taken
    assert taken["From"] == "Help Sage <desk@help.example>"
    assert taken["To"] == "asha@example.org"
    assert taken["Subject"] == "Grüße ✓"
    assert taken["Message-ID"] == f"<{letter.id}@help.example>"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["X-Ticket"] == "HS-1"
    text, html = (taken.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert (text.get_content().strip(), html.get_content().strip()) == ("Straße", "<p>Straße</p>")
    sent = now(clean_database, letter)
    assert (sent.state, sent.text) == (State.SENT, "Straße\n")
    assert sent.sent_at is not None


def test_running_the_job_twice_sends_once(clean_database: Engine, server: MailServer) -> None:
    letter = write(clean_database)
    run(letter)
    run(letter)
    assert len(server.taken) == 1


def test_a_link_that_was_sent_is_kept_nowhere(clean_database: Engine, server: MailServer) -> None:
    letter = write(
        clean_database, text="https://help.example/reset?token=secret", html="<a>secret</a>", confidential=True
    )
    run(letter)
    sent = now(clean_database, letter)
    assert (sent.text, sent.html) == ("", None)


def test_it_comes_from_its_department(clean_database: Engine, server: MailServer) -> None:
    with Session(clean_database, expire_on_commit=False) as session, session.begin():
        department = Department(
            key="library", name="Library", brand_name="Library desk", sender_email="books@lib.example", widget_key="w"
        )
        session.add(department)
    run(write(clean_database, department_id=department.id))
    assert server.taken[0]["From"] == "Library desk <books@lib.example>"


def png(width: int = 400, height: int = 100) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "green").save(file, "PNG")
    return file.getvalue()


def letter_with_logo(engine: Engine, logo: bytes, logo_type: str) -> Mail:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        department = Department(key="library", name="Library", logo=logo, logo_type=logo_type, widget_key="w")
        session.add(department)
    _, text, html = templates.filled("no_account", {"link": "https://help.example/register"})
    return write(engine, text=text, html=html, department_id=department.id)


def test_the_logo_travels_with_the_letter(clean_database: Engine, server: MailServer) -> None:
    run(letter_with_logo(clean_database, png(), "image/png"))
    [taken] = server.taken
    picture = next(part for part in taken.walk() if part.get_content_type() == "image/png")
    assert picture.get_content() == png()
    assert picture["Content-Disposition"].startswith("inline")
    html = next(part for part in taken.walk() if part.get_content_type() == "text/html").get_content()
    assert f'<img src="cid:{picture["Content-ID"][1:-1]}" alt="" width="144" height="36"' in html


@pytest.mark.parametrize(
    ("logo", "logo_type"),
    [(b"<svg/>", "image/svg+xml"), (png() + b"x" * 60_000, "image/png")],
    ids=["a drawing, which mail programs do not know", "a large one"],
)
def test_without_a_fitting_logo_the_name_alone_stands_there(
    clean_database: Engine, server: MailServer, logo: bytes, logo_type: str
) -> None:
    run(letter_with_logo(clean_database, logo, logo_type))
    [taken] = server.taken
    assert [part.get_content_type() for part in taken.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    html = list(taken.walk())[-1].get_content()
    assert "<img" not in html
    assert "<!--logo-->" not in html


def test_words_from_people_add_no_header(clean_database: Engine, server: MailServer) -> None:
    run(
        write(
            clean_database, subject="Hello\r\nBcc: everyone@example.org", headers={"X-Name": "a\r\nBcc: b@example.org"}
        )
    )
    [taken] = server.taken
    assert taken["Bcc"] is None
    assert taken["Subject"] == "Hello Bcc: everyone@example.org"
    assert taken["X-Name"] == "a Bcc: b@example.org"


def test_an_answer_for_now_is_tried_again_until_it_is_taken(clean_database: Engine, server: MailServer) -> None:
    letter = write(clean_database)
    server.reply = "451 come back"
    with pytest.raises(smtp.TryLater):
        run(letter)
    waiting = now(clean_database, letter)
    assert (waiting.state, waiting.error, waiting.attempts) == (State.WAITING, "451", 1)
    server.reply = ""
    run(letter)
    assert now(clean_database, letter).state == State.SENT
    assert len(server.taken) == 1


def test_a_server_that_is_away_is_tried_again(clean_database: Engine, configured: int) -> None:
    letter = write(clean_database)
    with pytest.raises(smtp.TryLater):
        run(letter)
    assert now(clean_database, letter).state == State.WAITING


def test_a_refusal_for_good_is_not_tried_again_but_by_a_person(clean_database: Engine, server: MailServer) -> None:
    letter = write(clean_database)
    server.reply = "550 no such mailbox"
    run(letter)
    failed = now(clean_database, letter)
    assert (failed.state, failed.error) == (State.FAILED, "550")
    run(letter)
    assert server.asked == 1
    server.reply = ""
    with Session(clean_database) as session, session.begin():
        service.send_again(session, letter.id)
    run(letter)
    assert now(clean_database, letter).state == State.SENT


# --- looking after them


def test_a_letter_that_went_out_is_not_sent_again(clean_database: Engine, server: MailServer) -> None:
    letter = write(clean_database)
    run(letter)
    with Session(clean_database) as session, session.begin():
        assert service.send_again(session, letter.id).state == State.SENT
    run(letter)
    assert len(server.taken) == 1


def test_pages_of_letters_follow_each_other(session: Session) -> None:
    for number in range(5):
        with clock.frozen(clock.now() + timedelta(seconds=number)):
            mail.send(session, "asha@example.org", f"Letter {number}", "words")
    first = service.newest(session, limit=2)
    second = service.newest(session, before=(first[-1].created_at, first[-1].id), limit=2)
    assert [letter.subject for letter in first + second] == ["Letter 4", "Letter 3", "Letter 2", "Letter 1"]
    assert service.newest(session, State.SENT) == []


def test_old_letters_are_forgotten_but_not_those_that_wait(session: Session) -> None:
    old = mail.send(session, "asha@example.org", "old", "words")
    old.state = State.SENT.value
    mail.send(session, "asha@example.org", "waits", "words")
    with clock.frozen(clock.now() + timedelta(days=1)):
        mail.send(session, "asha@example.org", "new", "words").state = State.SENT.value
        session.flush()
        assert service.forget(session, clock.now() - timedelta(hours=1)) == 1
    assert [letter.subject for letter in service.newest(session)] == ["new", "waits"]


@pytest.mark.parametrize(
    "letter",
    ["register", "already_registered", "reset", "no_account", "change_email", "email_taken", "invitation", "notice"],
)
def test_every_letter_fills_and_escapes(session: Session, letter: str) -> None:
    hostile = "<script>alert(1)</script>"
    given = dict.fromkeys(["name", "inviter", "role", "title", "words", "where", "at"], hostile)
    link = "https://help.example/x?token=abc"
    sent = mail.send_letter(
        session, "asha@example.org", letter, {**given, "link": link, "hours": 24, "minutes": 30, "days": 7}
    )
    assert sent.html is not None
    assert "<script>" not in sent.html
    assert link in sent.html
    assert link in sent.text
    assert "Hello" in sent.text


@pytest.mark.parametrize(
    "goodbye", ["421 closing", "451 not now", "550 go away", ""], ids=["421", "451", "550", "gone"]
)
def test_a_letter_that_was_taken_is_not_sent_again_for_a_bad_goodbye(
    clean_database: Engine, server: MailServer, goodbye: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def leave(protocol: SMTP, arg: str | None) -> None:
        if goodbye:
            await protocol.push(goodbye)
        protocol.transport.close()

    monkeypatch.setattr(SMTP, "smtp_QUIT", leave)
    letter = write(clean_database)
    run(letter)
    run(letter)
    assert now(clean_database, letter).state == State.SENT
    assert len(server.taken) == 1
