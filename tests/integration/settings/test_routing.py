"""The table of rules: made, ordered, tried on last month's tickets, and undone."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.configuration.documents import ROUTING
from helpsage.people import directory
from helpsage.tickets import service
from helpsage.tickets.actor import Actor
from helpsage.tickets.service import NewTicket
from helpsage.triage.models import ReadingRow
from tests.integration.settings.conftest import Administrator

PAGE = "/settings/routing"


def _keys(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return [rule["key"] for rule in ROUTING.read(session)["rules"]]


def read_ticket(engine: Engine, urgency: str, tone: str) -> str:
    """A ticket with a reading of this kind."""
    with Session(engine) as session, session.begin():
        person = directory.add(session, "Asha Patel", None)
        new = NewTicket("Printer", "It jams.", "printer_problem", "email", requester_id=person.id)
        ticket = service.open_ticket(session, new, Actor("requester"))
        values = {"topic": "printer_problem", "urgency": urgency, "tone": tone, "language": "en"}
        sure = {f"{tag}_confidence": 1.0 for tag in values}
        session.add(ReadingRow(ticket_id=ticket.id, at=clock.now(), reader="local", **values, **sure))
        return ticket.reference


def test_a_rule_is_made_on_top_changed_and_removed(ada: Administrator, with_departments: Engine) -> None:
    page = ada.change(f"{PAGE}/new", title="Angry ones", active="1", tone="angry", move="senior", alert="leads")
    assert page.status_code == 200
    assert _keys(with_departments)[0] == "angry_ones"
    ada.change(f"{PAGE}/angry_ones", title="Very angry ones")
    assert "Very angry ones" in ada.get(PAGE).text
    ada.change(f"{PAGE}/angry_ones", f"{PAGE}/angry_ones/remove")
    assert "angry_ones" not in _keys(with_departments)


def test_rules_move_up_and_down_and_to_a_place(ada: Administrator, with_departments: Engine) -> None:
    before = _keys(with_departments)
    ada.change(PAGE, f"{PAGE}/{before[0]}/move", to="down")
    assert _keys(with_departments) == [before[1], before[0], *before[2:]]
    ada.change(PAGE, f"{PAGE}/{before[-1]}/move", place="1")
    assert _keys(with_departments)[0] == before[-1]


def test_a_place_that_there_is_not_moves_to_the_end_or_not_at_all(ada: Administrator, with_departments: Engine) -> None:
    before = _keys(with_departments)
    ada.change(PAGE, f"{PAGE}/{before[0]}/move", place="second")
    assert _keys(with_departments) == before
    ada.change(PAGE, f"{PAGE}/{before[0]}/move", place="999")
    assert _keys(with_departments) == [*before[1:], before[0]]


def test_what_cannot_be_used_is_said_beside_the_field_and_nothing_typed_is_lost(ada: Administrator) -> None:
    page = ada.change(f"{PAGE}/new", title="", move="queue", team="nobody", language="klingon")
    assert page.status_code == 422
    assert "title-problem" in page.text
    assert "team-problem" in page.text
    assert "klingon" in page.text


def test_a_dry_run_shows_what_would_change_and_changes_nothing(ada: Administrator, with_departments: Engine) -> None:
    calm, angry = (read_ticket(with_departments, "medium", tone) for tone in ("calm", "angry"))
    before = _keys(with_departments)
    page = ada.change(f"{PAGE}/new", title="Angry ones", active="1", tone="angry", move="senior", do="try")
    assert "<b>1</b> of 2 tickets" in page.text
    assert angry in page.text
    assert calm not in page.text
    assert _keys(with_departments) == before


def test_a_change_can_be_undone(ada: Administrator, with_departments: Engine) -> None:
    before = _keys(with_departments)
    page = ada.change(PAGE, f"{PAGE}/{before[0]}/move", to="down")
    ada.submit(
        ada.form(
            page, next(f.action for f in [ada.form(page, a) for a in _actions(page.text)] if "history" in f.action)
        )
    )
    assert _keys(with_departments) == before


def _actions(html: str) -> list[str]:
    return [part.split('"')[0] for part in html.split('action="')[1:] if part.startswith("/settings/history")]


def test_the_readers_page_tells_who_reads(ada: Administrator) -> None:
    page = ada.get("/settings/reader")
    assert "own reader, without any network" in page.text
    assert "As it came" in page.text
