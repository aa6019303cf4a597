"""A second department is set up on the pages, and what comes in through its chat lands with it."""

from __future__ import annotations

import re
import struct
import zlib
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.conversations import service as conversations
from helpsage.departments import brand, service
from helpsage.departments.models import Department
from helpsage.tickets import service as tickets
from helpsage.tickets.service import Actor, NewTicket
from tests.integration.settings.conftest import Administrator
from tests.integration.web.visitor import Visitor

NEW = "/settings/departments/new"
STUDENT_OFFICE = "/settings/departments/student-office"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><rect width="4" height="4" fill="#8a3ffc"/></svg>'


def found(engine: Engine, key: str) -> Department:
    with Session(engine, expire_on_commit=False) as session:
        department = service.by_key(session, key)
        assert department is not None
        return department


@pytest.fixture
def student_office(ada: Administrator, with_departments: Engine) -> Department:
    page = ada.change(NEW, name="Student Office", key="student-office", brand_name="Ask us", colour="#8A3FFC")
    assert page.status_code == 200
    assert "Saved." in page.text
    return found(with_departments, "student-office")


def test_a_second_department_without_code(
    ada: Administrator, visitor_page: Visitor, student_office: Department, with_departments: Engine
) -> None:
    page = visitor_page.get("/chat", params={"desk": student_office.widget_key})
    assert "Ask us" in page.text
    style = re.search(r'href="(/brand/student-office\.css[^"]*)"', page.text)
    assert style is not None
    assert f"--brand:{brand.light('#8a3ffc').brand}" in visitor_page.get(style[1]).text
    script = visitor_page.get("/chat.js", params={"desk": student_office.widget_key}).text
    assert student_office.widget_key in script
    assert '"desk": "Ask us"' in script
    with Session(with_departments, expire_on_commit=False) as session, session.begin():
        chat = conversations.ensure(session, f"web:{uuid4()}", "webchat")
        chat.department_id = student_office.id
        new = NewTicket("", "My timetable is wrong", "timetable_problem", "webchat", conversation_id=chat.id)
        ticket = tickets.open_ticket(session, new, Actor("requester"))
    assert ticket.department_id == student_office.id


def test_an_unknown_chat_key_shows_the_default_desk(visitor_page: Visitor, student_office: Department) -> None:
    for key in ("no-such-key", "", "\x00", "x" * 64, "<script>"):
        page = visitor_page.get("/chat", params={"desk": key})
        assert page.status_code == 200
        assert "Ask us" not in page.text


def test_an_old_chat_key_ends_with_a_new_one(
    ada: Administrator, student_office: Department, with_departments: Engine
) -> None:
    ada.change(STUDENT_OFFICE, f"{STUDENT_OFFICE}/widget-key")
    assert found(with_departments, "student-office").widget_key != student_office.widget_key
    assert "Ask us" not in ada.get("/chat", params={"desk": student_office.widget_key}).text


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("name", "", "1 to 80"),
        ("name", " " * 20, "1 to 80"),
        ("name", "x" * 81, "1 to 80"),
        ("name", "two\nlines", "1 to 80"),
        ("name", "with\x00null", "1 to 80"),
        ("name", "STUDENT office", "called that"),
        ("key", "", "short name"),
        ("key", "../etc", "short name"),
        ("key", "new", "short name"),
        ("key", "student-office", "taken"),
        ("colour", "red", "#2c6b5b"),
        ("colour", "#12345", "#2c6b5b"),
        ("colour", "#12345g", "#2c6b5b"),
        ("colour", "#ffffff;}body{display:none", "#2c6b5b"),
        ("sender_email", "nobody", "e-mail"),
        ("sender_email", "a@b.c\r\nBcc: everyone@example.org", "e-mail"),
        ("sender_name", "x" * 81, "80"),
        ("allowed_origins", "www.example.org", "www.example.org"),
        ("allowed_origins", "https://example.org/path", "path"),
        ("allowed_origins", "javascript:alert(1)", "javascript"),
        ("allowed_origins", "https://user@example.org", "user@"),
        ("allowed_origins", "https://exa mple.org", "no path"),
        ("allowed_origins", "*", "no path"),
        ("allowed_origins", "\n".join(f"https://a{i}.example" for i in range(51)), "At most 50"),
    ],
)
def test_what_cannot_be_used_is_told_beside_its_field(
    ada: Administrator, student_office: Department, with_departments: Engine, field: str, typed: str, told: str
) -> None:
    given = {"name": "Bursary <b>&amp;</b>", "key": "bursary", "sender_name": "Sam", field: typed}
    page = ada.change(NEW, **given)
    assert page.status_code == 422
    beside = re.search(rf'id="{field}-problem">([^<]*)', page.text)
    assert beside is not None
    assert told in beside[1].replace("&#39;", "'").replace("&#34;", '"')
    assert f'id="{field}"' in page.text
    assert "aria-invalid" in page.text
    if field != "name":  # nothing typed is lost, and HTML in it is text
        assert "Bursary &lt;b&gt;&amp;amp;&lt;/b&gt;" in page.text
        assert "<b>&amp;</b>" not in page.text
    with Session(with_departments) as session:
        assert service.by_key(session, "bursary") is None


def test_over_long_and_odd_letters_come_through(ada: Administrator, with_departments: Engine) -> None:
    name = "सहायता \u202e केंद्र 🌿 é"
    page = ada.change(NEW, name=name.replace("\u202e", ""), key="odd")
    assert page.status_code == 200
    assert found(with_departments, "odd").name == name.replace("\u202e", "")
    assert ada.change(NEW, name=name, key="odder").status_code == 422  # turns the text around: not printable


def test_a_form_that_someone_overtook_is_shown_and_overwrites_nothing(
    ada: Administrator, student_office: Department, with_departments: Engine
) -> None:
    mine = ada.form(ada.get(STUDENT_OFFICE), STUDENT_OFFICE)
    ada.change(STUDENT_OFFICE, name="Students' House")
    page = ada.submit(mine, name="Student Bureau")
    assert page.status_code == 409
    assert "Someone else changed this meanwhile" in page.text
    assert "Student Bureau" in page.text
    assert found(with_departments, "student-office").name == "Students' House"
    assert ada.submit(ada.form(page, STUDENT_OFFICE)).status_code == 200
    assert found(with_departments, "student-office").name == "Student Bureau"


def test_sending_twice_changes_once(ada: Administrator, student_office: Department) -> None:
    form = ada.form(ada.get(STUDENT_OFFICE), STUDENT_OFFICE)
    assert ada.submit(form).status_code == 200
    again = ada.submit(form)
    assert "Nothing was different" in again.text


def test_one_department_is_always_the_default(
    ada: Administrator, student_office: Department, with_departments: Engine
) -> None:
    default = "/settings/departments/help-desk"
    assert ada.change(default, is_default="").status_code == 422
    assert ada.change(default, archived="1").status_code == 422
    assert ada.change(STUDENT_OFFICE, is_default="1").status_code == 200
    assert not found(with_departments, "help-desk").is_default
    assert found(with_departments, "student-office").is_default


def test_an_archived_department_has_no_chat(ada: Administrator, student_office: Department) -> None:
    ada.change(STUDENT_OFFICE, archived="1", is_default="")
    assert "Ask us" not in ada.get("/chat", params={"desk": student_office.widget_key}).text


# --- logos


def png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("content", "kind"), [(SVG, "image/svg+xml"), (png(), "image/png")])
def test_a_logo_is_served_so_that_it_can_do_nothing(
    ada: Administrator, visitor_page: Visitor, student_office: Department, content: bytes, kind: str
) -> None:
    page = ada.change(STUDENT_OFFICE, files={"logo": ("../../etc/passwd\n.svg", content, "text/html")})
    assert page.status_code == 200
    answer = visitor_page.get("/brand/student-office/logo")
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert (
        visitor_page.get("/brand/student-office/logo", headers={"If-None-Match": answer.headers["etag"]}).status_code
        == 304
    )
    assert "/brand/student-office/logo" in visitor_page.get("/chat", params={"desk": student_office.widget_key}).text


@pytest.mark.parametrize(
    "content",
    [
        b"<html><script>alert(1)</script></html>",
        SVG.replace(b"<rect", b"<script>alert(1)</script><rect"),
        SVG.replace(b"<rect", b'<rect onload="alert(1)"'),
        b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 250_000,
    ],
)
def test_a_hostile_picture_is_refused_and_the_rest_is_kept(
    ada: Administrator, student_office: Department, with_departments: Engine, content: bytes
) -> None:
    page = ada.change(STUDENT_OFFICE, files={"logo": ("logo.png", content, "image/png")}, name="Still typed")
    assert page.status_code == 422
    assert "logo-problem" in page.text
    assert "Still typed" in page.text
    assert found(with_departments, "student-office").logo is None


def test_a_chosen_logo_survives_a_mistake_elsewhere(
    ada: Administrator, student_office: Department, with_departments: Engine
) -> None:
    page = ada.change(STUDENT_OFFICE, files={"logo": ("logo.svg", SVG, "image/svg+xml")}, name="")
    assert page.status_code == 422
    again = ada.form(page, STUDENT_OFFICE)
    assert ada.submit(again, name="Student Office", remove_logo="").status_code == 200
    assert found(with_departments, "student-office").logo is not None


def test_a_removed_logo_comes_back_by_undoing(
    ada: Administrator, student_office: Department, with_departments: Engine
) -> None:
    ada.change(STUDENT_OFFICE, files={"logo": ("logo.svg", SVG, "image/svg+xml")}, remove_logo="")
    page = ada.change(STUDENT_OFFICE, remove_logo="1")
    assert found(with_departments, "student-office").logo is None
    undo = re.search(r'action="(/settings/history/\d+)"', page.text)
    assert undo is not None
    ada.submit(ada.form(page, undo[1]))
    assert found(with_departments, "student-office").logo is not None


@pytest.mark.parametrize(
    "path", ["/brand/nowhere/logo", "/brand/nowhere.css", "/brand/help-desk/logo", f"/brand/logos/{'0' * 64}"]
)
def test_what_is_not_there_is_not_found(visitor_page: Visitor, student_office: Department, path: str) -> None:
    assert visitor_page.get(path).status_code == 404
