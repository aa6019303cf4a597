"""The whole story, as people see it: a problem, a ticket, an agent's answer, the person's answer."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.chat import Chat
from tests.browser.conftest import log_in
from tests.stack import Stack

PROBLEM = "the printer on the second floor is broken, it shows error 49"


def test_from_the_first_word_to_the_answer_on_the_ticket(chat: Chat, agent: Page, live: Stack) -> None:
    chat.open_panel()
    reference = chat.report(PROBLEM)
    assert reference.startswith("HS-")

    agent.goto(f"{live.web_url}/agent")
    agent.get_by_role("link", name=reference).click()
    expect(agent.get_by_role("heading", level=1)).to_contain_text("printer")
    agent.get_by_text("The chat that led here").click()
    expect(agent.locator(".transcript")).to_contain_text(PROBLEM)

    reply(agent, chat, "A technician comes at three. **Is somebody there?**")
    words = chat.root.locator(".row.agent").last
    expect(words).to_contain_text(live.agent.name)
    expect(words).to_contain_text(f"about {reference}")
    expect(words.locator("strong")).to_have_text("Is somebody there?")

    chat.write("Yes, I am in room 214 all afternoon")
    expect(agent.locator(".entry.from-requester").last).to_contain_text("room 214", timeout=10_000)
    expect(agent.locator(".entry.from-agent .delivery")).to_have_text("in their chat")


def reply(agent: Page, chat: Chat, words: str) -> None:
    """Send a public reply, and wait until the person sees it."""
    agent.get_by_label("Reply to").fill(words)
    agent.get_by_role("button", name="Send reply").click()
    expect(chat.root.locator(".row.agent")).to_have_count(1, timeout=10_000)
    expect(agent.get_by_label("Reply to")).to_have_value("")


def test_an_answer_waits_for_the_person_who_is_away(chat: Chat, agent: Page, live: Stack) -> None:
    reference = chat.open_page().report(PROBLEM)
    context = chat.page.context
    chat.page.close()
    agent.goto(f"{live.web_url}/agent/tickets/{reference}")
    agent.get_by_label("Reply to").fill("It works again.")
    agent.get_by_role("button", name="Send reply").click()
    expect(agent.locator(".entry.from-agent .delivery")).to_have_text("in their chat", timeout=10_000)

    back = Chat(context.new_page(), live.web_url)
    back.page.goto(live.web_url)
    expect(back.root.locator(".launcher")).to_have_accessible_name("Open the chat, 1 new message", timeout=10_000)
    back.root.locator(".launcher").click()
    expect(back.root.locator(".row.agent")).to_contain_text("It works again.")
    expect(back.root.locator(".badge")).to_be_hidden()


def test_a_status_change_reaches_the_person(chat: Chat, agent: Page, live: Stack) -> None:
    reference = chat.open_page().report(PROBLEM)
    agent.goto(f"{live.web_url}/agent/tickets/{reference}")
    agent.get_by_label("Status", exact=True).select_option("resolved")
    agent.locator("form[action$='/status'] button").click()
    expect(agent.locator("#ticket-head .pill")).to_have_text("Resolved")
    expect(chat.root.locator(".row.system").last).to_contain_text(reference, timeout=10_000)


def test_an_open_queue_shows_a_new_ticket_by_itself(chat: Chat, agent: Page, live: Stack) -> None:
    agent.goto(f"{live.web_url}/agent")
    reference = chat.open_page().report(PROBLEM)
    expect(agent.get_by_role("link", name=reference)).to_be_visible(timeout=10_000)


def test_the_queue_filters_while_one_types(chat: Chat, agent: Page, live: Stack) -> None:
    reference = chat.open_page().report(PROBLEM)
    agent.goto(f"{live.web_url}/agent?status=all")
    agent.evaluate("() => { window.sameDocument = true }")
    agent.get_by_label("Search").press_sequentially(reference)
    expect(agent.locator(".queue-table tbody tr")).to_have_count(1)
    expect(agent.locator(".queue-table .ref")).to_have_text(reference)
    agent.get_by_role("search").get_by_label("Priority").select_option("low")
    expect(agent.get_by_text("No ticket fits this filter.")).to_be_visible()
    assert "priority=low" in agent.url
    assert "status=all" in agent.url
    assert agent.evaluate("() => window.sameDocument")
    agent.reload()
    expect(agent.get_by_text("No ticket fits this filter.")).to_be_visible()


def test_an_agents_page_works_without_scripts(chat: Chat, live: Stack, new_page: Callable[..., Page]) -> None:
    reference = chat.open_page().report(PROBLEM)
    page = log_in(new_page(java_script_enabled=False), live)
    page.goto(f"{live.web_url}/agent/tickets/{reference}")
    page.get_by_label("Reply to").fill("Sent by hand.")
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator(".entry.from-agent")).to_contain_text("Sent by hand.")
    page.goto(f"{live.web_url}/agent")
    page.get_by_label("Search").fill(reference)
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".queue-table .ref")).to_have_text(reference)


def test_two_agents_do_not_overwrite_each_other(
    chat: Chat, agent: Page, live: Stack, new_page: Callable[..., Page]
) -> None:
    reference = chat.open_page().report(PROBLEM)
    # This agent's page gets no live updates, so that it is behind.
    agent.route("**/agent/live*", lambda route: route.abort())
    agent.goto(f"{live.web_url}/agent/tickets/{reference}")
    agent.get_by_label("Reply to").fill("We are on it.")
    live.query("update ticket set version = version + 1, priority = 'urgent' where number = %s", reference[3:])
    agent.get_by_role("button", name="Send reply").click()
    expect(agent.locator("#reply-problem")).to_be_focused()
    expect(agent.get_by_label("Reply to")).to_have_value("We are on it.")
    agent.get_by_role("button", name="Send reply").click()
    expect(agent.locator(".entry.from-agent")).to_contain_text("We are on it.")


def test_live_updates_leave_what_the_agent_types_alone(chat: Chat, agent: Page, live: Stack) -> None:
    reference = chat.open_page().report(PROBLEM)
    agent.goto(f"{live.web_url}/agent/tickets/{reference}")
    agent.get_by_label("Reply to").fill("First half,")
    chat.say(f"add to {reference}: it also smells burnt")
    if chat.chips.count():
        chat.chips.first.click()
    live.query("update ticket set priority = 'urgent' where number = %s", reference[3:])
    agent.get_by_role("button", name="Take it").wait_for()
    expect(agent.get_by_label("Reply to")).to_have_value("First half,")
    agent.reload()
    expect(agent.get_by_label("Reply to")).to_have_value("First half,")
