"""The local outbox: administrators read what was written while no mail server is configured."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import mail
from helpsage.mail.models import Mail, State
from helpsage.people.models import Account, Role
from helpsage.web.accounts import words
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor


@pytest.fixture
def administrator(visitor: Visitor, make: Callable[..., Account]) -> Visitor:
    make("boss@desk.example", "The Boss", Role.ADMINISTRATOR)
    visitor.log_in("boss@desk.example", PASSWORD)
    return visitor


def write(engine: Engine, subject: str = "Hello", text: str = "A few words.", state: State = State.KEPT) -> Mail:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        letter = mail.send(session, "asha@student.example", subject, text)
        letter.state = state.value
        return letter


def test_listed_and_read(administrator: Visitor, database: Engine) -> None:
    letter = write(database, text="Open http://127.0.0.1/reset?token=abc now.")
    page = administrator.get("/agent/mail")
    assert "asha@student.example" in page.text
    assert words.MAIL_STATES["kept"] in page.text
    page = administrator.get(f"/agent/mail/{letter.id}")
    assert 'href="http://127.0.0.1/reset?token=abc"' in page.text


def test_nothing_yet(administrator: Visitor) -> None:
    assert "No letters here yet" in administrator.get("/agent/mail").text


def test_by_state(administrator: Visitor, database: Engine) -> None:
    write(database, "Kept one")
    write(database, "Sent one", state=State.SENT)
    page = administrator.get("/agent/mail?state=sent").text
    assert "Sent one" in page
    assert "Kept one" not in page
    assert "Kept one" in administrator.get("/agent/mail?state=nonsense").text


def test_pages_follow_each_other(administrator: Visitor, database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpsage.web.accounts.mailbox.PAGE_SIZE", 2)
    for number in range(3):
        write(database, f"Letter {number}")
    first = administrator.get("/agent/mail").text
    assert "Letter 0" not in first
    import re

    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    second = administrator.get(older.group(1).replace("&amp;", "&")).text
    assert "Letter 0" in second
    assert "Letter 2" not in second


@pytest.mark.parametrize("cursor", ["x", "W10=", "é", "bnVsbA=="])
def test_a_torn_cursor(administrator: Visitor, cursor: str) -> None:
    assert administrator.get(f"/agent/mail?after={cursor}").status_code == 400


def test_sent_again(administrator: Visitor, database: Engine) -> None:
    letter = write(database, state=State.FAILED)
    page = administrator.get(f"/agent/mail/{letter.id}")
    page = administrator.submit(administrator.form(page, f"/agent/mail/{letter.id}/send"))
    assert words.DONE["sent-again"] in page.text
    with Session(database) as session:
        assert session.get_one(Mail, letter.id).state == State.WAITING


def test_html_in_a_letter_is_text(administrator: Visitor, database: Engine) -> None:
    letter = write(database, "<b>Hello</b>", "<script>alert(1)</script> javascript:alert(1)")
    for path in ("/agent/mail", f"/agent/mail/{letter.id}"):
        page = administrator.get(path).text
        assert "<b>Hello" not in page
        assert "<script>alert" not in page
        assert 'href="javascript' not in page


def test_no_such_letter(administrator: Visitor) -> None:
    assert administrator.get(f"/agent/mail/{uuid4()}").status_code == 404
    assert administrator.get("/agent/mail/nonsense").status_code == 400
