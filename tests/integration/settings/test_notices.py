"""Words and places of notices are changed on the pages, tried, and undone."""

from __future__ import annotations

import re

import httpx
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.notify import templates
from helpsage.notify.models import Notice, Target
from helpsage.tickets import service
from helpsage.tickets.service import Actor, NewTicket
from tests.integration.settings.conftest import Administrator

WORDS = "/settings/notices/words/ticket_replied"
NEW = "/settings/notices/targets/new"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#desk"


def send(ada: Administrator, page: str, values: dict[str, object]) -> httpx.Response:
    """The form of a place, which has a field called `address`."""
    form = ada.form(ada.get(page), page)
    return ada.post(form.action, data={**form.values, **values})


def undo(ada: Administrator, page: httpx.Response) -> None:
    """Press the button that takes the last change back."""
    found = re.search(r'action="(/settings/history/\d+)"', page.text)
    assert found is not None
    form = ada.form(page, found[1])
    ada.post(form.action, data=form.values)


def edited(engine: Engine) -> templates.Template | None:
    with Session(engine) as session:
        return templates.edited(session, "ticket_replied")


def test_words_are_changed_shown_and_undone(ada: Administrator, with_departments: Engine) -> None:
    page = ada.change(WORDS, text="Ahoy {{ person.name }}!\n\n{{ words }}\n")
    assert page.status_code == 200
    assert "Ahoy Asha Patel!" in page.text
    kept = edited(with_departments)
    assert kept is not None
    assert kept.text.startswith("Ahoy")
    undo(ada, page)
    assert edited(with_departments) is None


def test_a_preview_changes_nothing(ada: Administrator, with_departments: Engine) -> None:
    page = ada.change(WORDS, text="Tried {{ who }}\n\n{{ words }}", then="text")
    assert "Tried Priya Raman" in page.text
    letter = ada.change(WORDS, text="**Tried** {{ who }}\n\n{{ words }}", then="letter")
    assert "<b>Tried</b> Priya Raman" in letter.text
    assert "sandbox" in letter.headers["Content-Security-Policy"]
    assert edited(with_departments) is None


@pytest.mark.parametrize("then", ["", "text", "letter"])
@pytest.mark.parametrize("text", ["{{ words", "no words", "{{ words.__class__ }}"])
def test_words_that_cannot_be_used_are_refused_and_kept_in_the_form(
    ada: Administrator, with_departments: Engine, text: str, then: str
) -> None:
    page = ada.change(WORDS, text=text, then=then)
    assert page.status_code == (200 if then else 422)
    assert 'id="text-problem"' in page.text
    assert text.replace("<", "&lt;") in page.text
    assert edited(with_departments) is None


def test_the_shipped_words_come_back(ada: Administrator, with_departments: Engine) -> None:
    ada.change(WORDS, text="Ahoy!\n\n{{ words }}\n")
    ada.change(WORDS, f"{WORDS}/shipped")
    assert edited(with_departments) is None


def test_two_who_change_the_same_words(ada: Administrator) -> None:
    form = ada.form(ada.get(WORDS), WORDS)
    ada.change(WORDS, subject="First")
    late = ada.post(WORDS, data={**form.values, "subject": "Second"})
    assert late.status_code == 409
    assert "Second" in late.text


def test_a_place_is_made_its_address_never_shown_again_and_removed(
    ada: Administrator, with_departments: Engine
) -> None:
    page = send(ada, NEW, {"name": "Desk channel", "address": SLACK, "owner": "", "events": ["alerted", "team"]})
    assert page.status_code == 200
    assert "Desk channel" in page.text
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in page.text
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in ada.get("/settings/history").text
    place = page.url.path
    send(ada, place, {"name": "Another name", "address": "", "events": ["alerted"]})
    with Session(with_departments) as session:
        kept = session.scalars(select(Target)).one()
        assert (kept.name, kept.events, kept.service) == ("Another name", ["alerted"], "slack")
    gone = ada.change(place, f"{place}/remove")
    assert "None yet" in gone.text
    assert ada.get(place).status_code == 404
    undo(ada, gone)
    assert ada.get(place).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"address": "json://127.0.0.1/"}, "address"),
        ({"address": ""}, "address"),
        ({"name": ""}, "name"),
        ({"owner": "team:00000000-0000-0000-0000-000000000000"}, "owner"),
        ({"events": []}, "events"),
        ({"events": ["nonsense"]}, "events"),
    ],
)
def test_places_that_cannot_be(ada: Administrator, changes: dict[str, object], field: str) -> None:
    page = send(ada, NEW, {"name": "x", "address": SLACK, "owner": "", "events": ["team"], **changes})
    assert page.status_code == 422
    assert f'id="{field}-problem"' in page.text


def test_a_place_that_fails_says_so_without_its_secret(ada: Administrator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.get(), "notice_hosts", ["127.0.0.1"])
    address = "json://user:hush-hush@127.0.0.1:9/path"
    page = send(ada, NEW, {"name": "Nobody", "address": address, "owner": "", "events": ["team"]})
    tried = ada.change(page.url.path, f"{page.url.path}/test")
    assert "It was not taken" in tried.text
    assert "hush-hush" not in tried.text


def test_words_that_fell_back_are_told(ada: Administrator, with_departments: Engine) -> None:
    with Session(with_departments) as session, session.begin():
        new = NewTicket("Printer", "It jams.", "printer_problem", "web", requester_name="Asha")
        ticket = service.open_ticket(session, new, Actor("requester", "Asha"))
        session.add(
            Notice(
                event_id=1, person_id=ticket.requester_id, ticket_id=ticket.id, event="replied",
                template="ticket_replied", because="requester", fell_back="There is no value gone.",
            )
        )  # fmt: skip
    assert "There is no value gone." in ada.get("/settings/notices").text
