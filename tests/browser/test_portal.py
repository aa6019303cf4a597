"""The requester's pages in a real browser: live, by keyboard, on a phone, with and without scripts, clean for axe."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from tests.browser.looks import LOOKS, violations
from tests.integration.attachments.conftest import picture
from tests.integration.portal.conftest import Browser, Desk, asha, desk, enter
from tests.integration.web.conftest import database, web_url

__all__ = ["asha", "database", "desk", "enter", "web_url"]

PICTURE = {"name": "photo.png", "mimeType": "image/png", "buffer": picture()}


def let_in(context: BrowserContext, who: Browser) -> None:
    """The browser has the session of someone who is logged in."""
    token = who.cookies["helpsage_session"]
    context.add_cookies([{"name": "helpsage_session", "value": token, "url": str(who.base_url)}])


@pytest.fixture
def page(new_page: Callable[..., Page], asha: Browser) -> Iterator[Page]:
    """Asha's browser."""
    opened = new_page(base_url=str(asha.base_url))
    let_in(opened.context, asha)
    yield opened
    opened.goto("about:blank")  # lets go of the stream


def problem_of_asha(asha: Browser, desk: Desk) -> Ticket:
    """A ticket with everything on it."""
    ticket = desk.ticket(asha, "Exam fee charged twice", details={"place": "B 12"})
    desk.reply(ticket, "Which of the two?", "waiting")
    asha.send_files(asha.ticket_form(ticket, "reply"), [("photo.png", picture()), ("log.txt", b"words")], body="These.")
    return ticket


def test_an_answer_appears_by_itself_and_typed_words_stay(page: Page, asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    with page.expect_response("**/my/live*"):
        page.goto(f"/my/tickets/{ticket.reference}")
    page.get_by_label("Your answer").fill("half a sentence")
    desk.reply(ticket, "It is fixed.", "resolved")
    expect(page.get_by_text("It is fixed.")).to_be_visible()
    expect(page.get_by_role("button", name="Yes, it is solved")).to_be_visible()
    expect(page.locator("[aria-current=step]")).to_contain_text("Solved")
    expect(page.locator("#body")).to_have_value("half a sentence")
    page.get_by_role("button", name="Yes, it is solved").click()
    expect(page.locator("#ticket-head .pill")).to_have_text("Closed")


def test_the_list_changes_by_itself(page: Page, asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    with page.expect_response("**/my/live*"):
        page.goto("/my")
    desk.reply(ticket, "Which?", "waiting")
    expect(page.locator(".card .pill")).to_have_text("Waiting for you")


def test_a_ticket_by_form_with_a_picture(page: Page, asha: Browser, desk: Desk) -> None:
    page.goto("/my/new")
    page.get_by_label("In a few words").fill("Charged twice")
    page.get_by_label("What is it about?").select_option("double_charge")
    page.get_by_label("Amount", exact=True).fill("450")
    expect(page.get_by_label("In a few words")).to_have_value("Charged twice")
    page.get_by_label("What happened?").fill("The bank shows two payments.")
    page.get_by_label("Date of payment").fill("2026-03-31")
    page.locator("#files").set_input_files(PICTURE)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#answer-transaction_id")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("checkbox", name="I do not have this").last.check()
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url("**/my/tickets/*")
    thumbnail = page.get_by_role("img", name="photo.png")
    expect(thumbnail).to_be_visible()
    thumbnail.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.file-picture img').naturalWidth > 0")
    with page.context.expect_page() as opened:
        thumbnail.click()
    opened.value.wait_for_function("document.images[0]?.naturalWidth === 640")
    assert desk.tickets(asha)[0].gaps == ["transaction_id"]


def test_all_of_it_without_javascript(new_page: Callable[..., Page], asha: Browser, desk: Desk) -> None:
    page = new_page(base_url=str(asha.base_url), java_script_enabled=False)
    let_in(page.context, asha)
    page.goto("/my/new")
    page.get_by_label("In a few words").fill("Charged twice")
    page.get_by_label("What is it about?").select_option("library_problem")
    page.get_by_role("button", name="Show its questions").click()
    page.locator("#answer-item").fill("The Odyssey")
    page.get_by_label("What happened?").fill("It is lost.")
    page.get_by_role("button", name="Send", exact=True).click()
    [ticket] = desk.tickets(asha)
    assert ticket.details == {"item": "The Odyssey"}
    page.get_by_label("Your answer").fill("Found it.")
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("button", name="Close this ticket").click()
    page.get_by_label("5").check()
    page.get_by_role("button", name="Rate").click()
    expect(page.get_by_text("You rated the help 5 of 5")).to_be_visible()
    page.goto("/my")
    page.get_by_label("Status").select_option("finished")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".card")).to_have_count(1)


def test_the_archive_is_downloaded(page: Page) -> None:
    page.goto("/my/data")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my data").click()
    assert download.value.suggested_filename.startswith("my-data-")


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(new_page: Callable[..., Page], asha: Browser, desk: Desk, look: str) -> None:
    page = new_page(base_url=str(asha.base_url), reduced_motion="reduce", **LOOKS[look])
    let_in(page.context, asha)
    page.goto("/my")
    assert violations(page) == [], "nothing yet"
    ticket = problem_of_asha(asha, desk)
    solved = desk.ticket(asha, "Solved one")
    desk.reply(solved, "Done.", "resolved")
    places = (
        "/my",
        "/my/new?category=website_down",
        f"/my/tickets/{ticket.reference}",
        f"/my/tickets/{solved.reference}",
    )
    for place in (*places, "/my/profile", "/my/notifications", "/my/data"):
        page.goto(place)
        assert violations(page) == [], place
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{place} is wider than the screen"
    page.goto("/my/new?category=double_charge")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("[data-focus]")).to_be_focused()
    assert violations(page) == [], "with what is wrong"
    page.goto("about:blank")


def test_the_story_is_told_to_the_end(page: Page, asha: Browser, desk: Desk) -> None:
    ticket = problem_of_asha(asha, desk)
    page.goto(f"/my/tickets/{ticket.reference}")
    page.get_by_label("Your answer").fill("And thanks.")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Send", exact=True).press("Enter")
    expect(page.locator("#newest, .entry").filter(has_text="And thanks.")).to_be_visible()
    desk.change(ticket, lambda session, found: service.close(session, found, service.Actor("agent", "Priya")))
    expect(page.locator("#ticket-head .pill")).to_have_text("Closed")


def test_on_paper_is_the_story_and_no_form(page: Page, asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    desk.reply(ticket, "It is fixed.", "resolved")
    page.goto(f"/my/tickets/{ticket.reference}")
    expect(page.get_by_role("button", name="Rate")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_text("It is fixed.")).to_be_visible()
    expect(page.locator("form:visible, button:visible, textarea:visible")).to_have_count(0)
