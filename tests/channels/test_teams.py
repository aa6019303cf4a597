"""Teams, as it talks to us and we to it: a real assistant, and the Bot Framework's wire format on loopback."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from botbuilder.schema import Activity
from botbuilder.schema.teams import FileConsentCard, FileInfoCard
from botframework.connector.auth import ChannelValidation, JwtTokenValidation, SimpleCredentialProvider

from tests.channels.harness import PUBLIC_URL, Assistant, until
from tests.channels.installed import forget_all, install, mend, speak, state_of
from tests.channels.orders import ORDERS, bring
from tests.vendors.desk import Desk
from tests.vendors.loopback import Answer, Asked
from tests.vendors.teams import APP, BOT, PERSON, SECRET, TENANT, Teams

pytestmark = [pytest.mark.rasa]

Query = Callable[..., list[dict[str, Any]]]
CHANNEL = {
    "conversationType": "channel",
    "id": "19:room@thread.tacv2;messageid=17",
    "isGroup": True,
    "tenantId": TENANT,
}


@pytest.fixture
def teams() -> Iterator[Teams]:
    """The Bot Framework, for an app of one tenant."""
    found = Teams(TENANT)
    yield found
    found.close()


Send = Callable[..., Any]


@pytest.fixture
async def send(teams: Teams, assistant: Assistant, query: Query) -> AsyncIterator[Send]:
    """Sends activities; the app is installed and nothing was said to it."""
    forget_all(query)
    options = {
        "app_id": APP, "tenant": TENANT, "login_url": teams.url, "metadata_url": teams.metadata_url, "trusted": "yes",
    }  # fmt: skip
    install(query, "teams", "app", options, {"app_secret": SECRET})
    url = f"{assistant.url}/webhooks/teams/app/messages"

    async def sent(activity: dict[str, Any], header: str | None = "") -> httpx.Response:
        shown = teams.authorization() if header == "" else header
        headers = {"Authorization": shown} if shown is not None else {}
        async with httpx.AsyncClient(timeout=20) as client:
            return await client.post(url, json=activity, headers=headers)

    deadline = time.monotonic() + 20
    while (await sent(teams.message("", type="typing"))).status_code != 200:
        assert time.monotonic() < deadline, "the installation was not taken up"
        await asyncio.sleep(0.02)
    yield sent
    query("delete from configuration where name = 'channels'")
    mend(query)


def shown(teams: Teams, conversation: str = "a:1pers") -> list[dict[str, Any]]:
    """What is shown in a conversation."""
    return list(teams.shown.get(conversation, {}).values())


def words(activity: dict[str, Any]) -> str:
    """Every word of an activity, whatever it is in."""
    return json.dumps(activity, ensure_ascii=False)


def actions(activity: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons of a card."""
    sets = [part for part in activity["attachments"][0]["content"]["body"] if part["type"] == "ActionSet"]
    return [action for each in sets for action in each["actions"]]


async def test_words_are_answered_with_a_card_and_a_press_counts(teams: Teams, send: Send, query: Query) -> None:
    assert (await send(teams.message("hello"))).status_code == 200
    await until(lambda: len(shown(teams)) == 1, "the answer")
    (card,) = shown(teams)
    assert "Hello!" in words(card)
    assert Activity().deserialize(card).attachments[0].content_type == "application/vnd.microsoft.card.adaptive"
    value = actions(card)[0]["data"]["msteams"]["value"]
    await send(teams.message("Yes", value=value, replyToId="1"))
    await until(lambda: len(shown(teams)) == 2, "the answer to the button")
    assert shown(teams)[1]["text"] == "You said yes."
    await until(lambda: "✓ Yes" in words(shown(teams)[0]), "the button that was chosen")
    assert actions(shown(teams)[0]) == []


async def test_a_value_that_we_never_gave_out_chooses_nothing(teams: Teams, send: Send) -> None:
    await send(teams.message("hello"))
    await until(lambda: len(shown(teams)) == 1, "the answer")
    await send(teams.message("x", value={"hs": '/deny{"reason": "x"}'}))
    await until(lambda: len(shown(teams)) == 2, "the refusal")
    assert "no longer valid" in words(shown(teams)[1])


async def test_mentions_go_and_channels_are_apart(teams: Teams, send: Send, query: Query) -> None:
    entity = {"type": "mention", "text": "<at>Help Sage</at>", "mentioned": {"id": BOT, "name": "Help Sage"}}
    await send(teams.message("<at>Help Sage</at> hello", conversation=CHANNEL, entities=[entity]))
    await send(teams.message("wifi"))
    await until(lambda: shown(teams, CHANNEL["id"]) and shown(teams), "both answers")
    assert {row["text"] for row in query("select text from message where author = 'person'")} == {"hello", "wifi"}
    kept = {row["sender_id"]: row["shared"] for row in query("select sender_id, shared from conversation")}
    assert kept == {f"teams:{TENANT}:{CHANNEL['id']}:{PERSON}": True, f"teams:{TENANT}:a:1pers:{PERSON}": False}
    assert query("select count(distinct person_id) as n from conversation")[0]["n"] == 1


async def test_deliveries_that_come_again_are_answered_once(teams: Teams, send: Send) -> None:
    activity = teams.message("hello")
    for _ in range(3):
        assert (await send(activity)).status_code == 200
    await send(teams.message("wifi"))
    await until(lambda: len(shown(teams)) == 2, "both answers")


async def test_activities_that_come_again_in_every_order_are_answered_once(
    teams: Teams, send: Send, query: Query
) -> None:
    expected: list[str] = []
    for number, order in enumerate(ORDERS):
        activities = {name: partial(send, teams.message(f"{name} {number}")) for name in "ab"}
        expected += [f"{name} {number}" for name in await bring(order, activities)]
    assert [row["text"] for row in query("select text from message where author = 'person' order by id")] == expected
    await until(lambda: len(shown(teams)) == len(expected), "every answer")


async def test_a_huge_activity_is_refused_and_not_kept(teams: Teams, send: Send, query: Query) -> None:
    before = query("select count(*) as n from channel_delivery")
    assert (await send(teams.message("x" * 10_000_000))).status_code == 413
    assert query("select count(*) as n from channel_delivery") == before


async def test_a_bot_that_was_taken_out_says_what_waited_when_it_is_taken_in_again(
    teams: Teams, send: Send, query: Query
) -> None:
    activity = teams.message("hello")
    teams.conversations.clear()
    await send(activity)
    await until(lambda: query("select 1 from channel_conversation where state = 'broken'"), "the broken place")
    await until(lambda: query("select 1 from channel_error"), "what is said of it in the settings")
    assert "ConversationNotFound" in query("select words from channel_error")[0]["words"]
    await send(teams.message("", type="installationUpdate", action="remove"))
    teams.conversations.clear()
    assert query("select state from channel_conversation") == [{"state": "broken"}]
    await send(teams.message("", type="installationUpdate", action="add"))
    await until(lambda: len(shown(teams)) == 1, "what was kept")
    there = {"conversationType": "personal", "id": "a:3pers", "tenantId": TENANT}
    await send(teams.message("", type="installationUpdate", action="add", conversation=there, **by("eve")))
    assert query("select count(*) as n from conversation")[0]["n"] == 1


async def test_a_tickets_card_shows_how_it_is_now(teams: Teams, send: Send, query: Query) -> None:
    await send(teams.message("hello"))
    await until(lambda: len(shown(teams)) == 1, "the answer")
    hers = f"teams:{TENANT}:a:1pers:{PERSON}"
    card = {"reference": "HS-9", "subject": "Printer", "status": "open", "status_label": "Open"}
    speak(query, hers, "bot", "Filed.", {"ticket": card})
    await until(lambda: len(shown(teams)) == 2, "the card")
    now = {"reference": "HS-9", "status": "resolved", "status_label": "Solved"}
    speak(query, hers, "system", "HS-9 is solved.", {"state": now})
    await until(lambda: "Solved" in words(shown(teams)[1]), "the card to change")
    assert "Printer" in words(shown(teams)[1])
    assert len(shown(teams)) == 3


@pytest.mark.parametrize("kind", ["none", "forged", "another app"])
async def test_what_is_not_the_bot_frameworks_is_refused(teams: Teams, send: Send, query: Query, kind: str) -> None:
    header = {
        "none": None,
        "forged": teams.authorization(signed_by="key-1", algorithm="none"),
        "another app": teams.authorization(aud="99999999-aaaa-bbbb-cccc-000000000009"),
    }[kind]
    activity = teams.message("hello")
    assert (await send(activity, header)).status_code == 403
    assert query("select 1 from message") == []
    ChannelValidation.open_id_metadata_endpoint = teams.metadata_url
    with pytest.raises(Exception):  # noqa: B017 the kit raises what it likes
        await JwtTokenValidation.authenticate_request(
            Activity().deserialize(activity), header or "", SimpleCredentialProvider(APP, SECRET)
        )


async def test_another_tenant_is_refused(teams: Teams, send: Send) -> None:
    there = "99999999-aaaa-bbbb-cccc-000000000009"
    conversation = {"conversationType": "personal", "id": "a:2", "tenantId": there}
    activity = teams.message("hello", conversation=conversation, channelData={"tenant": {"id": there}})
    assert (await send(activity)).status_code == 403


def by(name: str) -> dict[str, Any]:
    """Who sends an activity. Profiles are looked at once a minute, so that each test has a person of its own."""
    return {"from": {"id": f"29:{name}", "name": name, "aadObjectId": f"33333333-{name}"}}


async def test_the_profile_of_a_trusted_tenant_is_read(teams: Teams, send: Send, query: Query) -> None:
    teams.members["29:asha"] = {
        "id": "29:asha",
        "email": "asha@student.example",
        "tenantId": TENANT,
        "userRole": "user",
    }
    await send(teams.message("hello", **by("asha")))
    await until(lambda: query("select 1 from outbox_event where kind = 'identity.profile_read'"), "the profile")
    assert query("select profile_email from identity")[0]["profile_email"] == "asha@student.example"


async def test_a_guests_profile_counts_for_nothing(teams: Teams, send: Send, query: Query) -> None:
    teams.members["29:guest"] = {"id": "29:guest", "email": "asha@student.example", "userRole": "guest"}
    await send(teams.message("hello", **by("guest")))
    await until(lambda: any("/members/" in asked.path for asked in teams.asked), "the look at the profile")
    await until(lambda: len(shown(teams)) == 1, "the answer")
    assert query("select 1 from outbox_event where kind = 'identity.profile_read'") == []


async def test_a_revoked_secret_breaks_the_installation_and_loses_nothing(
    teams: Teams, send: Send, query: Query
) -> None:
    teams.secret = "another one"
    await send(teams.message("hello"))
    await until(lambda: state_of(query, "app") == "broken", "the broken installation")
    assert "AADSTS7000215" in query("select words from channel_error")[0]["words"]
    teams.secret = SECRET
    query("update channel_installation set state = 'working'")
    mend(query)
    await until(lambda: len(shown(teams)) == 1, "what was kept", 30)


async def test_who_blocked_us_gets_it_when_they_write_again(teams: Teams, send: Send, query: Query) -> None:
    blocked = Answer(403, {"error": {"code": "ConversationBlockedByUser", "message": "User blocked the bot."}})

    def trouble(asked: Asked) -> Answer | None:
        return blocked if asked.method == "POST" and asked.path.endswith("/activities") else None

    teams.trouble = trouble
    await send(teams.message("hello"))
    await until(lambda: query("select 1 from channel_conversation where state = 'broken'"), "the broken place")
    teams.trouble = lambda asked: None
    await send(teams.message("wifi"))
    await until(lambda: len(shown(teams)) == 2, "what was kept")


async def test_a_token_taken_back_early_is_renewed(teams: Teams, send: Send) -> None:
    await send(teams.message("hello"))
    await until(lambda: len(shown(teams)) == 1, "the answer")
    teams.tokens.clear()
    await send(teams.message("wifi"))
    await until(lambda: len(shown(teams)) == 2, "the second answer")


async def test_slow_and_broken_answers_are_waited_for(teams: Teams, send: Send) -> None:
    answers = [
        Answer(429, {"error": {"code": "TooManyRequests"}}, (("Retry-After", "1"),)),
        Answer(502, b"<html>Bad Gateway</html>", (("Content-Type", "text/html"),)),
        Answer(200, b"<html>Sign in to the network</html>", (("Content-Type", "text/html"),)),
    ]

    def trouble(asked: Asked) -> Answer | None:
        return answers.pop() if answers and asked.path.endswith("/activities") else None

    teams.trouble = trouble
    await send(teams.message("hello"))
    await until(lambda: len(shown(teams)) == 1, "the answer")


class TestSentFiles:
    """What an agent's reply brings with it."""

    HERS = f"teams:{TENANT}:a:1pers:{PERSON}"

    @pytest.fixture
    async def talking(self, teams: Teams, send: Send, desk_files: Desk) -> Send:
        """Asha has said hello."""
        desk_files.files.clear()
        desk_files.trouble = lambda asked: None
        await send(teams.message("hello"))
        await until(lambda: len(shown(teams)) == 1, "the answer")
        return send

    async def asked(self, teams: Teams, desk_files: Desk, query: Query, **more: Any) -> dict[str, Any]:
        """An agent sends a file; returns the question whether it may come."""
        data = {"files": [desk_files.add("how_to.pdf", b"%PDF-1.7 a document", "application/pdf")], **more}
        speak(query, self.HERS, "agent", "Here it is.", data, "Ben of IT")
        await until(lambda: len(shown(teams)) == 3, "the question")
        return shown(teams)[2]

    async def test_one_comes_once_it_is_allowed_to(
        self, teams: Teams, talking: Send, desk_files: Desk, query: Query
    ) -> None:
        question = await self.asked(teams, desk_files, query)
        consent = FileConsentCard().deserialize(question["attachments"][0]["content"])
        assert (question["attachments"][0]["name"], consent.size_in_bytes) == ("how_to.pdf", 19)
        assert question["attachments"][0]["contentType"] == "application/vnd.microsoft.teams.card.file.consent"
        assert teams.uploaded == {}
        answer = teams.answered(question, accepted=True)
        for _ in range(2):
            assert (await talking(answer)).status_code == 200
        await until(lambda: len(shown(teams)) == 4, "the file")
        assert list(teams.uploaded.values()) == [b"%PDF-1.7 a document"]
        card = shown(teams)[3]["attachments"][0]
        assert card["contentType"] == "application/vnd.microsoft.teams.card.file.info"
        info = FileInfoCard().deserialize(card["content"])
        assert (card["name"], info.file_type) == ("how_to.pdf", "pdf")
        await until(lambda: shown(teams)[2].get("text") == "<b>Ben of IT</b><br>✓ how_to.pdf", "the answered question")
        await talking(teams.answered(question, accepted=True))
        await talking(teams.message("wifi"))
        await until(lambda: len(shown(teams)) == 5, "the answer to other words")
        assert len(teams.uploaded) == 1

    async def test_one_that_is_not_wanted_leaves_an_address(
        self, teams: Teams, talking: Send, desk_files: Desk, query: Query
    ) -> None:
        question = await self.asked(teams, desk_files, query)
        await talking(teams.answered(question, accepted=False))
        await until(lambda: "You did not take how_to.pdf" in words(shown(teams)[2]), "the sentence")
        assert f"{PUBLIC_URL}/attachments/{next(iter(desk_files.files))}/how_to.pdf" in words(shown(teams)[2])
        assert len(shown(teams)) == 3

    async def test_trouble_on_the_way_is_waited_out(
        self, teams: Teams, talking: Send, desk_files: Desk, query: Query
    ) -> None:
        question = await self.asked(teams, desk_files, query)
        answers = [Answer(503, b"<html>"), Answer(429, {})]
        teams.trouble = lambda asked: answers.pop() if answers and asked.path.startswith("/upload/") else None
        await talking(teams.answered(question, accepted=True))
        await until(lambda: len(shown(teams)) == 4, "the file", 30)
        assert list(teams.uploaded.values()) == [b"%PDF-1.7 a document"]

    async def test_one_that_vanished_meanwhile_is_said_in_place_of_the_question(
        self, teams: Teams, talking: Send, desk_files: Desk, query: Query
    ) -> None:
        question = await self.asked(teams, desk_files, query, reply_to="HS-7")
        desk_files.files.clear()
        await talking(teams.answered(question, accepted=True))
        await until(lambda: f"{PUBLIC_URL}/my/tickets/HS-7" in words(shown(teams)[2]), "the sentence")
        assert teams.uploaded == {}

    async def test_it_is_put_nowhere_but_into_onedrive(
        self, teams: Teams, talking: Send, desk_files: Desk, query: Query
    ) -> None:
        question = await self.asked(teams, desk_files, query)
        answer = teams.answered(question, accepted=True)
        elsewhere = desk_files.url.replace("127.0.0.1", "localhost")
        answer["value"]["uploadInfo"]["uploadUrl"] = f"{elsewhere}/chat/files/x/y"
        before = len(desk_files.asked)
        await talking(answer)
        await until(lambda: "could not be sent here" in words(shown(teams)[2]), "the sentence")
        assert all(asked.method == "GET" for asked in desk_files.asked[before:])

    async def test_nobody_allows_the_file_of_another_conversation(
        self, teams: Teams, talking: Send, desk_files: Desk, query: Query
    ) -> None:
        question = await self.asked(teams, desk_files, query)
        theirs = {"conversationType": "personal", "id": "a:2pers", "tenantId": TENANT}
        await talking(teams.message("hello", conversation=theirs, **by("ben")))
        await until(lambda: len(shown(teams, "a:2pers")) == 1, "an answer to somebody else")
        await talking(teams.answered(question, accepted=True, conversation=theirs, **by("ben")))
        await talking(teams.message("wifi", conversation=theirs, **by("ben")))
        await until(lambda: len(shown(teams, "a:2pers")) == 2, "their next answer")
        assert teams.uploaded == {}
        assert query("select 1 from channel_post where changed is not null and is_file") == []

    async def test_in_a_channel_there_is_an_address(
        self, teams: Teams, talking: Send, desk_files: Desk, query: Query
    ) -> None:
        entity = {"type": "mention", "text": "<at>Help Sage</at>", "mentioned": {"id": BOT, "name": "Help Sage"}}
        await talking(teams.message("<at>Help Sage</at> hello", conversation=CHANNEL, entities=[entity]))
        await until(lambda: len(shown(teams, CHANNEL["id"])) == 1, "the answer")
        file = desk_files.add("how_to.pdf", b"%PDF-1.7 a document", "application/pdf")
        speak(query, f"teams:{TENANT}:{CHANNEL['id']}:{PERSON}", "agent", "Here.", {"files": [file]}, "Ben of IT")
        await until(lambda: len(shown(teams, CHANNEL["id"])) == 3, "the address")
        said = shown(teams, CHANNEL["id"])[2]["text"]
        assert f'how_to.pdf (19 bytes): <a href="{PUBLIC_URL}/attachments/{file["id"]}/how_to.pdf">' in said
        assert query("select 1 from channel_error") == []


async def test_an_agent_who_writes_is_shown(teams: Teams, send: Send, query: Query) -> None:
    await send(teams.message("hello"))
    await until(lambda: len(shown(teams)) == 1, "the answer")
    teams.typing.clear()
    query("select pg_notify('typing', id || ' agent') from conversation")
    await until(lambda: teams.typing == ["a:1pers"], "the sign that an agent writes")
