"""The agents' console in a real browser: two agents at once, by keyboard, on a phone, with and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.people.models import Role
from helpsage.tickets import details, merge, service, tags
from helpsage.tickets.models import Ticket
from helpsage.tickets.search import typos
from helpsage.tickets.service import Actor
from helpsage.web import words
from tests.browser.looks import LOOKS, PHONE, violations
from tests.integration.portal.conftest import Browser, enter
from tests.integration.web.conftest import Desk, database, desk, web_url

__all__ = ["database", "desk", "enter", "web_url"]

ASHA = Actor("requester", "Asha Patel")
HOSTILE = "<img src=x onerror=\"document.documentElement.id='hacked'\"><b>bold</b>\"'`{{7*7}}"


class Seat:
    """An agent before their browser."""

    def __init__(self, page: Page, who: Browser) -> None:
        self.page = page
        self.who = who

    def queue(self, query: str = "") -> Page:
        """The queue, following what happens."""
        with self.page.expect_response("**/agent/live*"):
            self.page.goto(f"/agent{query}")
        return self.page

    def ticket(self, ticket: Ticket) -> Page:
        """A ticket's page, following what happens."""
        with self.page.expect_response("**/agent/live?ticket=*"):
            self.page.goto(f"/agent/tickets/{ticket.reference}")
        return self.page


@pytest.fixture
def seat(new_page: Callable[..., Page], enter: Callable[..., Browser], web_url: str) -> Iterator[Callable[..., Seat]]:
    """Seats an agent."""
    made: list[Seat] = []

    def one(who: Browser, **options: Any) -> Seat:
        page = new_page(base_url=web_url, reduced_motion="reduce", **options)
        token = who.cookies["helpsage_session"]
        page.context.add_cookies([{"name": "helpsage_session", "value": token, "url": web_url}])
        made.append(Seat(page, who))
        return made[-1]

    yield one
    for each in made:
        each.page.goto("about:blank")  # lets go of the stream


@pytest.fixture
def priya_account(enter: Callable[..., Browser]) -> Browser:
    return enter("priya@desk.example", "Priya Raman", Role.AGENT)


@pytest.fixture
def priya(seat: Callable[..., Seat], priya_account: Browser) -> Seat:
    return seat(priya_account)


@pytest.fixture
def ravi(seat: Callable[..., Seat], enter: Callable[..., Browser]) -> Seat:
    return seat(enter("ravi@desk.example", "Ravi Kumar", Role.AGENT))


def row(page: Page, ticket: Ticket) -> Locator:
    """A ticket's line in the queue."""
    return page.locator(f"#row-{ticket.number}")


def count_of(page: Page, view: str) -> Locator:
    """The number beside a view's name."""
    return page.locator("#views a").filter(has=page.get_by_text(view, exact=True)).locator(".count")


def reply(page: Page) -> Locator:
    return page.get_by_label("Reply to Asha Patel")


def story(page: Page) -> Locator:
    return page.get_by_role("region", name="Conversation on this ticket")


def box(page: Page, name: str) -> Locator:
    """A part beside the story."""
    return page.get_by_role("region", name=name)


# --- two agents


def test_the_queue_and_its_counts_change_by_themselves(priya: Seat, desk: Desk) -> None:
    first = desk.ticket("Exam fee charged twice")
    page = priya.queue()
    expect(count_of(page, "To do")).to_have_text("1")
    page.get_by_role("checkbox", name=f"Choose {first.reference}").check()
    second = desk.ticket("The projector is dark")
    expect(row(page, second)).to_be_visible()
    expect(page.locator("#tabs [aria-current] .count")).to_have_text("2")
    desk.change(first, lambda session, found: service.change_priority(session, found, "urgent", ASHA))
    expect(row(page, first).locator(".mark")).to_have_text("Urgent")
    expect(page.get_by_role("checkbox", name=f"Choose {first.reference}")).to_be_checked()
    expect(count_of(page, "To do")).to_have_text("2", timeout=10_000)


def test_each_sees_who_else_is_there_and_who_is_writing(priya: Seat, ravi: Seat, desk: Desk) -> None:
    ticket = desk.ticket()
    seen = ravi.ticket(ticket).locator("#present")
    expect(seen).to_be_empty()
    reply(priya.ticket(ticket)).press_sequentially("Half a sen")
    expect(seen).to_have_text("Priya Raman is writing on this ticket")
    expect(priya.page.locator("#present")).to_have_text("Ravi Kumar is looking at this ticket")
    priya.page.goto("about:blank")
    expect(seen).to_be_empty()


def test_the_story_goes_on_without_touching_what_is_typed_or_unfolded(ravi: Seat, desk: Desk) -> None:
    ticket = desk.ticket()
    page = ravi.ticket(ticket)
    page.get_by_text("The chat that led here").click()
    reply(page).fill("Half a sentence")
    desk.change(ticket, lambda session, found: service.comment(session, found, "It works again!", ASHA))
    expect(story(page).get_by_text("It works again!")).to_be_visible()
    expect(page.locator("#transcript")).to_have_attribute("open", "")
    expect(reply(page)).to_have_value("Half a sentence")


def test_forms_that_nobody_works_in_follow_what_happens(ravi: Seat, priya_account: Browser, desk: Desk) -> None:
    ticket = desk.ticket()
    page = ravi.ticket(ticket)
    priya = Actor("agent", "Priya Raman")
    desk.change(ticket, lambda session, found: service.assign(session, found, priya_account.account_id, priya))
    expect(box(page, "Work on it")).to_contain_text("With Priya Raman")
    desk.change(ticket, lambda session, found: service.change_priority(session, found, "low", priya))
    expect(page.get_by_label("Priority")).to_have_value("low")


def test_what_a_colleague_changed_is_not_overwritten_by_a_form_begun_before(ravi: Seat, desk: Desk) -> None:
    ticket = desk.ticket(details={"amount": "450"})
    page = ravi.ticket(ticket)
    page.get_by_text("Change the details").click()
    page.get_by_role("textbox", name="Amount").fill("45")
    priya = Actor("agent", "Priya Raman")
    desk.change(ticket, lambda session, found: details.change(session, found, {"amount": "900"}, priya))
    expect(page.locator("#facts")).to_contain_text("900")
    page.get_by_role("button", name="Save the details").click()
    expect(page.locator("#details-problem")).to_contain_text("Priya Raman")
    expect(page.get_by_role("textbox", name="Amount")).to_have_value("45")
    expect(page.locator("#facts")).to_contain_text("900")
    assert desk.now(ticket).details["amount"] == "900"
    page.get_by_role("button", name="Save the details").click()
    expect(page.locator("#facts dd").get_by_text("45", exact=True)).to_be_visible()
    assert desk.now(ticket).details["amount"] == "45"


def test_a_stale_reply_shows_what_changed_and_keeps_what_was_typed(ravi: Seat, desk: Desk) -> None:
    ticket = desk.ticket()
    ravi.page.route("**/agent/live*", lambda route: route.abort())
    ravi.page.goto(f"/agent/tickets/{ticket.reference}")
    reply(ravi.page).fill("The bank sends it back.")
    ravi.page.get_by_label("And the status").select_option("resolved")
    desk.change(ticket, lambda session, found: service.comment(session, found, "I got it back!", ASHA))
    ravi.page.get_by_role("button", name="Send reply").click()
    expect(ravi.page.locator("#reply-problem")).to_contain_text(words.STALE)
    expect(ravi.page.locator("#reply-problem")).to_be_focused()
    expect(story(ravi.page).get_by_text("I got it back!")).to_be_visible()
    expect(reply(ravi.page)).to_have_value("The bank sends it back.")
    expect(ravi.page.get_by_label("And the status")).to_have_value("resolved")
    assert desk.now(ticket).status == "open"
    ravi.page.get_by_role("button", name="Send reply").click()
    expect(ravi.page.locator("#ticket-head .pill")).to_have_text("Resolved")


def test_words_to_a_ticket_that_was_merged_meanwhile_are_not_lost(ravi: Seat, desk: Desk) -> None:
    ticket, other = desk.ticket(), desk.ticket("The same again")
    page = ravi.ticket(ticket)
    reply(page).fill("The bank sends it back.")
    priya = Actor("agent", "Priya Raman")
    desk.change(ticket, lambda session, found: merge.merge(session, found, other, priya, other_person=True))
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator("#reply-problem")).to_contain_text(other.reference)
    expect(page.get_by_label("What you wrote, to take along")).to_have_value("The bank sends it back.")
    assert desk.thread(ticket) == desk.thread(other) == []


# --- many tickets


def test_many_are_changed_at_once_and_given_back(priya: Seat, desk: Desk) -> None:
    first, second, third = desk.ticket("One"), desk.ticket("Two"), desk.ticket("Three")
    page = priya.queue()
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
    for ticket in (first, second):
        page.get_by_role("checkbox", name=f"Choose {ticket.reference}").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("2 tickets chosen")
    page.get_by_label("Colleague").select_option("Me")
    page.get_by_role("button", name="Give", exact=True).click()
    outcome = page.get_by_role("status").filter(has_text="2 tickets given to Priya Raman.")
    expect(outcome).to_be_focused()
    assert [desk.now(ticket).assignee_id for ticket in (first, second, third)] == [priya.who.account_id] * 2 + [None]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: 2 tickets as before.")).to_be_visible()
    assert [desk.now(ticket).assignee_id for ticket in (first, second)] == [None, None]


def test_one_that_changed_meanwhile_is_left_and_told(priya: Seat, desk: Desk) -> None:
    kept, changed = desk.ticket("Kept"), desk.ticket("Changed")
    page = priya.page
    page.route("**/agent/live*", lambda route: route.abort())
    page.goto("/agent")
    desk.change(changed, lambda session, found: service.close(session, found, Actor("agent", "Ravi Kumar")))
    page.get_by_role("checkbox", name="Choose all on this page").check()
    page.get_by_role("textbox", name="Tag").last.fill("Exam Week")
    page.get_by_role("button", name="Add the tag").click()
    expect(page.get_by_text("1 ticket tagged “exam week”.")).to_be_visible()
    page.get_by_text("1 left as it is").click()
    expect(page.get_by_text(f"{changed.reference} has changed meanwhile")).to_be_visible()
    assert (desk.now(kept).tags, desk.now(changed).tags) == (["exam week"], [])


# --- by keyboard


def test_a_ticket_is_worked_with_the_keyboard_alone(priya: Seat, desk: Desk) -> None:
    older, newer = desk.ticket("The older one"), desk.ticket("The newer one")
    page = priya.queue()
    press = page.keyboard.press
    for key, ticket in (("j", newer), ("j", older), ("j", older), ("k", newer), ("j", older)):
        press(key)
        expect(row(page, ticket).locator("[data-open]")).to_be_focused()
    press("x")
    expect(page.get_by_role("checkbox", name=f"Choose {older.reference}")).to_be_checked()
    press("j")
    press("k")
    press("j")
    press("o")
    page.wait_for_url(f"**/{older.reference}")
    press("n")
    page.keyboard.type("jokes about printers: r n / ?")
    expect(page.get_by_label("Internal note")).to_have_value("jokes about printers: r n / ?")
    press("Control+Enter")
    expect(page.locator(".entry.is-note")).to_contain_text("jokes about printers")
    expect(page.locator(".entry.is-note")).to_be_focused()
    press("r")
    page.keyboard.type("The bank sends it back.")
    press("Tab")  # on to what helps to write, and back
    press("Shift+Tab")
    expect(reply(page)).to_be_focused()
    press("Escape")
    expect(reply(page)).to_have_value("The bank sends it back.")
    press("r")
    press("Control+Enter")
    expect(page.locator(".entry.from-agent.is-public")).to_be_focused()
    press("s")
    expect(page.locator("#status-to")).to_be_focused()
    page.locator("h1").click()
    press("a")
    expect(page.locator("#assignee")).to_be_focused()
    page.locator("h1").click()
    press("u")
    page.wait_for_url("**/agent")
    press("/")
    page.keyboard.type("newer")
    expect(page.locator("[data-row]")).to_have_count(1)
    press("ArrowDown")
    expect(row(page, newer).locator("[data-open]")).to_be_focused()
    press("Enter")
    page.wait_for_url(f"**/{newer.reference}")


def test_the_sheet_of_keys_and_the_switch(priya: Seat, desk: Desk) -> None:
    ticket = desk.ticket()
    page = priya.queue()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    page.keyboard.press("j")
    sheet.get_by_label("Single keys are shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("j")
    expect(row(page, ticket).locator("[data-open]")).not_to_be_focused()
    page.reload()
    page.keyboard.press("j")
    expect(row(page, ticket).locator("[data-open]")).not_to_be_focused()
    page.keyboard.press("?")
    sheet.get_by_label("Single keys are shortcuts").check()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(row(page, ticket).locator("[data-open]")).to_be_focused()


# --- writing


def test_a_draft_survives_a_reload_and_a_change_of_machine(priya: Seat, seat: Callable[..., Seat], desk: Desk) -> None:
    ticket = desk.ticket()
    page = priya.ticket(ticket)
    reply(page).fill("Not sent, and the page is left at once")
    page.reload()
    expect(reply(page)).to_have_value("Not sent, and the page is left at once")
    with page.expect_response("**/draft"):
        reply(page).fill("Not sent yet")
    expect(page.get_by_text("Draft kept")).to_be_visible()
    elsewhere = seat(priya.who)
    expect(reply(elsewhere.ticket(ticket))).to_have_value("Not sent yet")
    expect(elsewhere.page.locator("#present")).to_be_empty()
    elsewhere.page.get_by_role("button", name="Send reply").click()
    expect(elsewhere.page.locator(".entry.from-agent")).to_contain_text("Not sent yet")
    expect(reply(elsewhere.page)).to_have_value("")
    elsewhere.page.reload()
    expect(reply(elsewhere.page)).to_have_value("")


def test_a_canned_reply_is_filled_in_looked_at_and_sent_with_the_status(priya: Seat, desk: Desk) -> None:
    ticket = desk.ticket()
    page = priya.ticket(ticket)
    page.get_by_label("Canned reply").select_option(index=1)
    expect(reply(page)).to_have_value(re.compile("Asha"))
    expect(reply(page)).not_to_have_value(re.compile("{{"))
    reply(page).fill("Dear {{requester.first_name}},\n\nyour **fee** comes back: {{ticket.reference}}, {{no.such}}.")
    page.get_by_role("button", name="Preview").click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Dear Asha,")
    expect(preview).to_contain_text(f"your fee comes back: {ticket.reference}, {{{{no.such}}}}.")
    expect(reply(page)).to_have_value(re.compile("{{requester.first_name}}"))
    expect(preview.locator("strong")).to_have_text("fee")
    assert desk.thread(ticket) == []
    page.get_by_label("And the status").select_option("resolved")
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator("#ticket-head .pill")).to_have_text("Resolved")
    assert desk.now(ticket).status == "resolved"
    [(_, said)] = desk.thread(ticket)
    assert said.startswith(f"Dear Asha,\n\nyour **fee** comes back: {ticket.reference}")


def test_files_go_with_a_reply_also_after_a_refusal(priya: Seat, desk: Desk) -> None:
    ticket = desk.ticket()
    page = priya.ticket(ticket)
    page.get_by_text("Attach files").first.click()
    page.locator("#reply-files").set_input_files(
        {"name": "form <b>.txt", "mimeType": "text/plain", "buffer": b"Sign here."}
    )
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator("#reply-problem")).to_be_visible()
    reply(page).fill("Please sign this.")
    page.get_by_role("button", name="Send reply").click()
    entry = page.locator(".entry.from-agent")
    expect(entry).to_contain_text("Please sign this.")
    expect(entry).to_contain_text("form")
    with page.expect_download() as download:
        entry.get_by_role("link").first.click()
    assert download.value.path().read_bytes() == b"Sign here."


def test_a_double_click_sends_one_reply(priya: Seat, desk: Desk) -> None:
    ticket = desk.ticket()
    page = priya.ticket(ticket)
    reply(page).fill("Once.")
    page.get_by_role("button", name="Send reply").dblclick()
    expect(page.locator(".entry.from-agent")).to_have_count(1)
    page.evaluate("for (const twice of [1, 2]) document.querySelector('.write-reply').requestSubmit()")
    expect(page.locator("#reply-problem")).to_be_visible()
    assert desk.thread(ticket) == [("public", "Once.")]


# --- finding


def test_a_mistyped_word_finds_and_marks_what_was_meant(priya: Seat, desk: Desk, database: Engine) -> None:
    wanted = desk.ticket("Where is my scholarship?", description="It was promised for March.")
    desk.ticket("The printer eats paper", description="Every page.")
    with Session(database) as session, session.begin():
        while typos.learn(session):
            pass
    page = priya.queue()
    page.get_by_label("Search").fill("scholarhsip march")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.locator(".meant")).to_contain_text("“scholarship”")
    expect(row(page, wanted).locator("mark")).to_have_text(["scholarship", "March"])
    assert "q=scholarhsip" in page.url
    page.reload()
    expect(row(page, wanted).locator("mark")).to_have_text(["scholarship", "March"])


def test_a_filter_is_kept_as_a_view_with_its_count(priya: Seat, ravi: Seat, desk: Desk) -> None:
    desk.ticket("Low", priority="low")
    for subject in ("One", "Two"):
        desk.ticket(subject, priority="urgent")
    page = priya.queue()
    page.get_by_label("Priority").first.select_option("urgent")
    page.get_by_text("More filters and order").click()
    page.get_by_label("Came by").select_option(index=1)
    expect(page.get_by_text("No ticket fits this filter.")).to_be_visible()
    page.get_by_label("Came by").select_option("")
    page.get_by_label("Order").select_option("oldest")
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator("[data-row] .subject a").first).to_contain_text("One")
    page.get_by_text("Save this view").click()
    page.get_by_label("Name").fill("Urgent, oldest first")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(count_of(page, "Urgent, oldest first")).to_have_text("2")
    expect(page.locator("#views [aria-current]")).to_contain_text("Urgent, oldest first")
    page.get_by_role("link", name="To do").first.click()
    expect(page.locator("[data-row]")).to_have_count(3)
    page.get_by_role("link", name="Urgent, oldest first").click()
    expect(page.locator("[data-row] .subject a")).to_contain_text(["One", "Two"])
    expect(ravi.queue().get_by_text("Urgent, oldest first")).to_have_count(0)


# --- one ticket of two


def test_merging_and_its_undoing(priya: Seat, desk: Desk) -> None:
    asked = desk.ticket("Charged twice")
    again = desk.ticket("Charged twice!!", requester_id=asked.requester_id)
    desk.change(again, lambda session, found: service.comment(session, found, "Any news?", ASHA))
    page = priya.ticket(again)
    expect(box(page, "Other tickets of this person")).to_contain_text(asked.reference)
    page.get_by_text("Merge into another ticket").click()
    page.get_by_label("Into which").fill("HS-999999")
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.locator("#merge-problem")).to_contain_text("There is no ticket HS-999999.")
    page.get_by_label("Into which").fill(asked.reference)
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.locator("#ticket-head .alert")).to_contain_text(f"goes on as {asked.reference}")
    page.locator("#ticket-head .alert a").click()
    expect(story(page).get_by_text("Any news?")).to_be_visible()
    page.goto(f"/agent/tickets/{again.reference}")
    page.get_by_role("button", name="Undo the merge").click()
    expect(page.locator("#ticket-head .pill")).to_have_text("Open")
    expect(story(page).get_by_text("Any news?")).to_be_visible()
    page.goto(f"/agent/tickets/{asked.reference}")
    expect(story(page).get_by_text("Any news?")).to_have_count(0)


def test_a_second_problem_is_split_off_and_put_back(priya: Seat, desk: Desk) -> None:
    ticket = desk.ticket()
    desk.change(ticket, lambda session, found: service.comment(session, found, "Also, my door is stuck.", ASHA))
    page = priya.ticket(ticket)
    page.get_by_text("Split a second problem off").click()
    page.get_by_role("checkbox", name="Also, my door is stuck.").check()
    page.get_by_label("Subject of the new ticket").fill("Stuck door")
    page.get_by_role("button", name="Split", exact=True).click()
    expect(page.locator(".event").last).to_contain_text("HS-")
    page.goto("/agent")
    page.get_by_role("link", name="Stuck door").click()
    expect(page.locator("#report")).to_contain_text("Also, my door is stuck.")
    page.get_by_role("button", name="Undo the split").click()
    expect(page.locator("#ticket-head .alert")).to_contain_text(f"goes on as {ticket.reference}")
    page.goto(f"/agent/tickets/{ticket.reference}")
    expect(page.locator(".entry.from-requester").filter(has_text="Also, my door is stuck.")).to_be_visible()


def test_taking_escalating_tagging_and_following(priya: Seat, desk: Desk) -> None:
    desk.ticket("Not so urgent", priority="low")
    ticket = desk.ticket("Most urgent", priority="urgent")
    page = priya.queue()
    page.get_by_role("button", name="Take the next one").click()
    page.wait_for_url(f"**/{ticket.reference}")
    expect(box(page, "Work on it")).to_contain_text("With Priya Raman")
    page.get_by_label("Tags").fill("exam, Refund")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#ticket-head a.tag")).to_have_text(["exam", "refund"])
    page.get_by_role("button", name=re.compile("^exam.*take it off")).click()
    expect(page.locator("#ticket-head a.tag")).to_have_text(["refund"])
    page.get_by_role("button", name="Follow", exact=True).click()
    expect(page.get_by_text("You follow this ticket")).to_be_visible()
    page.get_by_text("Escalate", exact=True).first.click()
    page.get_by_role("button", name="Escalate").click()
    expect(page.locator("#escalate-problem")).to_contain_text("Please say why")
    page.get_by_label("Why", exact=True).fill("The dean asks")
    page.get_by_role("button", name="Escalate").click()
    expect(page.locator("#ticket-head .pill")).to_have_text("Escalated")
    expect(page.locator(".event").filter(has_text="The dean asks")).to_be_visible()


# --- whatever is written, and however it is looked at


def test_html_in_every_field_is_text(
    seat: Callable[..., Seat], enter: Callable[..., Browser], priya: Seat, desk: Desk
) -> None:
    ticket = desk.ticket(
        f"Subject {HOSTILE}",
        description=f"Description {HOSTILE} scholarship",
        requester_name=f"Name {HOSTILE}",
        details={"amount": HOSTILE},
        priority_reason=HOSTILE,
    )
    actor = Actor("agent", f"Agent {HOSTILE}")
    desk.change(ticket, lambda session, found: service.note(session, found, f"Note {HOSTILE}", actor))
    desk.change(ticket, lambda session, found: tags.change(session, found, actor, add=["<b>tag</b>"]))
    desk.change(ticket, lambda session, found: service.change_status(session, found, "escalated", actor, HOSTILE))
    other = seat(enter("mallory@desk.example", f"Mallory {HOSTILE}", Role.AGENT))
    reply_of_other = other.ticket(ticket).locator("#reply-body")
    page = priya.ticket(ticket)
    reply_of_other.press_sequentially("Hm")
    expect(page.locator("#present")).to_contain_text("Mallory <img")
    page.locator("#reply-body").fill(f"Draft {HOSTILE}")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("<img")
    page.get_by_label("Tags").fill(HOSTILE)
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator(".entry.from-agent.is-public")).to_contain_text("Draft <img")
    assert_harmless(page)
    page.goto("/agent?q=scholarship")
    expect(page.locator("mark")).to_have_text(["scholarship"])
    page.get_by_text("Save this view").click()
    page.get_by_label("Name").fill("<b>view</b>")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#views")).to_contain_text("<b>view</b>")
    page.get_by_label("Search").fill(HOSTILE)
    expect(page.get_by_text(re.compile("No ticket fits|Subject <img")).first).to_be_visible()
    assert_harmless(page)


def assert_harmless(page: Page) -> None:
    """Nothing of what was written became part of the page."""
    assert page.evaluate("document.documentElement.id") == ""
    found = page.evaluate("document.querySelectorAll('main img[src=x], main bdi b, .words b, .tag b, #views b').length")
    assert found == 0


def test_the_desk_works_without_javascript(seat: Callable[..., Seat], priya_account: Browser, desk: Desk) -> None:
    ticket = desk.ticket()
    page = seat(priya_account, java_script_enabled=False).page
    page.goto("/agent")
    page.get_by_role("checkbox", name=f"Choose {ticket.reference}").check()
    page.locator("#bulk-priority").select_option("urgent")
    page.get_by_role("button", name="Set the priority").click()
    page.get_by_role("button", name="Undo").click()
    expect(row(page, ticket).locator(".mark")).to_have_text("High")
    page.get_by_role("link", name=ticket.subject).click()
    page.get_by_label("Canned reply").select_option(index=1)
    page.get_by_role("button", name="Insert").click()
    expect(reply(page)).to_have_value(re.compile("Asha"))
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("Asha")
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator(".entry.from-agent")).to_have_count(1)


def test_on_paper_the_story_is_whole_and_the_forms_are_gone(priya: Seat, desk: Desk) -> None:
    ticket = desk.ticket()
    desk.change(ticket, lambda session, found: service.comment(session, found, "Any news?", ASHA))
    page = priya.ticket(ticket)
    page.emulate_media(media="print")
    for shown in ("The bank shows two payments.", "Any news?"):
        expect(story(page).get_by_text(shown)).to_be_visible()
    expect(page.locator("#facts")).to_be_visible()
    for gone in (".write", "#work", "#about", ".top", ".crumb"):
        expect(page.locator(gone).first).to_be_hidden()


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    seat: Callable[..., Seat], priya_account: Browser, desk: Desk, look: str
) -> None:
    page = seat(priya_account, **LOOKS[look]).page
    ticket = desk.ticket("Exam fee charged twice, and the receipt shows a third amount", details={"amount": "450"})
    again = desk.ticket("Again", requester_id=ticket.requester_id, description="payment " + "w" * 300)
    actor = Actor("agent", "Ravi Kumar")
    desk.change(ticket, lambda session, found: service.note(session, found, "Ask **finance**.", actor))
    desk.change(ticket, lambda session, found: tags.change(session, found, actor, add=["exam", "refund"]))
    desk.change(ticket, lambda session, found: service.reply(session, found, "On our way.", actor))

    def checked(where: str) -> None:
        assert violations(page) == [], where
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} is wider than the screen"

    page.goto("/agent?q=payments")
    checked("a search")
    page.goto("/agent?sort=oldest")
    page.get_by_text("Save this view").click()
    page.get_by_role("checkbox", name=f"Choose {again.reference}").check()
    checked("the queue with everything open")
    page.get_by_role("button", name="Set the status").click()
    expect(page.locator("#bulk-problem")).to_be_visible()
    checked("a refused change of many")
    page.goto(f"/agent/tickets/{ticket.reference}")
    for summary in page.locator(".ticket summary").all():
        summary.click()
    checked("a ticket with everything open")
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.locator("#merge-problem")).to_be_visible()
    checked("a refused form")
    if look.startswith("desktop"):
        page.keyboard.press("Escape")
        page.locator("h1").click()
        page.keyboard.press("?")
        checked("the sheet of keys")


def test_on_a_phone_a_ticket_is_found_and_answered(
    seat: Callable[..., Seat], priya_account: Browser, desk: Desk
) -> None:
    ticket = desk.ticket()
    page = seat(priya_account, **PHONE).page
    page.goto("/agent")
    page.get_by_label("Search").fill("payments")
    row(page, ticket).locator("[data-open]").tap()
    reply(page).fill("The bank sends it back.")
    page.get_by_role("button", name="Send reply").tap()
    expect(page.locator(".entry.from-agent")).to_contain_text("The bank sends it back.")
