"""A person and an agent in the same chat, each in a browser of their own; nothing is reloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import PATIENCE_MS, Chat
from tests.browser.conftest import log_in
from tests.browser.looks import LOOKS, violations
from tests.integration.attachments.conftest import picture
from tests.integration.jobs.conftest import eventually
from tests.stack import Stack

WANTED = "I want to talk to a human"


@pytest.fixture(autouse=True)
def nobody_waits(live: Stack) -> Iterator[None]:
    """What another test left open is over."""
    yield
    live.query("update handoff set ended_at = now() where ended_at is null")
    live.query("update conversation set owner = 'bot' where owner <> 'bot'")


def test_asked_for_taken_talked_and_given_back(live: Stack, agent: Page, chat: Chat) -> None:
    agent.goto(f"{live.web_url}/agent/chats")
    expect(agent.get_by_text("Nobody wants to talk right now.")).to_be_visible()
    chat.open_page().write("my screen stays black")
    chat.say(WANTED)
    expect(chat.root.locator(".human")).to_have_text("Waiting for a person: you are next", timeout=PATIENCE_MS)

    row = agent.locator("#chats-list .talk-row").filter(has_text=WANTED)
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    expect(agent.locator("#chats-badge")).to_have_text("1", timeout=PATIENCE_MS)
    expect(agent).to_have_title("(1) Chats: Help Sage")
    agent.keyboard.press("w")
    expect(chat.root.locator(".human")).to_have_text(f"You are talking with {live.agent.name}", timeout=PATIENCE_MS)
    expect(agent.locator("#chat-log")).to_contain_text("my screen stays black")

    field = agent.get_by_label("Message to", exact=False)
    field.press_sequentially("Is the cable ")
    expect(chat.root.locator(".typing")).to_be_visible(timeout=PATIENCE_MS)
    field.press_sequentially("in?")
    field.press("Enter")
    expect(field).to_have_value("")
    expect(chat.root.locator(".row.agent")).to_contain_text("Is the cable in?", timeout=PATIENCE_MS)

    chat.input.press_sequentially("it is")
    expect(agent.locator("[data-chat-typing]")).to_have_text("They are writing…", timeout=PATIENCE_MS)
    field.fill("half a sentence")
    chat.input.press("Enter")
    expect(agent.locator("#chat-log li").last).to_contain_text("it is", timeout=PATIENCE_MS)
    expect(field).to_have_value("half a sentence")

    agent.get_by_text("End the chat …").click()
    agent.get_by_label("What came of it").fill("The cable was loose.")
    agent.get_by_role("button", name="Back to the assistant").click()
    expect(chat.root.locator(".row.system").last).to_contain_text("The cable was loose.", timeout=PATIENCE_MS)
    expect(chat.root.locator(".human")).to_be_hidden()
    expect(agent.locator("#chats-badge")).to_be_hidden(timeout=PATIENCE_MS)
    said = [author for author in ("agent", "bot") if "The cable" in " ".join(chat.bubbles(author))]
    assert said == []


def test_a_file_of_the_agents_is_there_at_once_and_with_the_history(live: Stack, agent: Page, chat: Chat) -> None:
    agent.goto(f"{live.web_url}/agent/chats")
    chat.open_page().say(WANTED)
    expect(agent.locator("#chats-list .talk-row")).to_be_visible(timeout=PATIENCE_MS)
    agent.keyboard.press("w")
    expect(chat.root.locator(".human")).to_have_text(f"You are talking with {live.agent.name}", timeout=PATIENCE_MS)
    files = agent.locator("input[name=files]")
    files.set_input_files({"name": "plan.png", "mimeType": "image/png", "buffer": picture()})
    agent.get_by_role("button", name="Send", exact=True).click()
    link = chat.root.locator(".row.agent .files a")
    expect(link).to_contain_text("plan.png", timeout=PATIENCE_MS)
    expect(link.locator("img")).to_have_js_property("complete", True)
    assert link.locator("img").evaluate("image => image.naturalWidth") > 0
    with chat.page.expect_download() as saved:
        link.evaluate("link => { link.target = ''; link.click(); }")
    assert saved.value.path().read_bytes() == picture()
    chat.page.reload()
    expect(link.locator("img")).to_be_visible(timeout=PATIENCE_MS)


def test_whoever_waits_can_stop_waiting(live: Stack, agent: Page, chat: Chat) -> None:
    agent.goto(f"{live.web_url}/agent/chats")
    chat.open_page().say(WANTED)
    chat.root.locator(".chip", has_text="Stop waiting").click()
    expect(chat.root.locator(".human")).to_be_hidden(timeout=PATIENCE_MS)
    expect(agent.locator("#chats-list .talk-row")).to_have_count(0, timeout=PATIENCE_MS)


def test_a_suggestion_goes_into_the_reply_by_a_key_and_by_a_click(live: Stack, agent: Page, chat: Chat) -> None:
    agent.goto(f"{live.web_url}/agent/chats")
    chat.open_page().write("how do I get on the wifi in the dorm")
    chat.say(WANTED)
    expect(agent.locator("#chats-list .talk-row")).to_be_visible(timeout=PATIENCE_MS)
    agent.keyboard.press("w")
    expect(agent.get_by_label("Message to", exact=False)).to_be_visible(timeout=PATIENCE_MS)
    # The first time they are made beside the requests.
    nearest = agent.locator("[data-key-insert='1']")
    eventually(lambda: nearest.count() or (agent.reload() and nearest.count()))
    expect(nearest).to_be_visible()
    field = agent.get_by_label("Message to", exact=False)
    agent.locator("h2").first.click()
    agent.keyboard.press("1")
    expect(field).to_be_focused()
    suggested = nearest.get_attribute("data-suggested") or ""
    assert suggested
    assert field.input_value().strip() == suggested.strip()
    field.fill("Hello. ")
    nearest.click()
    assert field.input_value().startswith("Hello. \n\n")
    expect(field).to_be_focused()
    assert violations(agent) == []


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(live: Stack, new_page: Callable[..., Page], chat: Chat, look: str) -> None:
    page = log_in(new_page(reduced_motion="reduce", **LOOKS[look]), live)
    page.goto(f"{live.web_url}/agent/chats")
    assert violations(page) == [], "nobody waits"
    chat.open_page().write("the WIFI is down!!! this is unacceptable")
    chat.say(WANTED)
    expect(page.locator("#chats-list .talk-row")).to_be_visible(timeout=PATIENCE_MS)
    assert violations(page) == [], "somebody waits"
    page.locator("#chats-list .talk-row a").first.click()
    page.get_by_role("button", name="Take this chat").click()
    expect(page.get_by_label("Message to", exact=False)).to_be_visible()
    for title in ("End the chat …", "Pass it on …", "Make a ticket …"):
        page.get_by_text(title).click()
    assert violations(page) == [], "in a chat"
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert violations(chat.page) == [], "the person's side"
