"""A line that breaks, a page that is loaded again: nothing is lost and nothing is doubled."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.chat import PATIENCE_MS, Chat
from tests.browser.site import site
from tests.stack import Stack


def said(live: Stack, text: str) -> int:
    """How often the server has these words."""
    return int(str(live.query("select count(*) from message where author = 'person' and text = %s", text)[0][0]))


def test_history_is_there_after_a_reload(chat: Chat) -> None:
    chat.open_page().say("hello")
    before = chat.root.locator(".row .bubble").all_inner_texts()
    chat.page.reload()
    chat.wait_until_connected()
    expect(chat.rows).to_have_count(len(before))
    assert chat.root.locator(".row .bubble").all_inner_texts() == before


def test_words_written_offline_arrive_once_and_in_order(chat: Chat, live: Stack) -> None:
    chat.open_page().say("hello")
    chat.page.context.set_offline(True)
    expect(chat.root).to_have_attribute("data-line", "reconnecting", timeout=PATIENCE_MS)
    expect(chat.root.locator(".line")).to_contain_text("offline")
    words = [f"written offline {i} {id(chat)}" for i in range(3)]
    for text in words:
        chat.write(text)
    expect(chat.pending).to_have_count(3)
    expect(chat.pending.first).to_contain_text("Not sent yet")
    chat.page.context.set_offline(False)
    expect(chat.pending).to_have_count(0, timeout=PATIENCE_MS)
    assert [text for text in chat.bubbles("person") if "offline" in text] == words
    assert [said(live, text) for text in words] == [1, 1, 1]


def test_words_not_sent_survive_closing_the_page(chat: Chat, live: Stack) -> None:
    chat.open_page().say("hello")
    chat.page.context.set_offline(True)
    expect(chat.root).to_have_attribute("data-line", "reconnecting", timeout=PATIENCE_MS)
    text = f"closed too early {id(chat)}"
    chat.write(text)
    expect(chat.pending).to_have_count(1)
    context = chat.page.context
    chat.page.close()
    context.set_offline(False)
    back = Chat(context.new_page(), live.web_url).open_page()
    expect(back.pending).to_have_count(0, timeout=PATIENCE_MS)
    expect(back.root.get_by_text(text)).to_have_count(1)
    assert said(live, text) == 1


def test_a_lost_acknowledgement_does_not_double_the_words(live: Stack, new_page: Callable[..., Page]) -> None:
    page = new_page()
    lost: list[str] = []
    page.route_web_socket("**/socket.io/**", lambda route: _lose_first_acknowledgement(route, lost))
    chat = Chat(page, live.web_url).open_page()
    text = f"acknowledged into the void {id(page)}"
    chat.write(text)
    expect(chat.rows.get_by_text(text)).to_have_count(1, timeout=PATIENCE_MS)
    expect(chat.pending).to_have_count(0)
    assert lost, "the first acknowledgement was lost"
    assert said(live, text) == 1


def _lose_first_acknowledgement(route: WebSocketRoute, lost: list[str]) -> None:
    server = route.connect_to_server()

    def from_server(message: str | bytes) -> None:
        # "43" begins a Socket.IO acknowledgement: the line breaks just then.
        if isinstance(message, str) and message.startswith("43") and not lost:
            lost.append(message)
            route.close(code=4000)
            return
        route.send(message)

    server.on_message(from_server)


def test_what_is_typed_and_not_sent_survives_a_reload(chat: Chat) -> None:
    chat.open_page()
    chat.input.fill("half a sent")
    chat.page.reload()
    expect(chat.input).to_have_value("half a sent")


def test_two_tabs_show_the_same_conversation(chat: Chat, live: Stack) -> None:
    chat.open_page()
    other = Chat(chat.page.context.new_page(), live.web_url).open_page()
    chat.say("hello")
    expect(other.rows).to_have_count(chat.rows.count(), timeout=PATIENCE_MS)
    assert other.seqs() == chat.seqs()


def test_an_unusable_token_begins_anew_and_says_so(chat: Chat) -> None:
    chat.open_page().say("hello")
    chat.page.evaluate(
        """() => { for (const key of Object.keys(localStorage))
                     if (key.endsWith(':token')) localStorage.setItem(key, 'not.a.token'); }"""
    )
    chat.page.reload()
    chat.wait_until_connected()
    chat.say("hello again")
    assert chat.bubbles("person") == ["hello again"]


def test_a_page_that_may_not_embed_the_chat_is_told(live: Stack, new_page: Callable[..., Page]) -> None:
    chat = Chat(new_page(), live.web_url)
    html = f"<!doctype html><title>Elsewhere</title><script src='{live.web_url}/chat.js'></script>"
    with site({"/": html}) as url:
        chat.page.goto(url)
        chat.root.locator(".launcher").click()
        expect(chat.root.locator(".line")).to_contain_text("may not show this chat", timeout=PATIENCE_MS)
    expect(chat.input).to_be_disabled()
