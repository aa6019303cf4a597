"""The help centre and the articles' pages in a real browser: phone, search as one types, votes, two editors, axe."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import LOOKS, PHONE, violations
from tests.browser.test_portal import let_in
from tests.integration.help.conftest import EDUROAM, Shelf, lena, priya, shelf
from tests.integration.portal.conftest import Browser, Desk, asha, desk, enter
from tests.integration.web.conftest import database, web_url

__all__ = ["asha", "database", "desk", "enter", "lena", "priya", "shelf", "web_url"]

NewPage = Callable[..., Page]
LONG = EDUROAM + "\n" + "\n".join(f"\n## Part {number}\n\n" + "Words and more words. " * 80 for number in range(6))
TABLE = "| a | b |\n|---|---|\n| long `code` | x |\n\n> Quoted.\n\n### Deep\n\n1. One\n2. Two"
HOSTILE = """## <img src=x onerror="document.documentElement.id='hacked'">

<script>document.documentElement.id='hacked'</script> [press](javascript:document.documentElement.id='hacked')
"""


@pytest.fixture
def full(shelf: Shelf) -> Shelf:
    shelf.article(body=LONG, title="Connect to eduroam on any device")
    shelf.article("pay-fees", "How.\n\n## By bank transfer\n\nSend it to our bank.", category="money")
    shelf.article("vpn-from-home", TABLE)
    shelf.findable()
    return shelf


def as_(new_page: NewPage, who: Browser, **options: object) -> Page:
    page = new_page(base_url=str(who.base_url), reduced_motion="reduce", **options)
    let_in(page.context, who)
    return page


def test_an_article_is_read_on_a_phone(new_page: NewPage, full: Shelf, web_url: str) -> None:
    page = new_page(base_url=web_url, **PHONE)
    page.goto("/help")
    page.get_by_role("link", name="Wi-Fi and network").click()
    page.get_by_role("link", name="Connect to eduroam on any device").click()
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="Part 4").click()
    expect(page.get_by_role("heading", name="Part 4")).to_be_in_viewport()
    assert page.url.endswith("/help/connect-to-eduroam#part-4")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0


def test_a_link_of_the_chat_leads_to_the_section(new_page: NewPage, full: Shelf, web_url: str) -> None:
    page = new_page(base_url=web_url)
    page.goto("/help/connect-to-eduroam#part-5")
    expect(page.get_by_role("heading", name="Part 5")).to_be_in_viewport()
    assert page.evaluate("document.querySelector(':target').textContent") == "Part 5"


def test_results_appear_while_one_types(new_page: NewPage, full: Shelf, web_url: str) -> None:
    page = new_page(base_url=web_url)
    page.goto("/help")
    search = page.get_by_role("searchbox", name="What do you want to do?")
    search.press_sequentially("bank trans", delay=30)
    expect(page.locator("#results mark").first).to_have_text("bank")
    expect(search).to_have_value("bank trans")
    expect(search).to_be_focused()
    assert "q=bank" in page.url
    search.fill("qwxzvkj")
    expect(page.get_by_role("heading", name="Nothing is written about that yet")).to_be_visible()
    expect(page.locator("#results").get_by_role("link", name="Ask in the chat")).to_be_visible()
    search.fill("bank transfer")
    page.locator("#results").get_by_role("link", name="Pay fees").click()
    page.wait_for_url("**/help/pay-fees#by-bank-transfer")


def test_the_chat_leads_to_the_articles_of_its_department(new_page: NewPage, full: Shelf, web_url: str) -> None:
    full.department("library")
    for query in ("", "?desk=w-library"):
        page = new_page(base_url=web_url)
        page.goto(f"/help{query}")
        page.get_by_role("button", name="Open the chat").click()
        link = page.get_by_role("link", name="Help articles (opens in a new tab)")
        expect(link).to_have_attribute("href", f"{web_url}/help{query}")
        expect(link).to_have_attribute("target", "_blank")


def test_search_and_vote_without_a_script(new_page: NewPage, full: Shelf, web_url: str) -> None:
    page = new_page(base_url=web_url, java_script_enabled=False)
    page.goto("/help")
    page.get_by_role("searchbox").fill("bank transfer")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Pay fees").first.click()
    page.get_by_role("button", name="No", exact=True).click()
    page.get_by_label("What was missing").fill("The account number.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Whoever writes this article reads it")).to_be_visible()


def test_a_reader_votes_once(new_page: NewPage, full: Shelf, web_url: str) -> None:
    page = new_page(base_url=web_url)
    page.goto("/help/pay-fees")
    made = next(each.article.id for each in full.all() if each.article.slug == "pay-fees")
    page.get_by_role("button", name="Yes", exact=True).click()
    expect(page.get_by_text("Good that it helped")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Yes", exact=True)).to_have_count(0)
    assert (full.votes(made).helpful, full.votes(made).not_helpful) == (1, 0)
    page.get_by_role("button", name="It did not after all").click()
    expect(page.get_by_text("Thank you for saying so")).to_be_visible()
    assert (full.votes(made).helpful, full.votes(made).not_helpful) == (0, 1)
    assert full.now(made).views == 2, "what the script fetched is no second reading"


def test_what_looks_like_a_script_in_an_article_is_text(new_page: NewPage, shelf: Shelf, web_url: str) -> None:
    shelf.article(body=HOSTILE, title="<script>document.documentElement.id='hacked'</script>")
    page = new_page(base_url=web_url)
    for address in ("/help", "/help/connect-to-eduroam"):
        page.goto(address)
        assert page.evaluate("document.documentElement.id") != "hacked"
    expect(page.locator(".help-words script, .help-words img")).to_have_count(0)
    expect(page.locator(".help-words")).to_contain_text("<script>")


def test_writing_review_publishing_reading(
    new_page: NewPage, priya: Browser, lena: Browser, shelf: Shelf, web_url: str
) -> None:
    writer, lead, reader = as_(new_page, priya), as_(new_page, lena), new_page(base_url=web_url)
    writer.goto("/agent/articles")
    writer.get_by_role("link", name="New article").click()
    writer.get_by_role("button", name="Save").click()
    expect(writer.locator("#title")).to_have_attribute("aria-invalid", "true")
    writer.get_by_label("Title").fill("Print on campus")
    writer.get_by_label("Category").fill("devices")
    writer.get_by_label("Text", exact=True).fill("## At the library\n\nPress **Print**.")
    writer.get_by_role("button", name="Preview").click()
    expect(writer.locator("#preview strong")).to_have_text("Print")
    writer.get_by_role("button", name="Save").click()
    expect(writer.get_by_text("Only colleagues see it")).to_be_visible()
    writer.wait_for_url("**/agent/articles/*-*")
    writer.get_by_role("button", name="Submit for review").click()
    expect(writer.locator(".pill")).to_have_text("In review")
    assert reader.goto("/help/print-on-campus").status == 404  # type: ignore[union-attr]
    lead.goto("/agent/articles")
    lead.get_by_label("Status").select_option("in_review")
    lead.get_by_role("link", name="Print on campus").click()
    lead.get_by_role("button", name="Publish").click()
    expect(lead.locator(".pill")).to_have_text("Published")
    reader.goto("/help/print-on-campus")
    expect(reader.get_by_role("heading", name="At the library")).to_be_visible()


def test_two_editors_lose_nothing(new_page: NewPage, priya: Browser, lena: Browser, shelf: Shelf) -> None:
    made = shelf.draft()
    first, second = as_(new_page, priya), as_(new_page, lena)
    first.goto(f"/agent/articles/{made}")
    second.goto(f"/agent/articles/{made}")
    first.get_by_label("Text", exact=True).fill("Priya's words.")
    second.get_by_label("Text", exact=True).fill("Lena's words.")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_text("Saved.", exact=True)).to_be_visible()
    # A reload brings the typed words back, and they are still known to be about what was there before.
    first.reload()
    expect(first.get_by_label("Text", exact=True)).to_have_value("Priya's words.")
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_role("alert").first).to_contain_text("Somebody else changed this article meanwhile")
    expect(first.get_by_label("Text", exact=True)).to_have_value("Priya's words.")
    expect(first.locator(".art-diff .is-removed")).to_contain_text("Lena's words.")
    assert shelf.newest(made).body == "Lena's words."
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_text("Saved.", exact=True)).to_be_visible()
    assert shelf.newest(made).body == "Priya's words."
    first.reload()
    expect(first.get_by_label("Text", exact=True)).to_have_value("Priya's words.")
    expect(first.locator("input[name=revision]").first).to_have_value(str(shelf.now(made).revision))


def test_the_ticket_form_offers_articles_while_one_writes(new_page: NewPage, full: Shelf, asha: Browser) -> None:
    page = as_(new_page, asha)
    page.goto("/my/new")
    page.get_by_label("What happened?").fill("half a sentence")
    page.get_by_label("In a few words").press_sequentially("pay my fees by bank transfer", delay=10)
    expect(page.locator("#seen").get_by_role("link", name="Pay fees")).to_be_visible()
    expect(page.get_by_label("In a few words")).to_be_focused()
    expect(page.get_by_label("What happened?")).to_have_value("half a sentence")


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(
    new_page: NewPage, full: Shelf, lena: Browser, asha: Browser, desk: Desk, web_url: str, look: str
) -> None:
    staff = full.article("for-staff", "Words.", audience="staff")
    made = full.draft("a-draft", EDUROAM)
    full.edit(made, EDUROAM.replace("Run the installer.", "Run it."))
    ticket = desk.ticket(asha)
    desk.reply(ticket, "Open tray 2.")
    stranger = new_page(base_url=web_url, reduced_motion="reduce", **LOOKS[look])
    lead = as_(new_page, lena, **LOOKS[look])
    looked_at = (
        *(
            (stranger, path, 200)
            for path in ("/help", "/help?q=bank+transfer", "/help?q=qwxzvkj", "/help/category/money")
        ),
        *((stranger, path, 200) for path in ("/help/connect-to-eduroam", "/help/vpn-from-home")),
        (stranger, "/help/no-such", 404),
        (lead, "/help/for-staff", 200),
        *((lead, f"/agent/articles{path}", 200) for path in ("", "?q=nothing-has-this", "/new", "/import")),
        *((lead, f"/agent/articles/{made}{path}", 200) for path in ("", "/versions", "/versions/1")),
        (lead, f"/agent/articles/{staff}", 200),
        (lead, f"/agent/articles/from/{ticket.reference}", 200),
        (lead, f"/agent/tickets/{ticket.reference}", 200),
    )
    for page, address, status in looked_at:
        answer = page.goto(address)
        assert answer is not None
        assert (address, answer.status) == (address, status)
        assert (address, violations(page)) == (address, [])
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (address, wide) == (address, 0)
    stranger.goto("/help/pay-fees")
    stranger.get_by_role("button", name="No", exact=True).click()
    stranger.get_by_label("What was missing").wait_for()
    assert violations(stranger) == [], "after a no"
    lead.goto(f"/agent/articles/{made}")
    full.edit(made, "Theirs.")
    lead.get_by_label("Text", exact=True).fill("Mine.")
    lead.get_by_role("button", name="Save").click()
    lead.locator(".art-diff").wait_for()
    assert violations(lead) == [], "overtaken"
