"""Chat applications are connected, tried, switched and removed on their pages; secrets are never shown again."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from assistant.channels.vendors.telegram.updates import WANTED
from assistant.channels.vendors.telegram.words import COMMANDS
from helpsage.channels import documents, service
from helpsage.channels.kinds import TELEGRAM_COMMANDS
from helpsage.configuration.documents import CHANNELS
from tests.integration.settings.conftest import Administrator
from tests.vendors import teams, telegram
from tests.vendors.loopback import Answer
from tests.vendors.slack import SIGNING_SECRET, TEAM, TOKEN, US, Slack

NEW = "/settings/channels/new/slack"
PAGE = "/settings/channels/work"


@pytest.fixture
def slack() -> Iterator[Slack]:
    found = Slack()
    yield found
    found.close()


@pytest.fixture
def connected(ada: Administrator, slack: Slack) -> str:
    """The page of a workspace that was just connected."""
    page = ada.change(NEW, name="Work", token=TOKEN, signing_secret=SIGNING_SECRET, url=f"{slack.url}/api")
    assert page.status_code == 200
    assert page.url.path == PAGE
    return page.text


def kept(engine: Engine) -> dict[str, Any]:
    with Session(engine) as session:
        found = CHANNELS.read(session)["installations"]
    assert len(found) == 1
    return dict(found[0])


def test_connected_it_is_on_and_its_secrets_are_sealed(
    ada: Administrator, with_departments: Engine, connected: str
) -> None:
    found = kept(with_departments)
    assert (found["key"], found["kind"], found["enabled"]) == ("work", "slack", True)
    assert documents.unsealed(found) == {"token": TOKEN, "signing_secret": SIGNING_SECRET}
    for page in (connected, ada.get("/settings/channels").text, ada.get("/settings/history").text):
        assert TOKEN not in page
        assert SIGNING_SECRET not in page


def test_the_manifest_has_the_addresses_of_this_installation(connected: str) -> None:
    for what in ("events", "interactivity", "commands"):
        assert f"/webhooks/slack/work/{what}" in connected
    assert "app_mentions:read" in connected


def test_without_secrets_it_waits_until_they_are_there(ada: Administrator, with_departments: Engine) -> None:
    page = ada.change(NEW, name="Work").text
    assert "Not complete yet: Bot token, Signing secret are missing" in page
    assert not kept(with_departments)["enabled"]
    assert ada.change(PAGE, f"{PAGE}/switch").status_code == 422
    ada.change(PAGE, token=TOKEN, signing_secret=SIGNING_SECRET)
    assert kept(with_departments)["enabled"]


def test_an_empty_secret_keeps_the_one_that_is_kept(
    ada: Administrator, with_departments: Engine, connected: str
) -> None:
    ada.change(PAGE, name="Work and play", token="xoxb-another", signing_secret="")
    found = kept(with_departments)
    assert found["name"] == "Work and play"
    assert documents.unsealed(found) == {"token": "xoxb-another", "signing_secret": SIGNING_SECRET}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": ""}, "1 to 80"),
        ({"token": "xoxp-a-persons"}, "xoxb-"),
        ({"token": "with space"}, "copy it again"),
        ({"key": "Not a key"}, "Small letters"),
        ({"key": "../x"}, "Small letters"),
        ({"url": "http://slack.example/api"}, "https"),
    ],
)
def test_what_cannot_be_used_is_refused_with_words(ada: Administrator, values: dict[str, str], words: str) -> None:
    page = ada.change(NEW, **{"name": "Work", **values})
    assert page.status_code == 422
    assert words in page.text


def test_two_cannot_have_one_key(ada: Administrator, connected: str) -> None:
    page = ada.change(NEW, name="Work")
    assert page.status_code == 422
    assert "Another one has this key" in page.text


def test_the_connection_is_tested_and_mended(ada: Administrator, with_departments: Engine, connected: str) -> None:
    with Session(with_departments) as session, session.begin():
        session.execute(
            text("insert into channel_installation (key, state, reason) values ('work', 'broken', 'token_revoked')")
        )
    assert "token_revoked" in ada.get(PAGE).text
    assert "It works: helpsage in Desk." in ada.change(PAGE, f"{PAGE}/test").text
    with Session(with_departments) as session:
        standing = service.standing(session, "work")
    assert not standing.broken
    assert (standing.details["team_id"], standing.details["user_id"]) == (TEAM, US)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(200, {"ok": False, "error": "token_revoked"}), "Slack says token_revoked."),
        (Answer(200, b"<html>"), "It answered 200 without JSON."),
        (Answer(302, b"", (("Location", "http://127.0.0.1:1"),)), "It answered 302 without JSON."),
    ],
    ids=["revoked", "HTML", "redirect"],
)
def test_a_test_that_fails_says_why(
    ada: Administrator, slack: Slack, connected: str, answer: Answer, words: str
) -> None:
    slack.trouble = lambda asked: answer
    page = ada.change(PAGE, f"{PAGE}/test").text
    assert words in page
    assert TOKEN not in page


def test_one_that_is_not_there_says_so(ada: Administrator, slack: Slack, connected: str) -> None:
    slack.close()
    assert "cannot be reached: ConnectionError" in ada.change(PAGE, f"{PAGE}/test").text


def test_what_could_not_be_reached_is_tried_again(ada: Administrator, with_departments: Engine, connected: str) -> None:
    with Session(with_departments) as session, session.begin():
        session.execute(
            text(
                "with made as (insert into conversation (id, sender_id, channel) values (:id, 'slack:T:U', 'slack')"
                " returning id) insert into channel_conversation (conversation_id, installation, external_id, address,"
                " state, reason) select id, 'work', 'T:U', '{}', 'broken', 'is_archived' from made"
            ),
            {"id": uuid4()},
        )
    assert "1 conversations are tried again" in ada.change(PAGE, f"{PAGE}/again").text


def test_removed_it_is_gone(ada: Administrator, with_departments: Engine, connected: str) -> None:
    ada.change(PAGE, f"{PAGE}/remove")
    with Session(with_departments) as session:
        assert CHANNELS.read(session)["installations"] == []
    assert ada.get(PAGE).status_code == 404


@pytest.mark.parametrize("kind", ["slack", "teams", "telegram"])
def test_every_application_says_how_it_is_set_up(ada: Administrator, kind: str) -> None:
    page = ada.get(f"/settings/channels/new/{kind}")
    assert page.status_code == 200
    assert "How to set it up" in page.text


def test_slack_shows_it_as_an_assistant_when_that_is_chosen(ada: Administrator, connected: str) -> None:
    assert "assistant_view" not in connected
    page = ada.change(PAGE, assistant="yes").text
    for each in ("assistant_view", "assistant:write", "assistant_thread_started"):
        assert each in page


def test_the_app_package_of_a_bot_in_teams(ada: Administrator) -> None:
    page = ada.change("/settings/channels/new/teams", name="Desk bot", app_id=teams.APP, app_secret="a-secret")
    assert "/settings/channels/desk-bot/package" in page.text
    answer = ada.get("/settings/channels/desk-bot/package")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        manifest = json.loads(package.read("manifest.json"))
        pictures = {name: Image.open(io.BytesIO(package.read(name))) for name in manifest["icons"].values()}
    assert {name: picture.size for name, picture in pictures.items()} == {
        "color.png": (192, 192),
        "outline.png": (32, 32),
    }
    (bot,) = manifest["bots"]
    assert (bot["botId"], bot["supportsFiles"], bot["scopes"]) == (teams.APP, True, ["personal", "team", "groupChat"])
    assert manifest["id"] != teams.APP
    assert len(manifest["name"]["short"]) <= 30
    assert ada.get("/settings/channels/nothing/package").status_code == 404


def test_there_is_none_for_others(ada: Administrator, connected: str) -> None:
    assert ada.get(f"{PAGE}/package").status_code == 404


@pytest.fixture
def microsoft() -> Iterator[teams.Teams]:
    found = teams.Teams(teams.TENANT)
    yield found
    found.close()


def test_the_connection_to_teams_is_tested(ada: Administrator, microsoft: teams.Teams) -> None:
    typed = {"name": "Bot", "app_id": teams.APP, "tenant": teams.TENANT, "login_url": microsoft.url}
    microsoft.secret = "a~secret-of-the-app"
    ada.change("/settings/channels/new/teams", **typed, app_secret=microsoft.secret)
    assert "It works: the bot got a token." in ada.change("/settings/channels/bot", "/settings/channels/bot/test").text
    microsoft.secret = "another"
    page = ada.change("/settings/channels/bot", "/settings/channels/bot/test").text
    assert "AADSTS7000215" in page
    assert "a~secret-of-the-app" not in page


@pytest.fixture
def bot_api() -> Iterator[telegram.Telegram]:
    found = telegram.Telegram()
    yield found
    found.close()


def test_the_connection_to_telegram_is_tested_and_told_our_address(
    ada: Administrator, bot_api: telegram.Telegram
) -> None:
    here = "/settings/channels/bot"
    typed = {"name": "Bot", "url": bot_api.url, "bot_token": telegram.TOKEN, "secret_token": telegram.SECRET}
    page = ada.change("/settings/channels/new/telegram", **typed, mode="webhook").text
    assert "new - Report a problem" in page
    assert "It works: @HelpSageBot." in ada.change(here, f"{here}/test").text
    assert bot_api.webhook["url"].endswith("/webhooks/telegram/bot/updates")
    assert bot_api.webhook["secret_token"] == telegram.SECRET
    assert set(bot_api.webhook["allowed_updates"]) == set(WANTED)
    ada.change(here, mode="polling")
    ada.change(here, f"{here}/test")
    assert bot_api.webhook == {}
    ada.change(here, bot_token="1:another")
    page = ada.change(here, f"{here}/test").text
    assert "Telegram says: Unauthorized" in page
    assert telegram.TOKEN not in page


def test_every_command_of_the_menu_is_one_that_the_assistant_knows() -> None:
    named = {line.partition(" - ")[0] for line in TELEGRAM_COMMANDS.splitlines()}
    assert named <= set(COMMANDS)
