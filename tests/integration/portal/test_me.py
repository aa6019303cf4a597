"""Profile, what I am told of, my data: mine to see, to take with me, and to have forgotten."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from helpsage import mail
from helpsage.attachments import storage
from helpsage.conversations import service as conversations
from helpsage.jobs import attachments as attachment_jobs
from helpsage.people import preferences
from helpsage.people.models import Account, Person, Role
from helpsage.people.preferences import DEFAULTS, OF_STAFF, Channel, Event
from helpsage.privacy.words import REMOVED
from helpsage.tickets import service
from helpsage.web.portal import words
from tests.integration.attachments.conftest import picture
from tests.integration.portal.conftest import PRIYA, Browser, Desk, problem
from tests.integration.web.conftest import PASSWORD

#: What a requester without places outside can choose.
OFFERED = [pair for pair in DEFAULTS if pair[0] not in OF_STAFF and pair[1] is not Channel.TARGET]


XSS = "<script>alert(1)</script>"


def test_a_name_is_changed(asha: Browser, database: Engine) -> None:
    form = asha.form(asha.get("/my/profile"), "/my/profile")
    page = asha.submit(form, name="  Asha\n P. ")
    assert words.SAVED in page.text
    with Session(database) as session:
        assert session.get_one(Person, asha.person_id).name == "Asha P."


@pytest.mark.parametrize("name", ["", " \u200e", "x" * 201])
def test_a_name_that_is_none_is_refused_beside_the_field(asha: Browser, database: Engine, name: str) -> None:
    page = asha.submit(asha.form(asha.get("/my/profile"), "/my/profile"), name=name)
    assert page.status_code == 422
    assert problem(page, "name")
    with Session(database) as session:
        assert session.get_one(Person, asha.person_id).name == "Asha Patel"


def test_html_in_a_name_is_text(asha: Browser) -> None:
    page = asha.submit(asha.form(asha.get("/my/profile"), "/my/profile"), name=XSS)
    assert XSS not in page.text
    assert "&lt;script&gt;" in page.text


def test_what_is_chosen_is_kept(asha: Browser, mallory: Browser, database: Engine) -> None:
    page = asha.get("/my/notifications")
    form = asha.form(page, "/my/notifications")
    offered = set(re.findall(r'type="checkbox" name="([^"]*)"', page.text))
    assert offered == {f"{event}-{channel}" for event, channel in OFFERED}
    csrf = form.values["csrf"]
    page = asha.post("/my/notifications", data={"csrf": csrf, "progress-email": "1", "nonsense-email": "1"})
    assert words.SAVED in page.text
    with Session(database) as session:
        chosen = preferences.of_person(session, asha.person_id)
        assert [pair for pair in OFFERED if chosen[pair]] == [(Event.PROGRESS, Channel.EMAIL)]
        assert preferences.of_person(session, mallory.person_id) == dict(DEFAULTS)


# --- the archive


def download(browser: Browser) -> dict[str, bytes]:
    answer = browser.submit(browser.form(browser.get("/my/data"), "/my/data/download"))
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith("attachment;")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def test_the_archive_has_everything_of_mine_and_nothing_of_others(
    asha: Browser, mallory: Browser, desk: Desk, database: Engine
) -> None:
    desk.ticket(mallory, "Not hers")
    ticket = desk.ticket(asha, "Hers")
    asha.send_files(asha.ticket_form(ticket, "reply"), [("../photo.png", picture())], body="Look.")
    desk.reply(ticket, "Thank you, Asha.")
    desk.change(ticket, lambda session, found: service.note(session, found, "internal words", PRIYA))
    with Session(database) as session, session.begin():
        chat = conversations.ensure(session, "web:hers", "web")
        chat.person_id = asha.person_id
        conversations.push(session, chat.id, "person", text="words in the chat")
    files = download(asha)
    whole = b"\n".join(files.values())
    for gone in (b"internal words", b"Not hers", b"argon2", b"hash"):
        assert gone not in whole
    facts = json.loads(files[f"tickets/{ticket.reference}/ticket.json"])
    assert [entry["body"] for entry in facts["thread"]] == ["Look.", "Thank you, Asha."]
    assert facts["files"][0]["name"] == "photo.png"
    assert files[f"tickets/{ticket.reference}/files/{facts['files'][0]['file']}"] == picture()
    assert json.loads(files["profile.json"])["email"] == "asha@uni.example"
    assert any(b"words in the chat" in content for name, content in files.items() if name.startswith("conversations/"))
    assert not any(".." in name or name.startswith("/") for name in files)
    assert "Downloaded" in asha.get("/my/data").text


# --- being forgotten


def ask_to_be_forgotten(browser: Browser, email: str, password: str) -> httpx.Response:
    return browser.submit(browser.form(browser.get("/my/data"), "/my/data/erase"), email=email, password=password)


@pytest.mark.parametrize(
    ("email", "password", "field", "told"),
    [
        ("mallory@uni.example", PASSWORD, "email", words.WRONG_ADDRESS),
        ("", PASSWORD, "email", words.WRONG_ADDRESS),
        ("asha@uni.example", "wrong", "password", words.WRONG_PASSWORD),
        ("asha@uni.example", "", "password", words.WRONG_PASSWORD),
    ],
)
def test_nobody_is_forgotten_by_mistake(
    asha: Browser, database: Engine, email: str, password: str, field: str, told: str
) -> None:
    page = ask_to_be_forgotten(asha, email, password)
    assert problem(page, field) == told
    with Session(database) as session:
        assert session.get_one(Person, asha.person_id).email == "asha@uni.example"


def test_guessing_the_password_there_ends(asha: Browser) -> None:
    answers = [ask_to_be_forgotten(asha, "asha@uni.example", "wrong").status_code for _ in range(9)]
    assert answers[0] == 422
    assert answers[-1] == 429


def test_staff_are_not_forgotten_by_themselves(enter: Callable[..., Browser], database: Engine) -> None:
    agent = enter("priya@uni.example", "Priya Raman", Role.AGENT)
    page = agent.get("/my/data")
    csrf = agent.form(page, "/my/data/download").values["csrf"]
    answer = agent.post("/my/data/erase", data={"csrf": csrf, "email": "priya@uni.example", "password": PASSWORD})
    assert answer.status_code == 403
    with Session(database) as session:
        assert session.get_one(Person, agent.person_id).name == "Priya Raman"


SECRETS = (
    "Asha",
    "Patel",
    "asha@uni.example",
    "jams",
    "HP in B 12",
    "Look here",
    "spoken in the chat",
    "my own reason",
)


def everything(database: Engine) -> str:
    """All text of all tables, apart from what is hashed, and the queue's arguments."""
    with database.connect() as connection:
        tables = "select tablename from pg_tables where schemaname = 'public'"
        names = connection.execute(text(tables)).scalars().all()
        rows = [str(row) for name in names for row in connection.execute(text(f'select "{name}"::text from "{name}"'))]
        rows += [str(row) for row in connection.execute(text("select args::text from jobs.procrastinate_jobs"))]
    return "\n".join(rows)


def test_after_being_forgotten_nothing_tells_who_it_was(asha: Browser, desk: Desk, database: Engine) -> None:
    ticket = desk.ticket(
        asha, description="It jams, says Asha.", details={"printer": "HP in B 12"}, priority_reason="Asha said so"
    )
    asha.send_files(asha.ticket_form(ticket, "reply"), [("Asha.png", picture())], body="Look here.")
    desk.reply(ticket, "Dear Asha Patel, write to ASHA@uni.example. Ashamed? Best, Priya")
    desk.change(ticket, lambda session, found: service.close(session, found, PRIYA, "Asha said it is fine now"))
    desk.change(
        ticket,
        lambda session, found: service.reopen(
            session, found, service.Actor("requester", "Asha Patel", asha.person_id), "my own reason"
        ),
    )
    with Session(database) as session, session.begin():
        chat = conversations.ensure(session, "web:hers", "web")
        chat.person_id, chat.page_url = asha.person_id, "https://uni.example/asha"
        conversations.push(session, chat.id, "person", text="spoken in the chat", data={"name": "Asha"})
        conversations.push(session, chat.id, "bot", text="You said: spoken in the chat")
        mail.send(session, "Asha@uni.example", "Hello Asha", "Dear Asha")
        session.execute(text("delete from outbox_event"))
    page = ask_to_be_forgotten(asha, "ASHA@uni.example ", PASSWORD)
    assert (page.status_code, page.url.path) == (200, "/my/data/forgotten")
    assert asha.get("/my", follow_redirects=False).status_code == 303, "logged out"
    with Session(database) as session, session.begin():
        session.execute(text("delete from search_word"))
    left = everything(database)
    for secret in SECRETS:
        assert secret.lower() not in left.lower().replace("ashamed", ""), secret
    kept = desk.now(ticket)
    assert (kept.category, kept.status, kept.description) == ("printer_problem", "open", REMOVED)
    assert desk.words(ticket)[1] == "Dear [name], write to [name]. Ashamed? Best, Priya"
    with Session(database) as session:
        assert session.query(Account).count() == 0
        assert (session.get_one(Person, asha.person_id).name, kept.requester_id) == ("", asha.person_id)
        done = session.execute(text("select kind, by, tickets, entries, messages, files from data_request")).one()
        assert tuple(done) == ("erasure", "requester", 1, 1, 2, 1)
        assert service.history(session, kept)[-1].action == "anonymised"


def test_the_files_of_the_forgotten_are_removed_from_disk_unless_others_sent_them_too(
    asha: Browser, mallory: Browser, desk: Desk, database: Engine
) -> None:
    for browser, sent in ((asha, [("a.txt", b"only hers"), ("b.txt", b"both")]), (mallory, [("b.txt", b"both")])):
        browser.send_files(browser.ticket_form(desk.ticket(browser), "reply"), sent, body="Look.")
    assert len(list(storage.folder().glob("??/*"))) == 2
    ask_to_be_forgotten(asha, "asha@uni.example", PASSWORD)
    with database.connect() as connection:
        asked = text("select args from jobs.procrastinate_jobs where task_name = 'attachments.remove'")
        hashes = [one for args in connection.execute(asked).scalars() for one in args["hashes"]]
    attachment_jobs.remove(hashes)
    [left] = storage.folder().glob("??/*")
    assert left.read_bytes() == b"both"
    with database.begin() as connection:
        connection.execute(text("truncate jobs.procrastinate_jobs cascade"))


def test_anothers_data_stay_when_one_is_forgotten(asha: Browser, mallory: Browser, desk: Desk) -> None:
    ticket = desk.ticket(mallory, "Mallory's own", description="Words of hers")
    ask_to_be_forgotten(asha, "asha@uni.example", PASSWORD)
    assert desk.now(ticket).description == "Words of hers"
    assert "Mallory" in mallory.get("/my/profile").text
