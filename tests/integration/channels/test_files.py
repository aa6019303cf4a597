"""Files that people sent on Telegram and Teams, fetched from where they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from helpsage.channels import files
from tests.vendors import teams as microsoft
from tests.vendors import telegram as bot_api
from tests.vendors.loopback import Answer


@pytest.fixture
def telegram() -> Iterator[bot_api.Telegram]:
    found = bot_api.Telegram()
    found.files["log.txt"] = b"it broke"
    yield found
    found.close()


@pytest.fixture
def teams() -> Iterator[microsoft.Teams]:
    found = microsoft.Teams()
    found.files["log.txt"] = b"it broke"
    yield found
    found.close()


def from_telegram(server: bot_api.Telegram, file: str, token: str = bot_api.TOKEN) -> bytes:
    installation = {"kind": "telegram", "options": {"url": server.url}}
    return files.fetch(installation, {"bot_token": token}, {"id": file, "name": file}).read()


def from_teams(server: microsoft.Teams, url: str) -> bytes:
    installation: dict[str, Any] = {"kind": "teams", "options": {"app_id": microsoft.APP, "login_url": server.url}}
    return files.fetch(installation, {"app_secret": microsoft.SECRET}, {"name": "log.txt", "url": url}).read()


class TestTelegram:
    def test_one_is_fetched(self, telegram: bot_api.Telegram) -> None:
        assert from_telegram(telegram, "log.txt") == b"it broke"

    def test_one_that_vanished(self, telegram: bot_api.Telegram) -> None:
        with pytest.raises(files.FileGone):
            from_telegram(telegram, "gone.txt")

    @pytest.mark.parametrize("answer", [Answer(500, {}), Answer(502, b"<html>")])
    def test_a_server_in_trouble(self, telegram: bot_api.Telegram, answer: Answer) -> None:
        telegram.trouble = lambda asked: answer
        with pytest.raises(files.FileAway) as raised:
            from_telegram(telegram, "log.txt")
        assert bot_api.TOKEN not in str(raised.value)

    def test_html_instead_of_a_path(self, telegram: bot_api.Telegram) -> None:
        telegram.trouble = lambda asked: Answer(200, b"<html>")
        with pytest.raises(files.FileGone):
            from_telegram(telegram, "log.txt")


class TestTeams:
    def test_a_shared_file_opens_by_itself(self, teams: microsoft.Teams) -> None:
        assert from_teams(teams, f"{teams.url}/files/log.txt") == b"it broke"
        assert all("authorization" not in asked.headers for asked in teams.asked)

    def test_a_picture_opens_with_our_token(self, teams: microsoft.Teams) -> None:
        assert from_teams(teams, f"{teams.service_url}v3/attachments/log.txt/views/original") == b"it broke"

    @pytest.mark.parametrize(
        "url",
        [
            "http://contoso.sharepoint.com/log.txt",
            "https://sharepoint.com.evil.example/log.txt",
            "https://evil.example/smba.trafficmanager.net",
            "https://evilsmba.trafficmanager.net/log.txt",
            "http://169.254.169.254/latest/meta-data/",
            "file:///etc/passwd",
            "",
        ],
    )
    def test_other_addresses_are_not_called(self, teams: microsoft.Teams, url: str) -> None:
        with pytest.raises(files.FileGone):
            from_teams(teams, url)
        assert teams.asked == []

    def test_one_that_vanished(self, teams: microsoft.Teams) -> None:
        with pytest.raises(files.FileGone):
            from_teams(teams, f"{teams.url}/files/gone.txt")
