"""The widget for everyone: text is text, keyboard, phone, dark, limits."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import PATIENCE_MS, Chat
from tests.browser.looks import PHONE
from tests.stack import Stack

HTML = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script><b>bold</b>"


def push(live: Stack, conversation: str, text: str) -> None:
    """Let an agent say something, past every check."""
    live.query(
        "with next as (update conversation set last_seq = last_seq + 1 where id = %s returning id, last_seq)"
        " insert into message (conversation_id, seq, author, author_name, text) "
        " select id, last_seq, 'agent', %s, %s from next",
        conversation,
        "Agent <i>Smith</i>",
        text,
    )


def conversation_of(chat: Chat) -> str:
    """The conversation's id, as the widget keeps it."""
    found = chat.page.evaluate("() => Object.entries(localStorage).find(([key]) => key.endsWith(':conversation'))[1]")
    return str(found)


def test_html_is_text_whoever_says_it(chat: Chat, live: Stack) -> None:
    chat.open_page().say(HTML)
    push(live, conversation_of(chat), f"{HTML} [x](javascript:window.hacked=1) [fine](https://example.org/)")
    last = chat.root.locator(".row.agent")
    expect(last).to_contain_text("<b>bold</b>", timeout=PATIENCE_MS)
    expect(last).to_contain_text("Agent <i>Smith</i>")
    assert chat.bubbles("person") == [HTML]
    assert chat.root.locator(".log img, .log script, .log b:not(.byline b), .log i:not(.dots i)").count() == 0
    assert last.locator("a").evaluate_all("links => links.map(link => [link.href, link.rel, link.target])") == [
        ["https://example.org/", "noopener noreferrer nofollow", "_blank"]
    ]
    assert chat.page.evaluate("() => window.hacked") is None


@pytest.mark.parametrize(
    ("text", "selector", "shown"),
    [
        ("**bold** and *soft*", "strong", "bold"),
        ("- one\n- two", "ul li:nth-child(2)", "two"),
        ("3. three\n4. four", "ol[start='3'] li:nth-child(2)", "four"),
        ("use `rm -rf` never", "code", "rm -rf"),
        ("```\n<b>x</b>\n```", "pre code", "<b>x</b>"),
        ("see https://example.org/a_b_c.", "a[href='https://example.org/a_b_c']", "https://example.org/a_b_c"),
        ("snake_case_name and 2*3*4", "p", "snake_case_name and 234"),
        ("[a](javascript:x)", "p", "[a](javascript:x)"),
        ("# Title", "p", "Title"),
    ],
)
def test_light_markdown(chat: Chat, live: Stack, text: str, selector: str, shown: str) -> None:
    chat.open_page()
    push(live, conversation_of(chat), text)
    expect(chat.root.locator(f".row.agent .bubble {selector}").first).to_have_text(shown, timeout=PATIENCE_MS)


def test_a_file_that_an_agent_sends_is_there_to_be_saved(chat: Chat, live: Stack, agent: Page) -> None:
    reference = chat.open_page().report("the wifi is slow in my room")
    agent.goto(f"{live.web_url}/agent/tickets/{reference}")
    agent.get_by_text("Attach files").first.click()
    sent = {"name": "map of <b>floor<b> 2.txt", "mimeType": "text/plain", "buffer": b"Left, then right."}
    agent.locator("#reply-files").set_input_files(sent)
    agent.get_by_label("Reply to").fill("Try the other floor.")
    agent.get_by_role("button", name="Send reply").click()
    link = chat.root.locator(".row.agent .files a")
    expect(link).to_have_text("map of _b_floor_b_ 2.txt 17 byte", timeout=PATIENCE_MS)
    chat.page.reload()
    chat.wait_until_connected()
    address = link.get_attribute("href") or ""
    answer = httpx.get(address)
    assert answer.content == b"Left, then right."
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert httpx.get(address.replace("/chat/files/", "/chat/files/x")).status_code == 404


def test_no_text_makes_the_page_slow(chat: Chat, live: Stack) -> None:
    chat.open_page()
    for hostile in ("*" * 9_000, "[" * 9_000, "`_*[" * 2_000, "](" * 4_000, "http://" * 1_400):
        before = chat.rows.count()
        push(live, conversation_of(chat), hostile)
        expect(chat.rows).to_have_count(before + 1, timeout=3_000)


def test_by_keyboard_alone(chat: Chat) -> None:
    page = chat.page
    page.goto(chat.web_url)
    opener = page.get_by_role("link", name="Start a chat")
    opener.focus()
    page.keyboard.press("Enter")
    expect(chat.input).to_be_focused()
    chat.wait_until_connected()
    page.keyboard.type("how do I connect to the wifi?")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("on my laptop")
    page.keyboard.press("Enter")
    expect(chat.chips.first).to_be_visible(timeout=PATIENCE_MS)
    assert chat.bubbles("person") == ["how do I connect to the wifi?\non my laptop"]
    page.keyboard.press("Shift+Tab")
    expect(chat.chips.last).to_be_focused()
    page.keyboard.press("Enter")
    expect(chat.input).to_be_focused()
    expect(chat.chips).to_have_count(0, timeout=PATIENCE_MS)
    seen = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("() => document.activeElement.tagName"))
    assert seen == {"HELP-SAGE-CHAT"}, "the focus stays inside the open panel"
    page.keyboard.press("Escape")
    expect(chat.root.locator(".panel")).to_be_hidden()
    expect(opener).to_be_focused()


def test_new_words_do_not_steal_the_focus(chat: Chat, live: Stack) -> None:
    chat.open_panel()
    close = chat.root.locator(".close")
    close.focus()
    push(live, conversation_of(chat), "Hello from an agent")
    expect(chat.root.locator(".row.agent")).to_be_visible(timeout=PATIENCE_MS)
    expect(close).to_be_focused()


def test_a_screen_reader_is_told_of_what_is_new_and_not_of_history(chat: Chat) -> None:
    log = chat.root.get_by_role("log")
    chat.page.goto(f"{chat.web_url}/chat")
    chat.wait_until_connected()
    chat.say("hello")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(chat.rows.first).to_contain_text("You said:")
    chat.page.reload()
    assert log.get_attribute("aria-live") == "off"
    expect(log).to_have_attribute("aria-live", "polite", timeout=PATIENCE_MS)


def test_a_long_text_is_counted_and_not_sent(chat: Chat) -> None:
    chat.open_page()
    counter = chat.root.locator(".counter")
    chat.input.fill("x" * 8_000)
    expect(counter).to_have_text("")
    chat.input.fill("x" * 9_990)
    expect(counter).to_have_text("10 characters left")
    chat.write("é🙂" * 5_001)
    expect(counter).to_have_text("2 characters too many")
    expect(chat.input).to_have_attribute("aria-invalid", "true")
    expect(chat.rows).to_have_count(0)
    chat.input.fill("é🙂" * 5_000)
    expect(counter).to_have_text("0 characters left")


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_nothing_is_not_sent(chat: Chat, text: str) -> None:
    chat.open_page()
    chat.write(text)
    expect(chat.pending).to_have_count(0)
    expect(chat.rows).to_have_count(0)


def test_a_double_click_on_a_quick_reply_is_one_answer(chat: Chat) -> None:
    chat.open_page().say("how do I connect to the wifi?")
    chat.chips.first.dblclick()
    expect(chat.chips).to_have_count(0, timeout=PATIENCE_MS)
    expect(chat.root.locator(".row.person")).to_have_count(2)


def test_on_a_phone_the_panel_fills_the_screen(live: Stack, new_page: Callable[..., Page]) -> None:
    chat = Chat(new_page(**PHONE), live.web_url).open_panel()
    box = chat.root.locator(".panel").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    expect(chat.root.locator(".panel")).to_have_attribute("aria-modal", "true")
    expect(chat.root.locator(".launcher")).to_be_hidden()
    chat.say("how do I connect to the wifi?")
    assert chat.page.evaluate("() => document.documentElement.scrollWidth") <= 390
    small = chat.root.locator("button:visible").evaluate_all(
        "buttons => buttons.filter(b => Math.min(b.offsetWidth, b.offsetHeight) < 24).map(b => b.className)"
    )
    assert small == [], "WCAG 2.2, 2.5.8: targets of 24 by 24 at least"
    chat.root.locator(".close").tap()
    expect(chat.root.locator(".launcher")).to_be_visible()


def test_at_200_percent_everything_is_reachable(live: Stack, new_page: Callable[..., Page]) -> None:
    chat = Chat(new_page(viewport={"width": 640, "height": 360}), live.web_url).open_panel()
    chat.say("how do I connect to the wifi?")
    for part in (".close", "textarea", ".send"):
        expect(chat.root.locator(part)).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_it_follows_the_readers_light_or_dark(
    live: Stack, new_page: Callable[..., Page], scheme: str, dark: bool
) -> None:
    chat = Chat(new_page(color_scheme=scheme), live.web_url).open_panel()
    assert _is_dark(chat) is dark
    chat.root.evaluate("(element, theme) => element.setAttribute('theme', theme)", "light" if dark else "dark")
    assert _is_dark(chat) is not dark, "the attribute wins"


def _is_dark(chat: Chat) -> bool:
    colour = chat.root.locator(".panel").evaluate("panel => getComputedStyle(panel).backgroundColor")
    red, green, blue = (int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
    return red + green + blue < 3 * 128


def test_nothing_moves_for_those_who_asked_for_that(live: Stack, new_page: Callable[..., Page]) -> None:
    chat = Chat(new_page(reduced_motion="reduce"), live.web_url).open_panel()
    assert chat.root.locator(".panel").evaluate("panel => getComputedStyle(panel).animationName") == "none"
    assert chat.root.locator(".dots i").first.evaluate("dot => getComputedStyle(dot).animationName") == "none"


def test_the_host_pages_styles_do_not_reach_in(chat: Chat) -> None:
    chat.open_panel()
    before = chat.root.locator("textarea").evaluate("e => getComputedStyle(e).font")
    chat.page.evaluate(
        """() => { const sheet = new CSSStyleSheet();
                   sheet.replaceSync('* { font: 40px fantasy !important } textarea { height: 900px }');
                   document.adoptedStyleSheets.push(sheet); }"""
    )
    assert chat.root.locator("textarea").evaluate("e => getComputedStyle(e).font") == before


def test_right_to_left_words_read_right_to_left(chat: Chat) -> None:
    chat.open_page().say("مرحبا، لا أستطيع تسجيل الدخول")
    paragraph = chat.root.locator(".row.person p").first
    assert paragraph.evaluate("p => getComputedStyle(p).direction") == "rtl"
