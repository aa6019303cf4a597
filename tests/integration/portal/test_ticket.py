"""A requester's ticket: shown to them alone, each thing done once, nothing typed or chosen ever lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from helpsage import clock
from helpsage.people.models import Role
from helpsage.service_levels import levels
from helpsage.tickets import service
from helpsage.tickets.models import Status
from helpsage.web.portal import words
from tests.integration.portal.conftest import PRIYA, Browser, Desk, problem, without_numbers

XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}"


def test_the_page_tells_where_it_stands_and_what_was_said_in_the_open(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha, details={"printer": "HP in B 12", "place": "Library"})
    desk.reply(ticket, "We are on our way.", "in_progress")
    desk.change(ticket, lambda session, found: service.note(session, found, "She is in a bad mood.", PRIYA))
    desk.change(
        ticket,
        lambda session, found: service.change_status(session, found, "escalated", PRIYA, "the requester is a bother"),
    )
    html = asha.get(f"/my/tickets/{ticket.reference}").text
    for shown in ("Printer jams", "It jams on every page.", "HP in B 12", "We are on our way.", "Priya Raman"):
        assert shown in html
    assert words.STANDING[Status.ESCALATED] in html
    assert re.search(r'is-current"[^>]*aria-current="step">\s*<span class="progress-title">Being worked on', html)
    for hidden in ("bad mood", "bother", "internal note"):
        assert hidden not in html


@pytest.mark.parametrize("kind", ["", "/reply", "/close", "/reopen", "/rate"])
def test_anothers_ticket_is_no_ticket(asha: Browser, mallory: Browser, desk: Desk, kind: str) -> None:
    ticket = desk.ticket(asha)
    form = mallory.ticket_form(desk.ticket(mallory), "reply")

    def ask(reference: str) -> httpx.Response:
        address = f"/my/tickets/{reference}{kind}"
        if not kind:
            return mallory.get(address)
        return mallory.post(address, data={**form.values, "body": "let me in", "score": "1"})

    theirs, unknown = ask(ticket.reference), ask("HS-999999")
    assert theirs.status_code == unknown.status_code == 404

    assert without_numbers(theirs) == without_numbers(unknown)
    assert desk.words(ticket) == []
    assert desk.now(ticket).status == "open"


def test_staff_do_not_see_it_here_either(enter: Callable[..., Browser], asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    administrator = enter("root@uni.example", "Root", Role.ADMINISTRATOR)
    assert administrator.get(f"/my/tickets/{ticket.reference}").status_code == 404


def test_nobody_gets_in_without_logging_in(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    asha.cookies.clear()
    for address in (
        "/my",
        "/my/new",
        f"/my/tickets/{ticket.reference}",
        "/my/profile",
        "/my/notifications",
        "/my/data",
    ):
        answer = asha.get(address, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=")


def test_an_answer_arrives_and_the_ticket_goes_on(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    desk.reply(ticket, "Which printer?", "waiting")
    page = asha.submit(asha.ticket_form(ticket, "reply"), body="The one in B 12.")
    assert page.status_code == 200
    assert desk.words(ticket) == ["Which printer?", "The one in B 12."]
    assert desk.now(ticket).status == "in_progress"


def test_a_double_click_is_one_answer_with_one_file(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    form = asha.ticket_form(ticket, "reply")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: asha.send_files(form, [("log.txt", b"words")], body="Once."), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert desk.words(ticket) == ["Once."]
    assert answers[-1].text.count('class="file-name"') == 1


@pytest.mark.parametrize("body", ["", " \n ", "\u200b\u200b", "x" * 20_001])
def test_words_that_cannot_be_kept_are_refused_beside_the_field(asha: Browser, desk: Desk, body: str) -> None:
    ticket = desk.ticket(asha)
    page = asha.submit(asha.ticket_form(ticket, "reply"), body=body)
    assert page.status_code == 422
    assert problem(page, "body")
    kept = asha.form(page, f"/my/tickets/{ticket.reference}/reply").values["body"]
    assert kept.strip() == body.strip()
    assert desk.words(ticket) == []


@pytest.mark.parametrize(
    "body",
    [
        "\U0001f9d1\u200d\U0001f393 déjà vu नमस्ते",
        "a\u0000b\u202ec",
        "\u0645\u0631\u062d\u0628\u0627",
        "z" + "\u0301" * 3_000,
    ],
)
def test_odd_words_are_kept(asha: Browser, desk: Desk, body: str) -> None:
    ticket = desk.ticket(asha)
    assert asha.submit(asha.ticket_form(ticket, "reply"), body=body).status_code == 200
    assert desk.words(ticket) == [body.replace("\u0000", "")]


def test_a_refused_file_keeps_the_words_and_the_other_files(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    form = asha.ticket_form(ticket, "reply")
    page = asha.send_files(form, [("good.txt", b"words"), ("evil.svg", b"<svg/>")], body="Look.")
    assert page.status_code == 422
    assert "evil.svg" in problem(page, "files")
    assert desk.words(ticket) == []
    again = asha.form(page, form.action)
    assert again.values["body"].strip() == "Look."
    assert "good.txt" in page.text
    assert "good.txt" in asha.send_files(again).text
    assert desk.words(ticket) == ["Look."]


def test_files_alone_are_an_answer(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    assert asha.send_files(asha.ticket_form(ticket, "reply"), [("log.txt", b"words")], body="").status_code == 200
    assert desk.words(ticket) == [words.ONLY_FILES]


def test_closing_over_an_unread_answer_shows_it_first(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    form = asha.ticket_form(ticket, "close")
    desk.reply(ticket, "One more question!", "waiting")
    page = asha.submit(form)
    assert page.status_code == 409
    assert words.STALE in page.text
    assert "Priya Raman answered" in page.text
    assert desk.now(ticket).status == "waiting"
    assert asha.submit(asha.form(page, form.action)).status_code == 200
    assert desk.now(ticket).status == "closed"


def test_close_twice_reopen_twice_is_once(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    form = asha.ticket_form(ticket, "close")
    for _ in range(2):
        assert asha.submit(form).status_code == 200
    assert desk.now(ticket).status == "closed"
    desk.change(ticket, lambda session, found: service.reopen(session, found, PRIYA))
    desk.change(ticket, lambda session, found: service.change_status(session, found, "resolved", PRIYA))
    form = asha.ticket_form(ticket, "reopen")
    for _ in range(2):
        assert asha.submit(form).status_code == 200
    assert desk.now(ticket).status == "open"


def test_it_is_back_with_words_in_one_go_once(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    desk.reply(ticket, "Fixed.", "resolved")
    form = asha.ticket_form(ticket, "reply")
    for _ in range(2):
        assert asha.submit(form, body="It jams again.", then="reopen").status_code == 200
    assert desk.now(ticket).status == "open"
    assert desk.words(ticket) == ["Fixed.", "It jams again."]


def test_thanks_do_not_reopen(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    desk.reply(ticket, "Fixed.", "resolved")
    asha.submit(asha.ticket_form(ticket, "reply"), body="Thanks!", then="")
    assert desk.now(ticket).status == "resolved"


def test_closed_too_long_ago_offers_a_new_one(asha: Browser, desk: Desk) -> None:
    with clock.frozen(clock.now() - timedelta(days=40)):
        ticket = desk.ticket(asha)
        desk.change(ticket, lambda session, found: service.close(session, found, PRIYA))
    form = asha.ticket_form(ticket, "reply")
    page = asha.get(f"/my/tickets/{ticket.reference}")
    assert "Send and open again" not in page.text
    assert f"/my/new?category=printer_problem&amp;about={ticket.reference}" in page.text
    refused = asha.submit(form, body="Again!", then="reopen")
    assert refused.status_code == 409
    assert words.TOO_LONG_CLOSED in refused.text
    assert "Again!" in refused.text
    assert desk.words(ticket) == []


def test_rating_is_once_and_needs_a_number(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    desk.reply(ticket, "Fixed.", "resolved")
    form = asha.ticket_form(ticket, "rate")
    page = asha.submit(form, score="", comment="Quick!")
    assert problem(page, "score") == words.NO_RATING
    assert "Quick!" in page.text
    assert asha.submit(form, score="9", comment="").status_code == 422
    assert asha.submit(form, score="4", comment="Quick!").status_code == 200
    assert (desk.now(ticket).rating, desk.now(ticket).rating_comment) == (4, "Quick!")
    assert asha.submit(form, score="1", comment="").status_code == 409
    assert desk.now(ticket).rating == 4


def test_what_is_not_finished_is_not_rated(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    form = asha.ticket_form(ticket, "reply")
    answer = asha.post(f"/my/tickets/{ticket.reference}/rate", data={**form.values, "score": "5"})
    assert answer.status_code == 409
    assert desk.now(ticket).rating is None


@pytest.mark.parametrize("kind", ["reply", "close", "reopen", "rate"])
def test_a_form_from_elsewhere_does_nothing(asha: Browser, desk: Desk, kind: str) -> None:
    ticket = desk.ticket(asha)
    address = f"/my/tickets/{ticket.reference}/{kind}"
    assert asha.post(address, data={"body": "x", "score": "1", "version": "1", "csrf": "0" * 64}).status_code == 403
    assert desk.words(ticket) == []
    assert desk.now(ticket).version == 1


def test_html_in_any_field_is_text(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(
        asha,
        f"Subject {XSS}",
        description=f"Words {XSS} [link](javascript:alert(3)) **bold**",
        details={f"field {XSS}": XSS, "place": XSS},
    )
    desk.change(
        ticket, lambda session, found: service.reply(session, found, f"Reply {XSS}", service.Actor("agent", XSS))
    )
    form = asha.ticket_form(ticket, "reply")
    pages = [
        asha.send_files(form, [(f"{XSS}.txt", b"words")], body=XSS),
        asha.get("/my"),
        asha.get("/my", params={"q": XSS, "from": XSS, "to": XSS, "status": XSS}),
        asha.get("/my/new", params={"about": XSS, "category": XSS}),
        asha.submit(form, body=XSS, version=XSS, seen=XSS, key=XSS, kept=XSS, then=XSS),
    ]
    for page in pages:
        assert page.status_code in (200, 422)
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert 'href="javascript:' not in page.text
    assert "<strong>bold</strong>" in pages[0].text


def test_a_merged_ticket_leads_to_the_one_it_goes_on_as(asha: Browser, desk: Desk) -> None:
    first, second = desk.ticket(asha), desk.ticket(asha, "Printer jams again")
    form = asha.ticket_form(second, "close")

    def merge(session: object, found: object) -> None:
        found.merged_into_id, found.status = first.id, "closed"  # type: ignore[attr-defined]

    desk.change(second, merge)
    page = asha.get(f"/my/tickets/{second.reference}")
    assert f'href="/my/tickets/{first.reference}"' in page.text
    assert asha.submit(form).status_code in (200, 409)
    asha.submit(asha.form(page, f"/my/tickets/{second.reference}/reply"), body="Any news?")
    assert desk.words(first) == ["Any news?"]


def test_by_when_it_is_answered_is_said_only_when_that_is_wanted(
    asha: Browser, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = levels.load()
    ticket = desk.ticket(asha)
    with clock.frozen(clock.now() - timedelta(days=3)):
        late = desk.ticket(asha)
    assert "We answer by" not in asha.get(f"/my/tickets/{ticket.reference}").text
    monkeypatch.setattr(levels, "load", lambda: replace(known, promise=True))
    assert "We answer by <time" in standing_of(asha.get(f"/my/tickets/{ticket.reference}").text)
    assert "We are late, and we are sorry" in standing_of(asha.get(f"/my/tickets/{late.reference}").text)


def standing_of(html: str) -> str:
    return html[html.index('id="standing"') : html.index('id="story"')]
