"""The whole walk in real browsers before the running programs: from making an account to the figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from helpsage.people import accounts
from helpsage.people.models import Role
from tests.browser.chat import Chat
from tests.browser.conftest import log_in
from tests.browser.looks import PHONE
from tests.stack import Login, Stack

PROBLEM = "the printer on the second floor is broken, it shows error 49"
ANSWER = "A technician comes at three."
SOLUTION = "He changed the fuser. It prints again."
THANKS = "Quick, and kindly explained."
#: Letters and answers pass through the worker.
PATIENCE_MS = 15_000

numbers = count(1)


@dataclass
class Desk:
    """The people of this desk, and a person who asks."""

    live: Stack
    new_page: Callable[..., Page]
    administrator: Login
    lead: Login
    person: Login

    def enter(self, who: Login, page: Page | None = None) -> Page:
        """A browser in which somebody has logged in."""
        page = page or self.new_page()
        page.goto(f"{self.live.web_url}/login")
        page.get_by_label("E-mail address").fill(who.email)
        page.get_by_label("Password").fill(who.password)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(lambda address: "/login" not in address)
        return page

    def mailed_link(self, to: str) -> str:
        """The link in the newest letter to this address, as an administrator finds it in the outbox."""
        page = self.enter(self.administrator)
        page.goto(f"{self.live.web_url}/agent/mail")
        page.get_by_role("row").filter(has_text=to).get_by_role("link").first.click()
        link = page.get_by_label("The letter").locator("a[href*='token=']").get_attribute("href")
        assert link is not None
        assert link.startswith(f"{self.live.web_url}/")
        page.context.close()
        return link


@pytest.fixture
def desk(live: Stack, new_page: Callable[..., Page]) -> Desk:
    """An administrator, a lead and an agent work here; of the person nothing is known yet."""
    n = next(numbers)
    staff = {
        role: Login(f"{role.value}{n}@desk.example", "correct horse battery staple", name)
        for role, name in ((Role.ADMINISTRATOR, "Olivia Grant"), (Role.LEAD, "Marek Novak"))
    }
    with live.session() as session, session.begin():
        for role, who in staff.items():
            accounts.create(session, who.email, who.name, who.password, role)
    person = Login(f"asha{n}@student.example", "seven green bottles", "Asha Patel")
    return Desk(live, new_page, staff[Role.ADMINISTRATOR], staff[Role.LEAD], person)


def test_register_chat_ticket_answer_rating_figures(desk: Desk) -> None:
    lead = desk.enter(desk.lead)
    before = figures(lead, desk.live)

    person = desk.new_page()
    register(person, desk)
    confirm(person, desk)
    person.get_by_role("button", name="Log out").click()
    desk.enter(desk.person, person)
    expect(person.get_by_role("heading", name="Nothing yet")).to_be_visible()

    person.get_by_role("link", name="Chat", exact=True).click()
    chat = Chat(person, desk.live.web_url).wait_until_connected()
    reference = file_ticket(chat, desk)
    expect(person.locator("#tickets .ref")).to_have_text(reference, timeout=PATIENCE_MS)

    ticket = person.context.new_page()
    ticket.goto(f"{desk.live.web_url}/my")
    ticket.get_by_role("link", name="printer").click()
    expect(ticket.locator("#ticket-head .pill")).to_have_text("Received")

    agent = log_in(desk.new_page(), desk.live)
    take(agent, reference, desk)
    answer(agent, ANSWER, "waiting")
    expect(chat.root.locator(".row.agent").last).to_contain_text(ANSWER, timeout=PATIENCE_MS)
    expect(chat.root.locator(".row.agent").last).to_contain_text(desk.live.agent.name)
    expect(ticket.locator(".entry.from-agent")).to_contain_text(ANSWER, timeout=PATIENCE_MS)
    expect(ticket.locator("#ticket-head .pill")).to_have_text("Waiting for you")

    answer(agent, SOLUTION, "resolved")
    expect(ticket.locator("[aria-current=step]")).to_contain_text("Solved", timeout=PATIENCE_MS)
    expect(person.locator("#tickets .pill")).to_have_text("Solved", timeout=PATIENCE_MS)
    rate(ticket)

    after = figures(lead, desk.live)
    assert {name: after[name] - before[name] for name in after} == {"Opened": 1, "Resolved": 1, "Ratings": 1}
    find_behind_the_figure(lead, reference)


def test_on_a_phone_a_chat_begun_as_nobody_is_found_again_after_registering(desk: Desk) -> None:
    phone = desk.new_page(**PHONE)
    reference = Chat(phone, desk.live.web_url).open_page().report(PROBLEM)
    register(phone, desk)
    confirm(phone, desk)
    Chat(phone, desk.live.web_url).open_page()
    phone.goto(f"{desk.live.web_url}/my")
    phone.get_by_role("link", name="printer").tap()
    expect(phone.locator("#ticket-head")).to_contain_text(reference)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")

    answer(take(log_in(desk.new_page(), desk.live), reference, desk), SOLUTION, "resolved")
    expect(phone.locator(".entry.from-agent")).to_contain_text(SOLUTION, timeout=PATIENCE_MS)
    rate(phone)


# --- the steps


def register(page: Page, desk: Desk) -> None:
    """Ask for an account, from the front page on."""
    page.goto(desk.live.web_url)
    page.get_by_role("link", name="Log in").first.click()
    page.get_by_role("link", name="Make one").click()
    page.get_by_label("Your name").fill(desk.person.name)
    page.get_by_label("E-mail address").fill(desk.person.email)
    page.get_by_label("Password").fill(desk.person.password)
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    assert desk.live.query("select 1 from account where email = %s", desk.person.email) == []


def confirm(page: Page, desk: Desk) -> None:
    """Prove the address by the link of the letter."""
    page.goto(desk.mailed_link(desk.person.email))
    expect(page.locator("main")).to_contain_text(desk.person.email)
    page.get_by_role("button", name="Confirm my address").click()
    page.wait_for_url("**/my*")
    expect(page.get_by_role("status").first).to_contain_text("Your address is confirmed")


def file_ticket(chat: Chat, desk: Desk) -> str:
    """Say what is wrong and answer the assistant's questions until there is a ticket."""
    reference = chat.report(PROBLEM)
    said = chat.bubbles("person")
    assert len(said) >= 3, f"it asked nothing before it filed: {said}"
    assert said[-1] == "Send", "it showed what it would send, and waited for a yes"
    found = desk.live.query(
        "select email, category, channel from ticket join person on person.id = requester_id where number = %s",
        reference.removeprefix("HS-"),
    )
    assert found == [(desk.person.email, "printer_problem", "webchat")]
    return reference


def take(agent: Page, reference: str, desk: Desk) -> Page:
    """Find it in the queue, read it, make it one's own."""
    agent.goto(f"{desk.live.web_url}/agent")
    agent.get_by_role("link", name=reference).click()
    agent.get_by_text("The chat that led here").click()
    expect(agent.locator(".transcript")).to_contain_text(PROBLEM)
    expect(agent.locator("#facts")).to_contain_text(desk.person.email)
    agent.get_by_role("button", name="Take it").click()
    expect(agent.get_by_role("region", name="Work on it")).to_contain_text(f"With {desk.live.agent.name}")
    return agent


def answer(agent: Page, words: str, status: str) -> None:
    """Reply, and set the status with it."""
    agent.get_by_label("Reply to").fill(words)
    agent.get_by_label("And the status").select_option(status)
    agent.get_by_role("button", name="Send reply").click()
    expect(agent.locator(".entry.from-agent").last).to_contain_text(words)


def rate(page: Page) -> None:
    """Say how the help was, on the ticket's page."""
    page.get_by_role("radio", name="5 very good").check()
    page.get_by_label("A few words").fill(THANKS)
    page.get_by_role("button", name="Rate").click()
    expect(page.get_by_text("You rated the help 5 of 5")).to_be_visible()


def figures(lead: Page, live: Stack) -> dict[str, int]:
    """What the lead reads today."""
    found = {}
    for path, names in (("/analytics", ("Opened", "Resolved")), ("/analytics/satisfaction", ("Ratings",))):
        lead.goto(f"{live.web_url}{path}")
        for name in names:
            tile = lead.locator(".tile").filter(has=lead.get_by_role("heading", name=name, exact=True))
            found[name] = int(tile.locator(".tile-figure").inner_text().replace(",", ""))
    return found


def find_behind_the_figure(lead: Page, reference: str) -> None:
    """From the number of ratings to the ticket itself."""
    expect(lead.locator(".comments li").first).to_contain_text(THANKS)
    tile = lead.locator(".tile").filter(has=lead.get_by_role("heading", name="Ratings", exact=True))
    tile.locator(".tile-figure").get_by_role("link").click()
    lead.wait_for_url("**/analytics/tickets?*what=rated*")
    lead.get_by_role("row").filter(has_text=reference).locator(".subject bdi").click()
    expect(lead.locator("#ticket-head")).to_contain_text(reference)
    expect(lead.locator("#facts")).to_contain_text("5 of 5")
    expect(lead.locator("#facts")).to_contain_text(THANKS)
