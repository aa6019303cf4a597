"""Chat applications and task boards are connected in a real browser, from the first click to the removal, against the
vendors' servers on loopback; their pages are readable by everyone in every state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.boards import words as boards
from helpsage.boards.models import BoardCard, BoardRow
from helpsage.channels.models import ChannelError, InstallationState
from helpsage.tickets import service
from helpsage.tickets.actor import Actor
from tests.browser.looks import LOOKS, violations
from tests.browser.test_settings import ada, database, enter, log_in, web_url, with_departments
from tests.integration.settings.conftest import Administrator
from tests.vendors import slack as slacks
from tests.vendors import teams as teamses
from tests.vendors import telegram as telegrams
from tests.vendors import todoist as todoists
from tests.vendors.slack import Slack
from tests.vendors.teams import Teams
from tests.vendors.telegram import Telegram
from tests.vendors.todoist import Todoist

__all__ = ["ada", "database", "log_in", "web_url", "with_departments"]


@pytest.fixture
def slack() -> Iterator[Slack]:
    found = Slack()
    yield found
    found.close()


@pytest.fixture
def teams() -> Iterator[Teams]:
    found = Teams(teamses.TENANT)
    yield found
    found.close()


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    found = Telegram()
    yield found
    found.close()


@pytest.fixture
def todoist(monkeypatch: pytest.MonkeyPatch) -> Iterator[Todoist]:
    found = Todoist()
    monkeypatch.setenv("HELPSAGE_TODOIST_ADDRESS", found.url)
    settings.get.cache_clear()
    yield found
    found.close()
    monkeypatch.undo()
    settings.get.cache_clear()


@pytest.fixture
def page(new_page: Callable[..., Page], ada: Administrator, web_url: str) -> Page:
    """Ada's browser."""
    return enter(new_page(base_url=web_url), ada)


def elsewhere(page: Page, **addresses: str) -> None:
    """The application's servers are those on loopback."""
    page.get_by_text("Another address").click()
    for name, address in addresses.items():
        page.locator(f"#{name}").fill(address)


def test_slack_from_its_name_to_its_removal(page: Page, slack: Slack) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/settings/channels")
    page.get_by_role("link", name="Connect Slack").click()
    expect(page.get_by_role("heading", name="How to set it up")).to_be_visible()
    page.get_by_label("Name").fill("Campus Slack")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("Not complete yet: Bot token, Signing secret are missing")).to_be_visible()
    page.get_by_role("button", name="Copy it").click()
    expect(page.locator("#toast-line")).to_have_text("Copied.")
    manifest = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert manifest["settings"]["event_subscriptions"]["request_url"].endswith("/webhooks/slack/campus-slack/events")

    page.get_by_label("Bot token").fill("xoxp-a-persons-token")
    page.get_by_label("Signing secret").fill(slacks.SIGNING_SECRET)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#token-problem")).to_have_text("A bot token begins with xoxb-.")
    page.get_by_label("Bot token").fill(slacks.TOKEN)
    page.get_by_label("Signing secret").fill(slacks.SIGNING_SECRET)
    elsewhere(page, url=f"{slack.url}/api")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Bot token")).to_have_value("")
    expect(page.get_by_text("Not complete yet")).to_have_count(0)
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("status").filter(has_text="It works: helpsage in Desk.")).to_be_visible()

    slack.token = "another"
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("alert").filter(has_text="token_revoked")).to_be_visible()
    page.get_by_role("button", name="Remove this connection").click()
    expect(page.get_by_role("status").filter(has_text="Removed Campus Slack")).to_be_visible()
    expect(page.locator("main").get_by_text("Campus Slack", exact=True)).to_have_count(0)


def test_teams_says_what_microsoft_says(page: Page, teams: Teams) -> None:
    page.goto("/settings/channels/new/teams")
    expect(page.locator("main")).to_contain_text("/webhooks/teams/microsoft-teams/messages")
    page.get_by_label("Application (client) id").fill(teamses.APP)
    page.get_by_label("Directory (tenant) id").fill(teamses.TENANT)
    page.get_by_label("Client secret").fill("wrong")
    elsewhere(page, metadata_url=teams.metadata_url, login_url=teams.url)
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("alert").filter(has_text="Invalid client secret")).to_be_visible()
    teams.secret = "Abc8Q~a-new-secret"
    page.get_by_label("Client secret").fill(teams.secret)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("status").filter(has_text="the bot got a token")).to_be_visible()


def test_telegram_is_told_our_address_by_the_test(page: Page, telegram: Telegram) -> None:
    page.goto("/settings/channels/new/telegram")
    page.get_by_label("Bot token").fill(telegrams.TOKEN)
    page.get_by_label("Secret of the webhook").fill("no spaces allowed")
    elsewhere(page, url=telegram.url)
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#secret_token-problem")).to_be_visible()
    page.get_by_label("Bot token").fill(telegrams.TOKEN)
    page.get_by_label("Secret of the webhook").fill(telegrams.SECRET)
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("status").filter(has_text="It works: @HelpSageBot.")).to_be_visible()
    assert telegram.webhook["url"].endswith("/webhooks/telegram/telegram/updates")


def test_a_board_from_its_token_to_its_removal(page: Page, todoist: Todoist) -> None:
    page.goto("/settings/boards")
    expect(page.get_by_text("None yet.")).to_be_visible()
    page.get_by_role("link", name="Connect a board").click()
    page.get_by_label("Name").fill("Works")
    page.get_by_label("Todoist token").fill("wrong")
    page.get_by_role("button", name="Show its projects").click()
    expect(page.locator("#token-problem")).to_contain_text("the token is not accepted (401)")
    page.get_by_label("Todoist token").fill(todoists.TOKEN)
    page.get_by_role("button", name="Show its projects").click()
    page.get_by_label("Project").select_option(label="Help desk")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Works")).to_be_visible()
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("status").filter(has_text="It works: 2 projects")).to_be_visible()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    page.goto("/settings/boards")
    expect(page.locator(".set-list").get_by_text("Off")).to_be_visible()
    page.get_by_role("link", name="Works").click()
    page.get_by_role("button", name="Remove this board").click()
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_what_is_pasted_can_be_marked_without_scripts(
    new_page: Callable[..., Page], ada: Administrator, web_url: str
) -> None:
    ada.change("/settings/channels/new/slack", name="Work")
    page = enter(new_page(base_url=web_url, java_script_enabled=False), ada)
    page.goto("/settings/channels/work")
    expect(page.locator("#pasted")).to_contain_text("/webhooks/slack/work/events")
    expect(page.locator("[data-copy]")).to_be_hidden()


# --- for everyone


STATES = (
    "/settings/channels", "/settings/channels/new/slack", "/settings/channels/new/teams",
    "/settings/channels/new/telegram", "/settings/channels/half-slack", "/settings/channels/campus-slack",
    "/settings/channels/telegram", "/settings/boards", "/settings/boards/new", "/settings/boards/{well}",
    "/settings/boards/{stopped}", "/agent/tickets/{ticket}",
)  # fmt: skip


@pytest.fixture
def states(ada: Administrator, with_departments: Engine, slack: Slack, telegram: Telegram) -> dict[str, str]:
    """One that is not complete, one that is broken, one that works; a board with a quarrel, and one that stopped."""
    new = "/settings/channels/new"
    ada.change(f"{new}/slack", name="Half Slack")
    ada.change(f"{new}/slack", name="Campus Slack", token=slacks.TOKEN, signing_secret=slacks.SIGNING_SECRET)
    secrets = {"bot_token": telegrams.TOKEN, "secret_token": telegrams.SECRET}
    ada.change(f"{new}/telegram", name="Telegram", url=telegram.url, **secrets)
    ada.change("/settings/channels/telegram", "/settings/channels/telegram/test")
    reference = connected_boards(with_departments)
    with Session(with_departments) as session, session.begin():
        reason = "chat.postMessage: token_revoked"
        state = InstallationState(key="campus-slack", state="broken", reason=reason, since=clock.now())
        session.merge(state)
        for words in (reason, "refused: the signature is wrong", "conversations.open: a_very_long_error_name_" * 4):
            session.add(ChannelError(installation="campus-slack", words=words))
        rows = {row.name: str(row.id) for row in session.scalars(select(BoardRow))}
    return {"well": rows["Works"], "stopped": rows["Elsewhere"], "ticket": reference}


def connected_boards(engine: Engine) -> str:
    """Two boards and a ticket that was changed on both sides; returns its reference."""
    now = clock.now()
    with Session(engine) as session, session.begin():
        new = service.NewTicket("Printer jams", "On the second floor.", "login_error", "chat")
        ticket = service.open_ticket(session, new, Actor("requester", "Asha Patel"))
        for name, broken in (("Works", None), ("Elsewhere", now)):
            row = BoardRow(
                id=uuid4(), kind="todoist", name=name, token="sealed", project_id="p1", synced_at=now, created_at=now
            )
            row.broken_at, row.trouble = broken, "the token is not accepted (401)" if broken else ""
            session.add(row)
            session.flush()
            card = BoardCard(board_id=row.id, ticket_id=ticket.id, external_id=f"t-{name}", state="on", version=1)
            card.url = "https://app.todoist.com/app/task/printer-jams"
            card.conflict = "" if broken else boards.BOTH_CHANGED.format(board=name, there="done", here="Escalated")
            session.add(card)
        return ticket.reference


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_every_state_is_readable_by_everyone(
    new_page: Callable[..., Page], ada: Administrator, states: dict[str, str], web_url: str, size: str
) -> None:
    page = enter(new_page(base_url=web_url, bypass_csp=True, reduced_motion="reduce", **LOOKS[f"{size} light"]), ada)
    for address in (path.format(**states) for path in STATES):
        answer = page.goto(address)
        assert answer is not None
        assert (address, answer.status) == (address, 200)
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)
            assert (address, colours, violations(page)) == (address, colours, [])
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (address, wide) == (address, 0)
