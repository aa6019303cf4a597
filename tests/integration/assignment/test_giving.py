"""Round robin: to whoever is there, has room, knows the subject, and had the least for the longest."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.assignment import giving, presence
from helpsage.events.models import OutboxEvent
from helpsage.tickets import service, taking
from helpsage.tickets.models import Change, Status, Ticket
from helpsage.tickets.service import Actor
from helpsage.triage.models import ReadingRow
from tests.integration.assignment.conftest import Desk, make_desk

AGENT = Actor("agent", "Priya")


def give(desk: Desk, times: int = 1) -> list[str | None]:
    """Who gets the next tickets."""
    given = [giving.give_next(desk.session, desk.team.id) for _ in range(times)]
    return [desk.name(ticket.assignee_id) if ticket is not None else None for ticket in given]


def test_they_take_turns(desk: Desk) -> None:
    for name in ("ada", "bo", "cy"):
        desk.agent(name)
    for _ in range(6):
        desk.ticket()
    turns = give(desk, 6)
    assert Counter(turns) == {"ada": 2, "bo": 2, "cy": 2}
    assert turns[:3] == turns[3:]


def test_whoever_takes_more_gets_more(desk: Desk) -> None:
    desk.agent("ada", capacity=8)
    desk.agent("bo", capacity=2)
    for _ in range(5):
        desk.ticket()
    assert Counter(give(desk, 5)) == {"ada": 4, "bo": 1}


def test_nobody_gets_more_than_they_take(desk: Desk) -> None:
    desk.agent("ada", capacity=2)
    for _ in range(3):
        desk.ticket()
    assert give(desk, 3) == ["ada", "ada", None]


def test_what_waits_for_its_requester_takes_no_room(desk: Desk) -> None:
    desk.agent("ada", capacity=1)
    first, second = desk.ticket(), desk.ticket()
    give(desk)
    had = first if desk.with_whom(first) else second
    service.change_status(desk.session, had, Status.WAITING, AGENT)
    assert give(desk) == ["ada"]


@pytest.mark.parametrize(
    "gone",
    ["seen long ago", "away", "disabled", "takes none", "logged out"],
)
def test_nobody_who_is_not_there_is_given_one(desk: Desk, gone: str) -> None:
    ada = desk.agent("ada", clock.now() - timedelta(hours=2) if gone == "seen long ago" else None)
    if gone == "away":
        presence.go_away(desk.session, ada.id)
    elif gone == "disabled":
        ada.disabled_at = clock.now()
    elif gone == "takes none":
        desk.session.execute(giving.Availability.__table__.update().values(capacity=0))
    elif gone == "logged out":
        desk.session.execute(presence.LoginSession.__table__.update().values(revoked_at=clock.now()))
    desk.ticket()
    assert give(desk) == [None]


def test_whoever_said_when_they_are_back_is_back_then(desk: Desk) -> None:
    ada = desk.agent("ada")
    presence.go_away(desk.session, ada.id, clock.now() + timedelta(minutes=5))
    desk.ticket()
    assert give(desk) == [None]
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        assert give(desk) == ["ada"]


@pytest.mark.parametrize(
    ("skills", "expected"),
    [
        ({"categories": ["printer_problem"]}, "ada"),
        ({"categories": ["double_charge"]}, None),
        ({"languages": ["de"]}, None),
        ({"languages": ["de", "en"]}, "ada"),
    ],
    ids=["the category", "another category", "another language", "the language"],
)
def test_only_who_knows_the_subject(desk: Desk, skills: dict[str, Any], expected: str | None) -> None:
    desk.agent("ada", **skills)
    desk.ticket(category="printer_problem")
    assert give(desk) == [expected]


def test_one_that_nobody_here_knows_holds_up_none(desk: Desk) -> None:
    desk.agent("ada", languages=["en"])
    stuck = desk.ticket(priority="urgent")
    stuck.requester.locale = "fr"
    desk.session.flush()
    desk.ticket()
    assert give(desk) == ["ada"]
    assert desk.with_whom(stuck) is None


def _read_as(desk: Desk, ticket: Ticket, language: str | None, confidence: float) -> None:
    """What the reader said of its language."""
    judged = {f"{tag}_confidence": 0.9 for tag in ("topic", "urgency", "tone")}
    desk.session.add(
        ReadingRow(
            ticket_id=ticket.id, at=clock.now(), reader="local", topic=None, urgency="medium", tone="calm",
            language=language, language_confidence=confidence, **judged,
        )
    )  # fmt: skip
    desk.session.flush()


@pytest.mark.parametrize(
    ("locale", "language", "confidence", "expected"),
    [
        ("en", "de", 0.9, "dora"),
        ("de", "en", 0.9, "ada"),
        ("en", "de", 0.62, "ada"),
        ("de", None, 0.2, "dora"),
        ("fr", "fr", 0.9, None),
    ],
    ids=["German of an English page", "English of a German page", "hardly sure", "unsure", "nobody's language"],
)
def test_the_language_it_is_written_in_counts_where_that_is_sure(
    desk: Desk, locale: str, language: str | None, confidence: float, expected: str | None
) -> None:
    desk.agent("ada", languages=["en"])
    desk.agent("dora", languages=["de"])
    ticket = desk.ticket()
    ticket.requester.locale = locale
    _read_as(desk, ticket, language, confidence)
    assert give(desk) == [expected]


def test_the_most_urgent_first_and_of_those_what_is_due_first(desk: Desk) -> None:
    desk.agent("ada")
    with clock.frozen(clock.now() - timedelta(hours=1)):
        low, older = desk.ticket(priority="low"), desk.ticket()
    newer, urgent = desk.ticket(), desk.ticket(priority="urgent")
    order = [giving.give_next(desk.session, desk.team.id) for _ in range(4)]
    assert order == [urgent, older, newer, low]


def test_it_is_logged_with_its_reason_and_told(desk: Desk) -> None:
    desk.agent("ada", capacity=3)
    ticket = desk.ticket()
    give(desk)
    line = desk.session.scalars(select(Change).where(Change.ticket_id == ticket.id, Change.action == "assigned")).one()
    assert (line.actor_kind, line.reason) == ("system", "round robin: Ada had 0 of 3")
    event = desk.session.scalars(
        select(OutboxEvent).where(OutboxEvent.subject_id == ticket.id, OutboxEvent.kind == "ticket.assigned")
    ).one()
    assert event.payload["to"] == str(desk.agents["ada"].id)


def test_a_new_ticket_is_left_alone_while_it_is_being_sorted(desk: Desk) -> None:
    desk.agent("ada")
    desk.ticket()
    assert giving.give_next(desk.session, desk.team.id, timedelta(seconds=10)) is None
    with clock.frozen(clock.now() + timedelta(seconds=11)):
        assert giving.give_next(desk.session, desk.team.id, timedelta(seconds=10)) is not None


def test_only_teams_that_give_are_looked_at(desk: Desk) -> None:
    desk.ticket()
    assert giving.teams_that_give(desk.session) == [desk.team.id]
    desk.team.assignment = "pull"
    desk.session.flush()
    assert giving.teams_that_give(desk.session) == []


def test_what_is_given_by_hand_is_not_taken(desk: Desk) -> None:
    ada = desk.agent("ada")
    desk.ticket()
    desk.team.assignment = "manual"
    desk.session.flush()
    assert taking.take_next(desk.session, Ticket.team_id == desk.team.id, ada.id, AGENT, "k1") is None
    desk.team.assignment = "pull"
    desk.session.flush()
    assert taking.take_next(desk.session, Ticket.team_id == desk.team.id, ada.id, AGENT, "k2") is not None


# --- two at once


def at_once(engine: Engine, team_id: Any, workers: int, each: int) -> None:
    """So many workers give so many tickets at the same time."""
    ready = threading.Barrier(workers)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            ready.wait(30)
            for _ in range(each):
                with Session(engine) as session, session.begin():
                    giving.give_next(session, team_id)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


def test_two_workers_give_each_ticket_once_and_nobody_too_many(clean_database: Engine) -> None:
    with Session(clean_database, expire_on_commit=False) as session, session.begin():
        desk = make_desk(session)
        for name in ("ada", "bo"):
            desk.agent(name, capacity=4)
        for _ in range(12):
            desk.ticket()
    at_once(clean_database, desk.team.id, workers=4, each=6)
    with Session(clean_database) as session:
        given = Counter(desk.name(account) for account in session.scalars(select(Ticket.assignee_id)))
        lines = session.scalars(select(Change.ticket_id).where(Change.action == "assigned")).all()
    assert given == {"ada": 4, "bo": 4, None: 4}
    assert len(lines) == len(set(lines)) == 8


def test_a_ticket_that_somebody_is_just_taking_is_passed_over(clean_database: Engine) -> None:
    with Session(clean_database, expire_on_commit=False) as session, session.begin():
        desk = make_desk(session)
        ada = desk.agent("ada")
        ticket = desk.ticket()
    with Session(clean_database) as one, one.begin(), Session(clean_database) as other, other.begin():
        service.assign(one, service.by_id(one, ticket.id), ada.id, AGENT)
        assert giving.give_next(other, desk.team.id) is None
