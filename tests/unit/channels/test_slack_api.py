"""What Slack's refusals mean, and what a call does when Slack is slow, away or says too much."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from assistant.channels.connector import Http, Impossible, InstallationBroken, Later, NotPosted, PlaceBroken
from assistant.channels.vendors.slack.api import SlackApi
from tests.vendors.loopback import Answer, Asked
from tests.vendors.slack import TOKEN, Slack


@pytest.fixture
def slack() -> Iterator[Slack]:
    found = Slack()
    yield found
    found.close()


@pytest.fixture
async def api(slack: Slack) -> AsyncIterator[SlackApi]:
    http = Http()
    yield SlackApi(http, TOKEN, f"{slack.url}/api")
    await http.close()


async def refused(slack: Slack, api: SlackApi, answer: Answer, method: str = "chat.postMessage") -> NotPosted:
    """What a call raises that gets this answer."""
    slack.trouble = lambda asked: answer
    with pytest.raises(NotPosted) as raised:
        await api.call(method, channel="D0ANA", text="Hello")
    assert TOKEN not in str(raised.value)
    return raised.value


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("token_revoked", InstallationBroken),
        ("account_inactive", InstallationBroken),
        ("invalid_auth", InstallationBroken),
        ("missing_scope", InstallationBroken),
        ("is_archived", PlaceBroken),
        ("channel_not_found", PlaceBroken),
        ("not_in_channel", PlaceBroken),
        ("user_disabled", PlaceBroken),
        ("user_not_found", PlaceBroken),
        ("cannot_dm_bot", PlaceBroken),
        ("msg_too_long", Impossible),
        ("invalid_blocks", Impossible),
        ("ratelimited", Later),
        ("fatal_error", Later),
        ("something_new", Later),
    ],
)
async def test_errors(slack: Slack, api: SlackApi, error: str, expected: type[NotPosted]) -> None:
    found = await refused(slack, api, Answer(200, {"ok": False, "error": error}))
    assert type(found) is expected


@pytest.mark.parametrize(
    "error", ["missing_scope", "file_uploads_disabled", "blocked_file_type", "storage_limit_reached"]
)
async def test_a_file_that_is_not_taken_breaks_nothing_else(slack: Slack, api: SlackApi, error: str) -> None:
    answer = Answer(200, {"ok": False, "error": error})
    assert type(await refused(slack, api, answer, "files.getUploadURLExternal")) is Impossible
    assert type(await refused(slack, api, Answer(200, {"ok": False, "error": "token_revoked"}), "files.info")) is (
        InstallationBroken
    )


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, {"ok": False}),
        Answer(503, b"<html>down</html>"),
        Answer(200, b"<html>down</html>"),
        Answer(200, b"[]"),
        Answer(302, b"", (("Location", "/elsewhere"),)),
        Answer(200, b"x" * 5_000_000),
    ],
    ids=["500", "503", "HTML", "a list", "a redirect", "too long"],
)
async def test_what_is_no_answer_is_tried_again(slack: Slack, api: SlackApi, answer: Answer) -> None:
    assert type(await refused(slack, api, answer)) is Later
    assert len(slack.asked) == 1, "a redirect is not followed"


@pytest.mark.parametrize(("written", "seconds"), [("7", 7.0), ("", 30.0), ("soon", 30.0), ("-1", 30.0)])
async def test_a_limit_says_how_long(slack: Slack, api: SlackApi, written: str, seconds: float) -> None:
    found = await refused(slack, api, Answer(429, b"", (("Retry-After", written),)))
    assert isinstance(found, Later)
    assert (found.after_s, found.arrived) == (seconds, False)


async def test_a_slow_answer_is_given_up_and_may_have_arrived(slack: Slack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Http, "TOTAL_S", 0.2)
    go_on = threading.Event()

    def trouble(asked: Asked) -> Answer | None:
        go_on.wait(10)
        return None

    slack.trouble = trouble
    http = Http()
    try:
        with pytest.raises(Later) as raised:
            await SlackApi(http, TOKEN, f"{slack.url}/api").call("chat.postMessage", channel="D0ANA", text="Hello")
    finally:
        go_on.set()
        await http.close()
    assert raised.value.arrived is None


async def test_nobody_there_has_not_taken_it(slack: Slack, api: SlackApi) -> None:
    slack.close()
    with pytest.raises(Later) as raised:
        await api.call("chat.postMessage", channel="D0ANA", text="Hello")
    assert raised.value.arrived is False


async def test_the_token_goes_over_https_alone() -> None:
    http = Http()
    with pytest.raises(InstallationBroken):
        await SlackApi(http, TOKEN, "http://203.0.113.9/api").call("auth.test")
    await http.close()
