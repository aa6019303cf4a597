"""The agents' page of chats in a real browser: several at once, passed on, refused; readable in every state."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation, Message
from helpsage.departments import service as departments
from helpsage.handoff import service
from helpsage.handoff.models import Handoff, Reason
from helpsage.people.models import Account, Person, Role
from helpsage.tickets.actor import Actor
from tests.browser.looks import LOOKS, violations
from tests.integration.attachments.conftest import picture
from tests.integration.web.conftest import EMAIL, PASSWORD, agent, database, make_account, web_url
from tests.integration.web.visitor import Visitor

__all__ = ["agent", "database", "web_url"]

SAM = "sam@desk.example"
LIVE_MS = 15_000
LONG = "https://example.org/" + "a-very-long-address-without-a-single-break" * 5


@pytest.fixture
def sam(web_url: str, database: Engine) -> Iterator[Visitor]:
    """Another agent, who is there too."""
    make_account(database, SAM, "Sam Okoro", Role.AGENT)
    with Visitor(web_url) as browser:
        assert browser.log_in(SAM, PASSWORD).status_code == 200
        yield browser


def enter(page: Page, who: Visitor) -> Page:
    """The browser has somebody's session."""
    token = who.cookies["helpsage_session"]
    page.context.add_cookies([{"name": "helpsage_session", "value": token, "url": str(who.base_url)}])
    return page


@pytest.fixture
def page(new_page: Callable[..., Page], agent: Visitor, web_url: str) -> Page:
    """Priya's browser."""
    return enter(new_page(base_url=web_url), agent)


def somebody_waits(engine: Engine, *said: str, name: str = "", channel: str = "webchat", urgent: bool = False) -> UUID:
    """Somebody who said these things and asked for a human; returns the chat."""
    with Session(engine) as session, session.begin():
        departments.ensure_defaults(session)
        chat = conversations.ensure(session, f"{channel}:{uuid4()}", channel)
        if name:
            person = Person(name=name)
            session.add(person)
            session.flush()
            chat.person_id = person.id
        for words in said:
            conversations.push(session, chat.id, "person", text=words)
        service.ask(session, chat.id, Reason.ASKED, urgent=urgent)
        found = service.current(session, chat.id)
        assert found is not None
        return found.id


def heard(engine: Engine, handoff: UUID, author: str = "agent") -> list[str]:
    """What the person of a chat was told."""
    with Session(engine) as session:
        conversation = session.get_one(Handoff, handoff).conversation_id
        asked = select(Message.text).where(Message.conversation_id == conversation, Message.author == author)
        return list(session.scalars(asked.order_by(Message.seq)))


def talker(session: Session, email: str = EMAIL) -> service.Agent:
    """An agent, as the desk knows them."""
    account = session.scalars(select(Account).where(Account.email == email)).one()
    return service.Agent(account.id, Actor("agent", account.person.name, account.person_id))


def test_two_chats_at_once_by_keyboard_alone(page: Page, database: Engine) -> None:
    first = somebody_waits(database, "my laptop is dead", name="Asha Patel")
    second = somebody_waits(database, "the door does not open", name="Ben Okafor")
    page.goto("/agent/chats")
    page.keyboard.press("w")
    expect(page.get_by_role("heading", level=2, name="Asha Patel")).to_be_visible()
    page.keyboard.press("w")
    expect(page.get_by_role("heading", level=2, name="Ben Okafor")).to_be_visible()
    expect(page.locator("#chats-list .talk-row")).to_have_count(2)
    page.keyboard.press("r")
    page.keyboard.type("Which door?")
    page.keyboard.press("Enter")
    expect(page.locator("#chat-log li").last).to_contain_text("Which door?", timeout=LIVE_MS)
    page.keyboard.press("Escape")
    page.locator("#chats-list a").filter(has_text="Asha Patel").press("Enter")
    expect(page.get_by_role("heading", level=2, name="Asha Patel")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("Does it make a sound?")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Any light?")
    page.keyboard.press("Enter")
    expect(page.locator("#chat-log li").last).to_contain_text("Any light?", timeout=LIVE_MS)
    assert heard(database, first) == ["Does it make a sound?\nAny light?"]
    assert heard(database, second) == ["Which door?"]


def test_what_comes_meanwhile_in_another_chat_is_marked_as_new(page: Page, database: Engine) -> None:
    first = somebody_waits(database, "my laptop is dead", name="Asha Patel")
    second = somebody_waits(database, "the door does not open", name="Ben Okafor")
    with Session(database) as session, session.begin():
        for each in (first, second):
            service.accept(session, each, talker(session))
    page.goto(f"/agent/chats/{second}")
    page.goto(f"/agent/chats/{first}")
    row = page.locator("#chats-list .talk-row").filter(has_text="Ben Okafor")
    expect(row).not_to_contain_text("new")
    with Session(database) as session, session.begin():
        conversation = session.get_one(Handoff, second).conversation_id
        # As the worker does with what the channel kept.
        service.heard(session, conversations.push(session, conversation, "person", text="Are you there?"))
    expect(row).to_contain_text("new", timeout=LIVE_MS)
    expect(row).to_contain_text("Are you there?")
    row.get_by_role("link").click()
    expect(page.locator("#chat-log")).to_contain_text("Are you there?")
    expect(page.locator("#chats-list .talk-row").filter(has_text="Ben Okafor")).not_to_contain_text("new")


def test_a_canned_reply_is_filled_in_and_goes_nowhere_before_it_is_sent(page: Page, database: Engine) -> None:
    chat = somebody_waits(database, "my laptop is dead", name="Asha Patel")
    page.goto(f"/agent/chats/{chat}")
    page.get_by_role("button", name="Take this chat").click()
    page.get_by_label("Canned reply").select_option(index=1)
    field = page.get_by_label("Message to", exact=False)
    expect(field).to_have_value(re.compile("Hello Asha"), timeout=LIVE_MS)
    assert "{{" not in field.input_value()
    assert heard(database, chat) == []


def test_passed_on_with_a_note_to_a_colleague(
    page: Page, new_page: Callable[..., Page], sam: Visitor, database: Engine, web_url: str
) -> None:
    chat = somebody_waits(database, "my laptop is dead", name="Asha Patel")
    colleague = enter(new_page(base_url=web_url), sam)
    colleague.goto("/agent/chats")
    page.goto(f"/agent/chats/{chat}")
    page.get_by_role("button", name="Take this chat").click()
    expect(page.locator("html.scripted #chat-head")).to_contain_text("with you")
    page.keyboard.press("t")
    page.get_by_label("To", exact=True).select_option(label="Sam Okoro")
    page.get_by_label("What they should know", exact=False).fill("She has a deadline tonight.")
    page.get_by_role("button", name="Pass it on").click()
    expect(page.get_by_text("You talk with nobody.")).to_be_visible()
    row = colleague.locator("#chats-list .talk-row").filter(has_text="Asha Patel")
    expect(row).to_contain_text("for you", timeout=LIVE_MS)
    row.get_by_role("link").click()
    expect(colleague.locator("#chat-head")).to_contain_text("She has a deadline tonight.")
    colleague.get_by_role("button", name="Take this chat").click()
    expect(colleague.locator("#chat-head")).to_contain_text("with you")
    assert not any("deadline" in text for text in heard(database, chat, "system"))


def test_who_is_slower_reads_who_was_faster(page: Page, sam: Visitor, database: Engine) -> None:
    chat = somebody_waits(database, "my laptop is dead")
    page.goto(f"/agent/chats/{chat}")
    # The button was pressed before this page heard of it.
    page.route("**/agent/chats/live*", lambda route: route.abort())
    page.reload()
    with Session(database) as session, session.begin():
        service.accept(session, chat, talker(session, SAM))
    page.get_by_role("button", name="Take this chat").click()
    expect(page.get_by_role("alert").filter(has_text="Sam Okoro was faster")).to_be_focused()
    assert violations(page) == []


# --- files

#: What was said; a file of it is an entry of its list.
SAID = "#chat-log > ol > li"

#: Hands files to the page as another program does: dropped, or pasted.
HAND_OVER = """
([kind, files]) => {
  const given = new DataTransfer();
  for (const [name, type, text] of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    given.items.add(new File([bytes], name, { type }));
  }
  const options = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { ...options, clipboardData: given })
    : new DragEvent(kind, { ...options, dataTransfer: given });
  document.querySelector("#chat-body").dispatchEvent(event);
}
"""


@pytest.fixture
def talking(page: Page, database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """Priya talks with Asha, and has the chat before her."""
    monkeypatch.setattr(settings.get(), "var", tmp_path)
    chat = somebody_waits(database, "my laptop is dead", name="Asha Patel")
    with Session(database) as session, session.begin():
        service.accept(session, chat, talker(session))
    page.goto(f"/agent/chats/{chat}")
    expect(page.locator("html.scripted")).to_be_visible()
    return chat


def sent(engine: Engine) -> list[tuple[str, list[str]]]:
    """Words and files of each of the agent's messages."""
    with Session(engine) as session:
        said = session.scalars(select(Message).where(Message.author == "agent").order_by(Message.id)).all()
        return [(each.text, [file["name"] for file in each.data.get("files", ())]) for each in said]


def hand_over(page: Page, kind: str, *files: tuple[str, str, bytes]) -> None:
    """Drop or paste files."""
    encoded = [(name, content_type, b64encode(content).decode()) for name, content_type, content in files]
    page.evaluate(HAND_OVER, [kind, encoded])


def test_files_are_chosen_dropped_and_pasted_and_sent_with_words(page: Page, talking: UUID, database: Engine) -> None:
    field, chosen = page.locator("#chat-body"), page.locator("[data-chat-chosen] li")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files({"name": "log.txt", "mimeType": "text/plain", "buffer": b"it broke"})
    hand_over(page, "drop", ("plan.txt", "text/plain", b"the plan"))
    hand_over(page, "paste", ("image.png", "image/png", picture()))
    expect(chosen).to_have_count(3)
    expect(chosen.last.locator("canvas")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Remove plan.txt").click()
    expect(field).to_be_focused()
    page.keyboard.type("Look at these.")
    page.keyboard.press("Enter")
    said = page.locator(SAID).last
    expect(said.get_by_role("link", name="log.txt")).to_be_visible(timeout=LIVE_MS)
    expect(said.locator("img")).to_have_js_property("complete", True)
    assert said.locator("img").evaluate("image => image.naturalWidth") > 0
    expect(chosen).to_have_count(0)
    expect(page.locator("[data-chat-progress]")).to_be_hidden()
    assert sent(database) == [("Look at these.", ["log.txt", "image.png"])]
    assert violations(page) == []


def test_a_file_alone_sent_twice_in_a_row_is_one_message(page: Page, talking: UUID, database: Engine) -> None:
    hand_over(page, "drop", ("log.txt", "text/plain", b"it broke"))
    page.get_by_role("button", name="Send", exact=True).dblclick()
    expect(page.locator(SAID).last.get_by_role("link", name="log.txt")).to_be_visible(timeout=LIVE_MS)
    assert sent(database) == [("", ["log.txt"])]


def test_what_is_refused_is_told_beside_the_field_and_everything_stays(
    page: Page, talking: UUID, database: Engine
) -> None:
    field, problem = page.locator("#chat-body"), page.locator("[data-chat-files-problem]")
    field.fill("words of value")
    hand_over(page, "drop", ("big.txt", "text/plain", b"a" * 10_000_001), ("log.txt", "text/plain", b"it broke"))
    expect(problem).to_have_text("“big.txt” is larger than 10 MB.")
    hand_over(page, "drop", ("run.exe", "application/octet-stream", b"MZ" + bytes(60)))
    expect(problem).to_be_hidden()
    field.press("Enter")
    expect(problem).to_contain_text("Files like “run.exe” cannot be attached", timeout=LIVE_MS)
    expect(field).to_have_value("words of value")
    expect(page.locator("[data-chat-chosen] li")).to_have_count(2)
    assert sent(database) == []
    assert violations(page) == []
    page.get_by_role("button", name="Remove run.exe").click()
    field.press("Enter")
    expect(page.locator(SAID).last).to_contain_text("words of value", timeout=LIVE_MS)
    assert sent(database) == [("words of value", ["log.txt"])]


def test_how_much_has_left_is_shown_and_an_answer_that_got_lost_sends_once(
    page: Page, talking: UUID, database: Engine
) -> None:
    progress = page.locator("[data-chat-progress]")

    def lose(route: Route) -> None:
        route.fetch()
        expect(progress).to_be_visible()
        expect(progress).to_contain_text("Sending files…")
        route.abort()

    page.route("**/say", lose, times=1)
    hand_over(page, "drop", ("log.txt", "text/plain", b"it broke"))
    page.locator("#chat-body").press("Enter")
    expect(page.locator("[data-chat-files-problem]")).to_contain_text("cannot be reached", timeout=LIVE_MS)
    expect(progress).to_be_hidden()
    page.locator("#chat-body").press("Enter")
    expect(page.locator("[data-chat-chosen] li")).to_have_count(0)
    expect(page.locator(SAID).last.get_by_role("link", name="log.txt")).to_be_visible(timeout=LIVE_MS)
    assert sent(database) == [("", ["log.txt"])]


# --- for everyone


@pytest.fixture
def busy(agent: Visitor, sam: Visitor, database: Engine) -> dict[str, UUID]:
    """Two who wait, one of them urgent; a long chat of Priya's; one of Sam's; one that is over."""
    said = ("my laptop is dead", f"it says this: {LONG}", "**bold**\n\n- one\n- two\n\n`code`")
    chats = {
        "mine": somebody_waits(database, *said, name="Asha Patel"),
        "over": somebody_waits(database, "thanks!", name="Chidi Anagonye", channel="telegram"),
        "sams": somebody_waits(database, "hello?", name="Dana " + "Longname" * 12, channel="teams"),
        "urgent": somebody_waits(database, "THE LAB IS FLOODED " * 8, urgent=True, channel="slack"),
        "waiting": somebody_waits(database, "the door does not open"),
    }
    with Session(database) as session, session.begin():
        priya = talker(session)
        for name, who in (("mine", priya), ("over", priya), ("sams", talker(session, SAM))):
            service.accept(session, chats[name], who)
        for number in range(12):
            service.say(session, chats["mine"], priya, f"Answer number {number}, with a few more words in it.")
            conversation = session.get_one(Handoff, chats["mine"]).conversation_id
            conversations.push(session, conversation, "person", text=f"Question number {number}?")
        service.give_back(session, chats["over"], priya, "Answered.")
        session.get_one(Conversation, conversation).page_url = LONG
    return chats


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_every_state_is_readable_by_everyone(
    new_page: Callable[..., Page], agent: Visitor, busy: dict[str, UUID], web_url: str, size: str
) -> None:
    page = enter(new_page(base_url=web_url, bypass_csp=True, reduced_motion="reduce", **LOOKS[f"{size} light"]), agent)
    for address in ("/agent/chats", *(f"/agent/chats/{chat}" for chat in busy.values())):
        answer = page.goto(address)
        assert answer is not None
        assert (address, answer.status) == (address, 200)
        for fold in page.locator(".talk-side summary").all():
            fold.click()
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)
            assert (address, colours, violations(page)) == (address, colours, [])
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (address, wide) == (address, 0)
