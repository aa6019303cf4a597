"""My tickets: mine alone, narrowed by status, priority, day and words, page by page; told when they change."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from helpsage import clock
from helpsage.people.models import Role
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.web.live import ANY, PERSON
from helpsage.web.portal import words
from helpsage.web.portal.tickets import PAGE_SIZE
from tests.integration.portal.conftest import PRIYA, Browser, Desk


def shown(page: httpx.Response) -> list[str]:
    """Subjects on the page."""
    return re.findall(r'<h2><a href="/my/tickets/[^"]*"><bdi>(.*?)</bdi>', page.text)


def test_who_may_not_see_a_page_is_led_to_their_own(asha: Browser, enter: Callable[..., Browser]) -> None:
    refused = asha.get("/agent")
    assert refused.status_code == 403
    assert '<a class="btn btn-primary" href="/my">' in refused.text
    lost = enter("priya@uni.example", "Priya Raman", Role.AGENT).get("/agent/tickets/HS-9")
    assert lost.status_code == 404
    assert '<a class="btn btn-primary" href="/agent">' in lost.text


def test_only_mine_are_shown(asha: Browser, mallory: Browser, desk: Desk) -> None:
    desk.ticket(asha, "Mine")
    desk.ticket(mallory, "Not mine")
    assert shown(asha.get("/my")) == ["Mine"]
    assert shown(asha.get("/my", params={"q": "Not mine"})) == []


def test_an_empty_list_says_what_to_do(asha: Browser, desk: Desk) -> None:
    page = asha.get("/my").text
    assert "Nothing yet" in page
    assert "filters" not in page
    desk.ticket(asha)
    assert "None of your 1 tickets fits this filter" in asha.get("/my", params={"q": "nothing like it"}).text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"status": "active"}, ["Waits", "Open"]),
        ({"status": "finished"}, ["Closed"]),
        ({"status": "waiting"}, ["Waits"]),
        ({"status": "nonsense"}, ["Waits", "Closed", "Open"]),
        ({"priority": "urgent"}, ["Closed"]),
        ({"status": "finished", "priority": "low"}, []),
    ],
)
def test_status_and_priority_narrow_it(asha: Browser, desk: Desk, asked: dict[str, str], found: list[str]) -> None:
    desk.ticket(asha, "Open", priority="low")
    desk.change(
        desk.ticket(asha, "Closed", priority="urgent"), lambda session, found: service.close(session, found, PRIYA)
    )
    desk.reply(desk.ticket(asha, "Waits", priority="normal"), "Which?", "waiting")
    assert shown(asha.get("/my", params=asked)) == found


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-03-02", "", ["Third", "Second"]),
        ("", "2026-03-02", ["Second", "First"]),
        ("2026-03-02", "2026-03-02", ["Second"]),
        ("9999-12-31", "", []),
        ("", "9999-12-31", ["Third", "Second", "First"]),
        ("0001-01-01", "0001-01-01", []),
    ],
)
def test_days_narrow_it_both_ends_included(asha: Browser, desk: Desk, since: str, until: str, found: list[str]) -> None:
    for day, subject in enumerate(("First", "Second", "Third"), start=1):
        with clock.frozen(datetime(2026, 3, day, 23, 59, tzinfo=UTC)):
            desk.ticket(asha, subject)
    assert shown(asha.get("/my", params={"from": since, "to": until})) == found


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("31.3.2026", "", words.NO_FILTER_DAY),
        ("", "2026-02-30", words.NO_FILTER_DAY),
        ("2026-03-02", "2026-03-01", words.DAYS_TURNED),
    ],
)
def test_a_day_that_is_none_is_said_and_kept(asha: Browser, desk: Desk, since: str, until: str, told: str) -> None:
    desk.ticket(asha)
    page = asha.get("/my", params={"from": since, "to": until})
    assert page.status_code == 422
    assert told in page.text
    assert f'name="from" type="date" value="{since}"' in page.text


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("printer", ["Printer jams"]),
        ("JAMS page", ["Printer jams"]),
        ("toner", ["Printer jams"]),
        ("secret", []),
        ("100%", ["100% of_it"]),
        ("of_it", ["100% of_it"]),
        ("%", ["100% of_it"]),
        ("'; drop table ticket; --", []),
    ],
)
def test_words_are_found_in_what_i_may_read(asha: Browser, desk: Desk, typed: str, found: list[str]) -> None:
    desk.ticket(asha, "100% of_it", description="something else")
    ticket = desk.ticket(asha, "Printer jams")
    desk.reply(ticket, "It wants toner.")
    desk.change(ticket, lambda session, one: service.note(session, one, "secret words", PRIYA))
    assert shown(asha.get("/my", params={"q": typed})) == found


def test_a_reference_finds_its_ticket(asha: Browser, mallory: Browser, desk: Desk) -> None:
    mine, theirs = desk.ticket(asha), desk.ticket(mallory)
    assert shown(asha.get("/my", params={"q": f"hs {mine.number}"})) == ["Printer jams"]
    assert shown(asha.get("/my", params={"q": theirs.reference})) == []


def test_pages_hold_every_ticket_once_while_they_change(asha: Browser, desk: Desk) -> None:
    began = clock.now() - timedelta(days=1)
    tickets = []
    for number in range(PAGE_SIZE * 2 + 3):
        with clock.frozen(began + timedelta(minutes=number)):
            tickets.append(desk.ticket(asha, f"Number {number}"))
    page = asha.get("/my")
    seen = shown(page)
    desk.reply(tickets[0], "This one goes to the top.")
    while older := re.search(r'href="([^"]*)" rel="next"', page.text):
        page = asha.get(older[1].replace("&amp;", "&"))
        seen += shown(page)
    assert seen == [f"Number {number}" for number in range(PAGE_SIZE * 2 + 2, 0, -1)]
    assert asha.get("/my", params={"after": "bm9uc2Vuc2U"}).status_code == 200


def listen(browser: Browser, address: str, then: Callable[[], None]) -> str:
    """Do something while the stream is open; returns what it told first."""
    with browser.stream("GET", address, headers={"accept": "text/event-stream"}) as stream:
        assert stream.status_code == 200
        doing = threading.Timer(0, then)
        for line in stream.iter_lines():
            if line == "event: ready":
                doing.start()
            if line.startswith("data:") and doing.ident is not None and "what" in line:
                doing.join()
                return str(json.loads(line.removeprefix("data:"))["what"])
    raise AssertionError("the stream ended")


def told_of(ticket: Ticket) -> tuple[str, ...]:
    """What a page of the ticket's requester may be told when something was said on it."""
    return str(ticket.id), f"{PERSON}{ticket.requester_id}", ANY


def test_a_ticket_and_the_list_are_told_of_an_answer(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    for address in (f"/my/live?ticket={ticket.reference}", "/my/live"):
        assert listen(asha, address, lambda: desk.reply(ticket, "News.")) in told_of(ticket)


def test_nobody_hears_of_anothers_ticket(asha: Browser, mallory: Browser, desk: Desk) -> None:
    ticket, own = desk.ticket(asha), desk.ticket(mallory)
    assert mallory.get(f"/my/live?ticket={ticket.reference}").status_code == 404

    def both() -> None:
        desk.reply(ticket, "News for her.")
        desk.reply(own, "News for you.")

    assert listen(mallory, "/my/live", both) in told_of(own)


def test_a_stream_without_a_login_is_refused(asha: Browser) -> None:
    asha.cookies.clear()
    assert asha.get("/my/live", headers={"accept": "text/event-stream"}).status_code == 401
