"""The agents' queue: filters, search, and pages that stay right while tickets move."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from helpsage.people import accounts
from helpsage.tickets import service
from helpsage.tickets.models import Status, Ticket
from helpsage.tickets.queue import InvalidCursor
from helpsage.tickets.service import Filters
from tests.integration.tickets.conftest import AGENT, REQUESTER, new_ticket


@pytest.fixture
def seven(session: Session) -> list[Ticket]:
    return [
        service.open_ticket(session, new_ticket(subject=f"Problem {number}", description="jams"), REQUESTER)
        for number in range(7)
    ]


def references(session: Session, filters: Filters | None = None) -> list[str]:
    return [ticket.reference for ticket in service.queue(session, filters, None, 50).tickets]


def test_last_changed_first(session: Session, seven: list[Ticket]) -> None:
    service.note(session, seven[3], "look", AGENT)
    assert references(session)[:2] == [seven[3].reference, seven[6].reference]


def test_pages_show_everything_once(session: Session, seven: list[Ticket]) -> None:
    service.close(session, seven[2], AGENT)
    seen, cursor = [], None
    while True:
        page = service.queue(session, None, cursor, 3)
        seen += page.tickets
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [seven[2], seven[6], seven[5], seven[4], seven[3], seven[1], seven[0]]


def test_page_that_ends_exactly_has_no_next(session: Session, seven: list[Ticket]) -> None:
    assert service.queue(session, None, None, 7).next_cursor is None
    assert service.queue(session, None, None, 6).next_cursor is not None


def test_rows_that_move_neither_repeat_others_nor_push_them_out(session: Session, seven: list[Ticket]) -> None:
    first = service.queue(session, None, None, 3)
    service.note(session, seven[0], "moves to the top", AGENT)
    service.open_ticket(session, new_ticket(), REQUESTER)
    service.close(session, seven[5], AGENT)
    second = service.queue(session, None, first.next_cursor, 10)
    assert second.tickets == [seven[3], seven[2], seven[1]]


def test_status_filter_and_counts(session: Session, seven: list[Ticket]) -> None:
    service.close(session, seven[0], AGENT)
    service.escalate(session, seven[1], AGENT)
    page = service.queue(session, Filters(statuses=[Status.CLOSED, "escalated"]), None, 50)
    assert page.tickets == [seven[1], seven[0]]
    assert {status: count for status, count in page.counts.items() if count} == {
        Status.OPEN: 5,
        Status.ESCALATED: 1,
        Status.CLOSED: 1,
    }


def test_other_filters(session: Session, seven: list[Ticket]) -> None:
    account = accounts.create(session, "priya@example.org", "Priya", "correct horse", "agent")
    vpn = service.open_ticket(session, new_ticket(category="vpn_problem", urgency="urgent"), REQUESTER)
    service.assign(session, vpn, account.id, AGENT)
    assert references(session, Filters(category="vpn_problem")) == [vpn.reference]
    assert references(session, Filters(priorities=["urgent", "high"])) == [vpn.reference]
    assert references(session, Filters(assignee_id=account.id)) == [vpn.reference]
    assert len(references(session, Filters(unassigned=True))) == 7
    assert service.queue(session, Filters(category="vpn_problem")).counts[Status.OPEN] == 1


@pytest.mark.parametrize("words", ["scanner", "SCAN", "scan broken", "0x80070005", "büro", "ada's"])
def test_search_finds_beginnings_of_words(session: Session, seven: list[Ticket], words: str) -> None:
    wanted = service.open_ticket(
        session, new_ticket(subject="Scanner", description="broken in the Büro, code 0x80070005, Ada's desk"), REQUESTER
    )
    assert references(session, Filters(text=words)) == [wanted.reference]


def test_search_by_reference(session: Session, seven: list[Ticket]) -> None:
    assert references(session, Filters(text=f"hs {seven[2].number}")) == [seven[2].reference]


@pytest.mark.parametrize("hostile", ["'", "':*", "!", "a & | b", "\\", "<->", "x" * 5_000, "'); drop table ticket; --"])
def test_search_survives_anything(session: Session, seven: list[Ticket], hostile: str) -> None:
    assert references(session, Filters(text=hostile)) == []


@pytest.mark.parametrize("cursor", ["x", "bm90IGpzb24=", "W10=", "é", "WyIyMDI2LTAxLTAxIiwgIngiXQ=="])
def test_foreign_cursor(session: Session, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        service.queue(session, None, cursor)
