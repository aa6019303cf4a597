"""Departments, teams, and the place where a ticket belongs."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.conversations import service as conversations
from helpsage.departments import service
from helpsage.departments.models import Department, Team
from helpsage.tickets import categories
from helpsage.tickets import service as tickets
from helpsage.tickets.service import Actor, NewTicket


@pytest.fixture
def default(session: Session) -> Department:
    return service.ensure_defaults(session)


@pytest.fixture
def student_office(session: Session, default: Department) -> Department:
    made = Department(key="student-office", name="Student Office", widget_key="student-desk-1")
    session.add(made)
    session.flush()
    return made


def add_team(session: Session, department: Department, name: str, key: str) -> Team:
    made = Team(department_id=department.id, name=name, key=key)
    session.add(made)
    session.flush()
    return made


def test_an_empty_installation_gets_a_default_and_every_named_team(session: Session, default: Department) -> None:
    named = {category.team for category in categories.load().values()}
    assert default.is_default
    assert {team.key for team in service.teams(session, default.id)} == named
    assert service.ensure_defaults(session) is default


def test_two_programs_that_start_at_once_make_one_default(clean_database: Engine) -> None:
    together = threading.Barrier(2)

    def start() -> None:
        with Session(clean_database) as own, own.begin():
            together.wait(10)
            service.ensure_defaults(own)

    starters = [threading.Thread(target=start) for _ in range(2)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(60)
    with Session(clean_database) as session:
        assert session.scalar(select(func.count()).select_from(Department)) == 1


def test_only_one_department_is_the_default(session: Session, default: Department) -> None:
    session.add(Department(key="other", name="Other", widget_key="other-desk", is_default=True))
    with pytest.raises(IntegrityError):
        session.flush()


def test_without_departments_a_ticket_has_no_place(session: Session) -> None:
    assert service.place(session, "wifi_problem") == (None, None)


def test_a_category_leads_to_its_team(session: Session, default: Department) -> None:
    department_id, team_id = service.place(session, "wifi_problem")
    assert department_id == default.id
    assert team_id is not None
    assert service.team(session, team_id).key == "network team"  # type: ignore[union-attr]


def test_a_team_that_moved_takes_its_categories_with_it(session: Session, student_office: Department) -> None:
    library = next(team for team in service.teams(session) if team.key == "library")
    library.department_id = student_office.id
    session.flush()
    assert service.place(session, "library_problem") == (student_office.id, library.id)


def test_a_departments_chat_keeps_its_tickets(session: Session, student_office: Department) -> None:
    assert service.place(session, "wifi_problem", "student-desk-1") == (student_office.id, None)
    own = add_team(session, student_office, "Network team", "network team (student-office)")
    assert service.place(session, "wifi_problem", "student-desk-1") == (student_office.id, own.id)


@pytest.mark.parametrize("widget_key", [None, "", "unknown-key"])
def test_an_unknown_chat_key_is_like_none(session: Session, default: Department, widget_key: str | None) -> None:
    assert service.place(session, "no_such_category", widget_key) == (default.id, None)


def test_what_is_archived_gets_nothing_new(session: Session, student_office: Department, default: Department) -> None:
    network = next(team for team in service.teams(session) if team.key == "network team")
    network.archived_at = clock.now()
    student_office.archived_at = clock.now()
    session.flush()
    assert service.place(session, "wifi_problem", "student-desk-1") == (default.id, None)
    assert service.by_widget_key(session, "student-desk-1") is None
    assert student_office not in service.departments(session)
    assert student_office in service.departments(session, archived=True)


def test_a_new_ticket_is_placed(session: Session, student_office: Department, default: Department) -> None:
    new = NewTicket(subject="", description="No Wi-Fi", category="wifi_problem", channel="portal")
    ticket = tickets.open_ticket(session, new, Actor("requester"))
    assert ticket.department_id == default.id
    assert ticket.team_id is not None


def test_a_ticket_of_a_departments_chat_lands_with_it(session: Session, student_office: Department) -> None:
    chat = conversations.ensure(session, f"web:{uuid4()}", "webchat")
    chat.department_id = student_office.id
    new = NewTicket(
        subject="", description="No Wi-Fi", category="wifi_problem", channel="webchat", conversation_id=chat.id
    )
    assert tickets.open_ticket(session, new, Actor("requester")).department_id == student_office.id
