"""Working on a ticket: each thing once, never over what somebody else did, never losing what was typed."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpsage.tickets import service
from helpsage.tickets.service import Actor
from helpsage.web import words
from tests.integration.web.conftest import Desk
from tests.integration.web.visitor import Visitor

XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}"
REQUESTER = Actor("requester", "Asha Patel")


def test_the_page_tells_the_whole_story(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket(details={"amount": "450", "currency": "INR"}, gaps=["transaction_id"], tone="angry")
    html = agent.get(f"/agent/tickets/{ticket.reference}").text
    for said in ("Exam fee charged twice", "The bank shows two payments.", "Asha Patel", "450", "INR", "angry"):
        assert said in html
    assert "I was charged twice" in html, "the chat that led to the ticket"
    assert "Asked, not answered" in html
    assert "opened the ticket" in html


def test_a_reply_is_public_and_sets_the_status(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    page = agent.act(ticket.reference, "reply", body="The bank sends it back.", status="waiting")
    assert page.status_code == 200
    assert "The bank sends it back." in page.text
    assert desk.thread(ticket) == [("public", "The bank sends it back.")]
    assert desk.now(ticket).status == "waiting"


def test_a_note_stays_inside_and_is_told_apart(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    page = agent.act(ticket.reference, "note", body="Ask finance.")
    assert desk.thread(ticket) == [("internal", "Ask finance.")]
    assert "Internal note" in page.text
    assert desk.now(ticket).status == "open"


def test_status_and_priority_change_with_a_reason(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    agent.act(ticket.reference, "status", to="escalated", reason="The dean asks")
    page = agent.act(ticket.reference, "priority", to="urgent")
    assert (desk.now(ticket).status, desk.now(ticket).priority) == ("escalated", "urgent")
    assert "The dean asks" in page.text
    assert "changed the priority from High to Urgent" in page.text


def test_sending_a_form_twice_is_one_reply(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    form = agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), f"/agent/tickets/{ticket.reference}/reply")
    for _ in range(2):
        assert agent.submit(form, body="Once.").status_code == 200
    assert desk.thread(ticket) == [("public", "Once.")]


def test_a_double_click_is_one_reply(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    form = agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), f"/agent/tickets/{ticket.reference}/reply")
    with ThreadPoolExecutor(4) as pool:
        statuses = [answer.status_code for answer in pool.map(lambda _: agent.submit(form, body="Once."), range(4))]
    assert statuses == [200] * 4
    assert desk.thread(ticket) == [("public", "Once.")]


def test_a_stale_form_shows_what_changed_and_keeps_what_was_typed(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    form = agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), f"/agent/tickets/{ticket.reference}/reply")
    desk.change(ticket, lambda session, found: service.comment(session, found, "It is solved!", REQUESTER))
    refused = agent.submit(form, body="We look into it.", status="waiting")
    assert refused.status_code == 409
    assert words.STALE in refused.text
    assert "It is solved!" in refused.text
    assert "opened the ticket" not in refused.text.split('id="reply-problem"')[1].split("</div>")[0]
    again = agent.form(refused, f"/agent/tickets/{ticket.reference}/reply")
    assert (again.values["body"], again.values["status"]) == ("We look into it.", "waiting")
    assert agent.submit(again).status_code == 200
    assert desk.thread(ticket)[-1] == ("public", "We look into it.")


@pytest.mark.parametrize("kind", ["status", "priority", "take"])
def test_nothing_is_overwritten_unseen(agent: Visitor, desk: Desk, kind: str) -> None:
    ticket = desk.ticket()
    action = f"/agent/tickets/{ticket.reference}/{kind}"
    form = agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), action)
    desk.change(
        ticket, lambda session, found: service.change_priority(session, found, "urgent", Actor("agent", "Ravi"))
    )
    to = {"status": "closed", "priority": "low", "take": ""}[kind]
    refused = agent.submit(form, to=to)
    assert refused.status_code == 409
    assert "Ravi" in refused.text
    now = desk.now(ticket)
    assert (now.status, now.priority, now.assignee_id) == ("open", "urgent", None)


def test_a_note_does_not_mind_an_older_view(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    form = agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), f"/agent/tickets/{ticket.reference}/note")
    desk.change(ticket, lambda session, found: service.comment(session, found, "Hello?", REQUESTER))
    assert agent.submit(form, body="Called them.").status_code == 200
    assert ("internal", "Called them.") in desk.thread(ticket)


@pytest.mark.parametrize("body", ["", "   \n ", "x" * 20_001])
@pytest.mark.parametrize("kind", ["reply", "note"])
def test_words_that_cannot_be_kept_are_refused_beside_the_field(
    agent: Visitor, desk: Desk, kind: str, body: str
) -> None:
    ticket = desk.ticket()
    page = agent.act(ticket.reference, kind, body=body)
    assert page.status_code == 422
    assert f'id="{kind}-problem"' in page.text
    assert f'aria-describedby="{kind}-problem"' in page.text
    # A text area begins after one line break (HTML standard, 13.2.6.4.7): what was typed is all there.
    kept = agent.form(page, f"/agent/tickets/{ticket.reference}/{kind}").values["body"]
    assert kept.strip() == body.strip()
    assert desk.thread(ticket) == []


def test_an_impossible_move_says_why(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    action = f"/agent/tickets/{ticket.reference}/status"
    desk.change(ticket, lambda session, found: service.close(session, found, Actor("agent", "Ravi")))
    form = agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), action)
    page = agent.submit(form, to="waiting")
    assert page.status_code == 409
    assert "“Closed” cannot become “Waiting for the person”" in page.text


@pytest.mark.parametrize(("kind", "field"), [("reply", "status"), ("status", "to"), ("priority", "to")])
def test_a_choice_that_is_not_on_the_list_is_refused(agent: Visitor, desk: Desk, kind: str, field: str) -> None:
    ticket = desk.ticket()
    assert agent.act(ticket.reference, kind, **{"body": "words", field: "nonsense"}).status_code == 422
    assert desk.thread(ticket) == []


def test_html_in_any_field_is_text(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket(
        f"Subject {XSS}",
        description=f"Description {XSS}\n\n[link](javascript:alert(3)) **bold**",
        requester_name=f"Name {XSS}",
        contact_email="<b>x</b>@example.org",
        priority_reason=f"Reason {XSS}",
        details={f"field {XSS}": f"Value {XSS}", "list": [XSS]},
        gaps=[f"gap {XSS}"],
        category=f"category {XSS}",
        tone=XSS,
    )
    actor = Actor("agent", f"Agent {XSS}")
    desk.change(ticket, lambda session, found: service.reply(session, found, f"Reply {XSS}", actor))
    desk.change(ticket, lambda session, found: service.note(session, found, f"Note {XSS}", actor))
    desk.change(ticket, lambda session, found: service.change_priority(session, found, "low", actor, f"Why {XSS}"))
    desk.change(ticket, lambda session, found: service.rate(session, found, 2, f"Rated {XSS}", REQUESTER))
    for path in (f"/agent/tickets/{ticket.reference}", "/agent", f"/agent?q={XSS}", "/agent?q=Subject"):
        html = agent.get(path).text
        assert "<script>alert" not in html
        assert "<img" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert 'href="javascript:' not in html
        assert "49" not in re.findall(r"Subject [^\n]*", html)[:1]
    page = agent.act(ticket.reference, "status", to="nonsense", reason=XSS)
    words_of_the_report = page.text.split('id="report"')[1].split("</article>")[0]
    assert "&lt;img src=x onerror=alert(2)&gt;" in words_of_the_report
    assert "<script>alert" not in page.text
    assert "<strong>bold</strong>" in page.text


def test_an_unknown_ticket_is_a_page_in_plain_words(agent: Visitor) -> None:
    for reference in ("HS-999999", "nonsense", "HS-0", "%00"):
        page = agent.get(f"/agent/tickets/{reference}")
        assert page.status_code == 404
        assert words.ERRORS["ticket"][0] in page.text


def test_a_reference_is_read_as_people_write_it(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    assert agent.get(f"/agent/tickets/hs{ticket.number}").status_code == 200


def test_an_expired_session_does_not_send(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    form = agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), f"/agent/tickets/{ticket.reference}/reply")
    agent.cookies.clear()
    assert agent.submit(form, body="Hello").url.path in ("/login", form.action)
    assert desk.thread(ticket) == []
