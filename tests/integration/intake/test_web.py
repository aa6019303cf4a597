"""Forms, programs' lanes, and the pages on which what came in is looked at."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.departments import service as departments
from helpsage.departments.models import Department
from helpsage.intake import drain, lanes, service
from helpsage.intake.models import Inbound, Lane, Progress
from helpsage.mailroom import keeping
from helpsage.people.models import Role
from helpsage.tickets.models import Ticket
from tests.integration.intake.conftest import ASHA, DESK, written
from tests.integration.web.conftest import PASSWORD, database, make_account, visitor, web_url
from tests.integration.web.visitor import Visitor

__all__ = ["database", "visitor", "web_url"]

ADMIN = "admin@desk.example"


@pytest.fixture(autouse=True)
def desk_address(web_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = lanes.build({"addresses": [{"address": DESK}], "closed_forms": ["closed"]})
    monkeypatch.setattr(lanes.lanes, "get", lambda: opened)


@pytest.fixture
def home(database: Engine) -> Department:
    with Session(database, expire_on_commit=False) as session, session.begin():
        return departments.ensure_defaults(session)


@pytest.fixture
def administrator(web_url: str, database: Engine) -> Iterator[Visitor]:
    make_account(database, ADMIN, "Ada Admin", Role.ADMINISTRATOR)
    with Visitor(web_url) as browser:
        browser.log_in(ADMIN, PASSWORD)
        yield browser


def records(database: Engine) -> list[Inbound]:
    with Session(database) as session:
        return list(session.scalars(select(Inbound).order_by(Inbound.id)))


def tickets(database: Engine) -> list[Ticket]:
    drain.drain(database)
    with Session(database) as session:
        return list(session.scalars(select(Ticket).order_by(Ticket.number)))


def fill(visitor: Visitor, home: Department, **typed: str) -> httpx.Response:
    page = visitor.get(f"/form/{home.key}", headers={"referer": "https://www.example.org/library"})
    given = {"name": "Asha Patel", "email": ASHA, "subject": "Lift", "message": "The lift is stuck.", **typed}
    return visitor.submit(visitor.form(page, f"/form/{home.key}"), **given)


# --- the page


def test_a_form_becomes_a_ticket(visitor: Visitor, database: Engine, home: Department) -> None:
    answer = fill(visitor, home)
    assert "We have your message" in answer.text
    [record] = records(database)
    assert (record.lane, record.sender, record.meta["page"]) == ("form", ASHA, "https://www.example.org/library")
    [ticket] = tickets(database)
    assert (ticket.subject, ticket.description, ticket.channel) == ("Lift", "The lift is stuck.", "form")
    assert (ticket.department_id, ticket.details) == (home.id, {"page": "https://www.example.org/library"})


def test_the_page_needs_no_script(visitor: Visitor, home: Department) -> None:
    assert "<script" not in visitor.get(f"/form/{home.key}").text


def test_a_double_click_is_one_message(visitor: Visitor, database: Engine, home: Department) -> None:
    form = visitor.form(visitor.get(f"/form/{home.key}"), f"/form/{home.key}")
    for _ in range(2):
        visitor.submit(form, email=ASHA, message="The lift is stuck.")
    assert len(records(database)) == 1


def test_going_back_and_writing_something_else_is_another_message(
    visitor: Visitor, database: Engine, home: Department
) -> None:
    form = visitor.form(visitor.get(f"/form/{home.key}"), f"/form/{home.key}")
    for message in ("The lift is stuck.", "The door is stuck, too."):
        visitor.submit(form, email=ASHA, message=message)
    assert [ticket.description for ticket in tickets(database)] == ["The lift is stuck.", "The door is stuck, too."]


@pytest.mark.parametrize("wrong", [{"message": " "}, {"email": "nobody"}, {"message": "x" * 20_001}], ids=str)
def test_what_is_missing_is_said_and_what_was_typed_stays(
    visitor: Visitor, database: Engine, home: Department, wrong: dict[str, str]
) -> None:
    answer = fill(visitor, home, **wrong)
    assert answer.status_code == 422
    assert "Asha Patel" in answer.text
    assert records(database) == []


def test_html_in_a_form_is_text(visitor: Visitor, home: Department) -> None:
    answer = fill(visitor, home, name="<script>alert(1)</script>", message=" ")
    assert "<script>alert" not in answer.text


def test_a_program_that_fills_in_everything_makes_no_ticket(
    visitor: Visitor, database: Engine, home: Department
) -> None:
    assert "We have your message" in fill(visitor, home, website="https://spam.example").text
    assert tickets(database) == []
    [record] = records(database)
    assert (record.state, record.reason) == (Progress.IGNORED, "honeypot")


def test_a_page_that_is_not_ours_sends_nothing(visitor: Visitor, database: Engine, home: Department) -> None:
    for mark in ("", "made.up", lanes.secret(Lane.FORM, home.key)):
        answer = visitor.post(f"/form/{home.key}", data={"mark": mark, "email": ASHA, "message": "Hello"})
        assert answer.status_code == 422
    assert records(database) == []


def test_too_many_messages_are_stopped_and_kept_on_the_page(
    visitor: Visitor, database: Engine, home: Department
) -> None:
    answers = [fill(visitor, home, message=f"Message {number}").status_code for number in range(21)]
    assert answers == [200] * 20 + [429]
    assert len(records(database)) == 20


def test_no_form_where_there_is_none(visitor: Visitor, database: Engine) -> None:
    with Session(database) as session, session.begin():
        session.add(Department(key="closed", name="Closed", widget_key="closed-key"))
    assert visitor.get("/form/closed").status_code == 404
    assert visitor.get("/form/nowhere").status_code == 404


def test_answers_go_to_the_owner_of_the_address_and_not_to_whoever_typed_it(
    visitor: Visitor, database: Engine, home: Department
) -> None:
    make_account(database, ASHA, "Asha Patel", Role.REQUESTER)
    fill(visitor, home)
    [ticket] = tickets(database)
    with Session(database) as session:
        assert session.get_one(Ticket, ticket.id).requester.email == ASHA
    assert visitor.get(f"/my/tickets/{ticket.reference}").url.path == "/login"


# --- programs


def bring(visitor: Visitor, lane: Lane, home: Department, given: object, secret: str | None = None) -> httpx.Response:
    shown = lanes.secret(lane, home.key) if secret is None else secret
    return visitor.post(f"/in/{lane}/{home.key}", json=given, headers={"Authorization": f"Bearer {shown}"})


CHAT = {
    "id": "conversation-7",
    "person": {"name": "Ben", "email": "ben@people.example"},
    "messages": [
        {"author": "person", "text": "I cannot log in."},
        {"author": "agent", "name": "Mo", "text": "Which page?"},
        {"author": "person", "text": "The exam page."},
    ],
    "page": "https://www.example.org/exams",
}


def test_a_finished_conversation_is_one_ticket(visitor: Visitor, database: Engine, home: Department) -> None:
    answers = [bring(visitor, Lane.CHAT, home, CHAT) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    [ticket] = tickets(database)
    assert (ticket.subject, ticket.channel) == ("I cannot log in.", "chat")
    assert ticket.description == "**Ben:** I cannot log in.\n\n**Mo:** Which page?\n\n**Ben:** The exam page."
    assert ticket.requester.contact_email == "ben@people.example"


@pytest.mark.parametrize("lane", [Lane.FORM, Lane.CHAT])
def test_without_the_secret_nothing_is_taken(visitor: Visitor, database: Engine, home: Department, lane: Lane) -> None:
    other = Lane.CHAT if lane is Lane.FORM else Lane.FORM
    given = {"message": "Hello"} if lane is Lane.FORM else CHAT
    for secret in ("none", "wrong", lanes.secret(other, home.key)):
        answer = bring(visitor, lane, home, given, secret)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
    assert records(database) == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {**CHAT, "id": ""},
        {**CHAT, "messages": []},
        {**CHAT, "more": 1},
        {**CHAT, "messages": [{"author": "x"}]},
        [],
    ],
    ids=["empty", "no id", "no messages", "unknown field", "unknown author", "a list"],
)
def test_what_is_not_in_the_schema_is_refused(
    visitor: Visitor, database: Engine, home: Department, given: object
) -> None:
    answer = bring(visitor, Lane.CHAT, home, given)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert records(database) == []


def test_a_program_brings_a_message_once(visitor: Visitor, database: Engine, home: Department) -> None:
    given = {"message": "The lift is stuck.", "email": ASHA, "id": "42", "page": "https://www.example.org/"}
    assert bring(visitor, Lane.FORM, home, given).json() == bring(visitor, Lane.FORM, home, given).json()
    assert len(tickets(database)) == 1


@pytest.mark.parametrize("lane", [Lane.FORM, Lane.CHAT])
def test_an_id_with_other_words_is_refused_and_not_swallowed(
    visitor: Visitor, database: Engine, home: Department, lane: Lane
) -> None:
    first = {"message": "The lift is stuck.", "id": "42"} if lane is Lane.FORM else CHAT
    said = (
        {"message": "The door is."} if lane is Lane.FORM else {"messages": [{"author": "person", "text": "The door."}]}
    )
    assert bring(visitor, lane, home, first).status_code == 202
    again = bring(visitor, lane, home, {**first, **said})
    assert again.status_code == 409
    assert "another id" in again.json()["detail"]
    assert bring(visitor, lane, home, first).status_code == 202
    assert len(records(database)) == 1


@pytest.mark.parametrize("lane", [Lane.FORM, Lane.CHAT])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"message": ' + b'{"a":' * 50_000,
        b'{"message": "\\ud800", "id": "1", "messages": [{"author": "person", "text": "\\ud800"}]}',
        b'{"message": "\\u0000", "id": "1", "messages": [{"author": "person", "text": "\\u0000"}]}',
        b'{"message": 1' + b"0" * 20_000 + b"}",
        b'{"message": NaN}',
        b"\xff\xfe",
        b"",
    ],
    ids=["deep list", "deep", "half a character", "NUL", "huge number", "NaN", "no UTF-8", "empty"],
)
def test_hostile_json_is_refused(visitor: Visitor, database: Engine, home: Department, lane: Lane, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {lanes.secret(lane, home.key)}", "Content-Type": "application/json"}
    answer = visitor.post(f"/in/{lane}/{home.key}", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert records(database) == []


def test_a_form_on_an_allowed_page_may_send_and_others_may_not(
    visitor: Visitor, database: Engine, home: Department
) -> None:
    with Session(database) as session, session.begin():
        session.get_one(Department, home.id).allowed_origins = ["https://www.example.org"]
    fields = {"secret": lanes.secret(Lane.FORM, home.key), "message": "The lift is stuck.", "email": ASHA}
    sent = [
        visitor.post(f"/in/form/{home.key}", data=fields, headers={"Origin": origin, "Accept": "text/html"})
        for origin in ("https://www.example.org", "https://evil.example")
    ]
    assert [answer.status_code for answer in sent] == [200, 403]
    assert "We have your message" in sent[0].text
    assert records(database)[0].meta["origin"] == "https://www.example.org"


def test_the_schemas_can_be_read(visitor: Visitor) -> None:
    assert visitor.get("/in/chat/schema.json").json()["required"] == ["id", "messages"]


# --- looking at what came


def bring_letter(database: Engine, letter: object = None) -> Inbound:
    with Session(database, expire_on_commit=False) as session, session.begin():
        found = letter or written("It jams.\n\n-- \nAsha\nRoom 12", Authentication_Results="mx.example; spf=fail")
        record = keeping.keep(session, found.as_bytes(), {})  # type: ignore[attr-defined]
    drain.drain(database)
    return record


def test_the_ticket_shows_who_sent_it_and_the_whole_letter_is_a_click_away(
    administrator: Visitor, database: Engine, home: Department
) -> None:
    bring_letter(database)
    [ticket] = tickets(database)
    page = administrator.get(f"/agent/tickets/{ticket.reference}")
    assert "SPF fail" in page.text
    assert "Room 12" not in page.text
    [record] = records(database)
    whole = administrator.get(f"/agent/tickets/{ticket.reference}/received/{record.id}")
    assert "Room 12" in whole.text
    raw = administrator.get(f"/agent/tickets/{ticket.reference}/received/{record.id}/raw")
    assert raw.headers["content-disposition"].startswith("attachment")
    assert b"Message-ID: <1@people.example>" in raw.content


def test_a_letter_of_another_ticket_is_not_shown_there(
    administrator: Visitor, database: Engine, home: Department
) -> None:
    bring_letter(database)
    other = bring_letter(database, written("Secret", message_id="<2@x.example>", sender="b@x.example"))
    [first, _] = tickets(database)
    assert administrator.get(f"/agent/tickets/{first.reference}/received/{other.id}").status_code == 404


def test_records_are_found_and_worked_off_again(administrator: Visitor, database: Engine, home: Department) -> None:
    record = bring_letter(database, written("News!", "Our news", List_Id="<news>"))
    bring_letter(database, written("Other", "Other", sender="ben@people.example", message_id="<3@x.example>"))
    page = administrator.get("/settings/received", params={"sender": "asha", "state": "ignored", "words_": "news"})
    assert "Our news" in page.text
    assert "ben@people.example" not in page.text
    assert "mailing list" in page.text
    shown = administrator.get(f"/settings/received/{record.id}")
    assert "List-Id: &lt;news&gt;" in shown.text
    administrator.submit(administrator.form(shown, f"/settings/received/{record.id}/replay"))
    assert [ticket.subject for ticket in tickets(database)] == ["Other", "Our news"]


def test_pages_of_records_follow_each_other(administrator: Visitor, database: Engine) -> None:
    with Session(database) as session, session.begin():
        for number in range(60):
            service.accept(session, Lane.FORM, str(number), b"{}", "application/json", subject=f"Number {number}.")
    first = administrator.get("/settings/received").text
    assert first.count("Number ") == 50
    older = first.split("after=")[1].split('"')[0]
    assert administrator.get(f"/settings/received?after={older}").text.count("Number ") == 10


def test_hostile_records_are_text(administrator: Visitor, database: Engine, home: Department) -> None:
    hostile = "<script>alert(1)</script>"
    record = bring_letter(database, written(hostile, hostile, sender=f'"{hostile}" <a@b.example>'))
    [ticket] = tickets(database)
    for page in (
        "/settings/received",
        f"/settings/received/{record.id}",
        f"/agent/tickets/{ticket.reference}/received/{record.id}",
    ):
        assert hostile not in administrator.get(page).text


# --- settings


def test_addresses_are_kept_and_can_be_undone(
    administrator: Visitor, database: Engine, home: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = administrator.get("/settings/intake")
    form = administrator.form(page, "/settings/intake")
    given = {**form.values, "address": ["Help@Desk.example", ""], "place": [home.key, ""]}
    saved = administrator.post("/settings/intake", data=given)
    assert "Saved." in saved.text
    assert 'value="help@desk.example"' in saved.text
    wrong = administrator.post(
        "/settings/intake",
        data={**administrator.form(saved, "/settings/intake").values, "address": ["nobody"], "place": [""]},
    )
    assert wrong.status_code == 422
    assert "is no e-mail address" in wrong.text


def test_a_new_secret_closes_the_old_one(administrator: Visitor, database: Engine, home: Department) -> None:
    page = administrator.get("/settings/intake")
    old = lanes.secret(Lane.FORM, home.key)
    assert old in page.text
    saved = administrator.submit(administrator.form(page, "/settings/intake/secret"), lane="form", department=home.key)
    assert old not in saved.text
