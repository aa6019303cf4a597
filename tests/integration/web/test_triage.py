"""On the ticket's page: how it was read, why it is where it is, what may be the same, and clicks that correct it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.departments import service as departments
from helpsage.people import directory
from helpsage.tickets.models import Ticket
from helpsage.triage import twins
from helpsage.triage.models import ReadingLabel, Routing, Twin
from tests.integration.triage.conftest import handle
from tests.integration.web.conftest import Desk
from tests.integration.web.visitor import Visitor

URGENT = "Nobody on our floor can print and students are waiting."


def _handled(desk: Desk, subject: str, text: str, category: str = "printer_problem", **given: object) -> Ticket:
    with Session(desk.engine) as session, session.begin():
        departments.ensure_defaults(session)
    given = {"conversation_id": None, "channel": "email", **given}
    if "requester_id" not in given:
        with Session(desk.engine, expire_on_commit=False) as session, session.begin():
            given["requester_id"] = directory.add(session, "Asha Patel", None).id
    ticket = desk.ticket(subject, description=text, category=category, priority=None, **given)
    desk.change(ticket, handle)
    return desk.now(ticket)


def _labels(desk: Desk) -> dict[str, tuple[str | None, str]]:
    with Session(desk.engine) as session:
        return {label.tag: (label.said, label.right) for label in session.scalars(select(ReadingLabel))}


def test_the_page_says_how_it_was_read_and_which_rule_fired(agent: Visitor, desk: Desk) -> None:
    ticket = _handled(desk, "Printing", URGENT)
    html = agent.get(f"/agent/tickets/{ticket.reference}").text
    for told in ("How it was read", "Why it is here", "Urgent", "urgency: high", "chosen by the person", "own reader"):
        assert told in html


def test_a_click_corrects_it_and_another_takes_that_back(agent: Visitor, desk: Desk) -> None:
    ticket = _handled(desk, "Printing", URGENT)
    page = agent.act(ticket.reference, "reading", topic="hardware_problem", urgency="low", tone="calm")
    assert page.status_code == 200
    assert "corrected" in page.text
    assert desk.now(ticket).category == "hardware_problem"
    assert _labels(desk) == {"topic": ("printer_problem", "hardware_problem"), "urgency": ("high", "low")}
    agent.act(ticket.reference, "reading", withdraw="topic")
    assert desk.now(ticket).category == "printer_problem"
    assert list(_labels(desk)) == ["urgency"]


def test_what_is_no_choice_is_refused(agent: Visitor, desk: Desk) -> None:
    ticket = _handled(desk, "Printing", URGENT)
    assert agent.act(ticket.reference, "reading", tone="furious").status_code == 422
    assert _labels(desk) == {}


def test_a_click_puts_it_back(agent: Visitor, desk: Desk) -> None:
    ticket = _handled(desk, "Printing", URGENT)
    assert desk.now(ticket).priority == "urgent"
    page = agent.act(ticket.reference, "routing/undo")
    assert "Taken back" in page.text
    assert desk.now(ticket).priority != "urgent"
    with Session(desk.engine) as session:
        assert session.get_one(Routing, ticket.id).undone_at is not None


def test_twins_are_offered_linked_and_parted(agent: Visitor, desk: Desk) -> None:
    one = _handled(desk, "Printer", "The printer on the second floor jams with every page.")
    other = _handled(
        desk, "Printer again", "The printer on the second floor jams all the time.", requester_id=one.requester_id
    )
    page = agent.get(f"/agent/tickets/{other.reference}")
    assert one.reference in page.text
    agent.act(other.reference, "twins", other=one.reference, do="link")
    assert "linked it with" in agent.get(f"/agent/tickets/{one.reference}").text
    agent.act(one.reference, "twins", other=other.reference, do="part")
    with Session(desk.engine) as session:
        assert [twin.state for twin in session.scalars(select(Twin))] == ["dismissed"]
        assert twins.of_ticket(session, session.get_one(Ticket, one.id)) == []


def test_a_twin_that_is_not_there_is_told(agent: Visitor, desk: Desk) -> None:
    ticket = _handled(desk, "Printing", URGENT)
    here = f"/agent/tickets/{ticket.reference}"
    sent = agent.form(agent.get(here), f"{here}/reading").values
    page = agent.post(f"{here}/twins", data={**sent, "other": "HS-999999", "do": "link"})
    assert (page.status_code, "There is no ticket HS-999999" in page.text) == (422, True)
