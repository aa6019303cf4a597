"""Slack, as it talks to us and we to it: a real assistant, and Slack's own wire format on loopback."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.middleware.request_verification import RequestVerification
from slack_bolt.request import BoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from assistant.channels.connector import Refused
from assistant.channels.vendors.slack import signature
from tests.channels import installed
from tests.channels.harness import PUBLIC_URL, ActionServer, Assistant, until
from tests.channels.installed import forget_all, install, mend, state_of
from tests.channels.orders import ORDERS, bring
from tests.vendors.desk import Desk
from tests.vendors.loopback import Answer, Asked
from tests.vendors.slack import ANA, BEN, DIRECT, GENERAL, SIGNING_SECRET, TOKEN, US, Slack, Workspace, buttons

pytestmark = [pytest.mark.rasa]

Query = Callable[..., list[dict[str, Any]]]
HERS = DIRECT[ANA]


@pytest.fixture
def slack() -> Iterator[Slack]:
    """Slack."""
    found = Slack()
    yield found
    found.close()


@pytest.fixture
async def workspace(slack: Slack, assistant: Assistant, query: Query) -> Workspace:
    """A workspace with the app installed, and nothing said in it."""
    forget_all(query)
    secrets = {"token": TOKEN, "signing_secret": SIGNING_SECRET}
    install(query, "slack", "main", {"url": f"{slack.url}/api"}, secrets)
    found = Workspace(f"{assistant.url}/webhooks/slack/main")

    async def ready() -> bool:
        answer = await found.send("events", b'{"type": "url_verification", "challenge": "c"}', "application/json")
        return answer.status_code == 200

    deadline = time.monotonic() + 10
    while not await ready():
        assert time.monotonic() < deadline, "the installation was not taken up"
        await asyncio.sleep(0.02)
    return found


def said(query: Query, author: str = "person") -> list[str]:
    """The texts of one kind of author's, in order."""
    return [row["text"] for row in query("select text from message where author = %s order by id", author)]


class TestSignature:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"X-Slack-Signature": "v0=" + "0" * 64}, 401),
            ({"X-Slack-Signature": ""}, 401),
            ({"X-Slack-Signature": "v0=ä"}, 401),
            ({"X-Slack-Request-Timestamp": "now"}, 401),
            ({"X-Slack-Request-Timestamp": "1" * 40}, 401),
        ],
        ids=["forged", "missing", "not ascii", "no time", "a long time"],
    )
    async def test_forged_requests_are_refused_and_not_kept(
        self, workspace: Workspace, query: Query, headers: dict[str, str], status: int
    ) -> None:
        encoded = {name: value.encode() for name, value in headers.items()}
        answer = await workspace.event(workspace.written("hello"), **encoded)  # type: ignore[arg-type]
        assert answer.status_code == status
        assert query("select * from channel_delivery") == []

    async def test_old_and_future_requests_are_refused(self, workspace: Workspace, query: Query) -> None:
        body = json.dumps(workspace.envelope(workspace.written("hello"))).encode()
        for away in (-310, 310):
            answer = await workspace.send("events", body, "application/json", at=time.time() + away)
            assert answer.status_code == 401
        assert query("select * from channel_delivery") == []

    async def test_what_is_refused_is_shown_to_administrators(self, workspace: Workspace, query: Query) -> None:
        secrets = {"token": TOKEN, "signing_secret": "another secret"}
        install(query, "slack", "refusing", {}, secrets)
        stranger = Workspace(workspace.address.replace("main", "refusing"))
        deadline = time.monotonic() + 5
        while (await stranger.event(stranger.written("hello"))).status_code != 401:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        assert "signature is wrong" in query("select words from channel_error")[0]["words"]

    async def test_another_workspace_is_refused(self, workspace: Workspace, query: Query) -> None:
        query("insert into channel_installation (key, details) values ('main', '{\"team_id\": \"T0OTHER\"}')")
        mend(query)
        event = workspace.written("hello")
        deadline = time.monotonic() + 5
        while (await workspace.event(event)).status_code != 403:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)

    async def test_an_unknown_installation_and_a_huge_body(self, workspace: Workspace) -> None:
        elsewhere = Workspace(workspace.address.replace("main", "other"))
        assert (await elsewhere.event(elsewhere.written("hello"))).status_code == 404
        answer = await workspace.event(workspace.written("x" * 10_000_000))
        assert answer.status_code == 413

    def test_slacks_own_kits_agree(self) -> None:
        now, body = str(int(time.time())), b'{"type": "event_callback", "\xc3\xa4": 1}'
        ours = signature.sign(SIGNING_SECRET, now, body)
        assert SignatureVerifier(SIGNING_SECRET).is_valid(body, now, ours)
        request = BoltRequest(
            body=body.decode(), headers={"x-slack-signature": [ours], "x-slack-request-timestamp": [now]}
        )
        passed = RequestVerification(SIGNING_SECRET).process(
            req=request, resp=BoltResponse(status=404), next=lambda: BoltResponse(status=200)
        )
        assert passed.status == 200
        headers = {"x-slack-signature": ours, "x-slack-request-timestamp": now}
        signature.check(SIGNING_SECRET, headers, body, time.time())
        with pytest.raises(Refused):
            signature.check(SIGNING_SECRET, headers, body + b" ", time.time())


class TestEvents:
    async def test_the_address_is_verified(self, workspace: Workspace) -> None:
        body = b'{"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}'
        answer = await workspace.send("events", body, "application/json")
        assert answer.json() == {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}

    async def test_words_are_kept_acknowledged_and_answered(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        await workspace.say("hello")
        kept = query("select * from channel_delivery")
        assert (kept[0]["state"], kept[0]["channel"], kept[0]["what"]) == ("said", "slack", "message")
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")
        conversation = query("select * from conversation")[0]
        assert (conversation["sender_id"], conversation["channel"]) == (f"slack:T0DESK:{ANA}", "slack")
        posted = [{"vendor_id": f"{HERS}:{slack.newest(HERS)['ts']}"}]
        await until(lambda: query("select vendor_id from channel_post") == posted, "the post to be known")

    @pytest.mark.parametrize("reason", ["http_timeout", "http_error", "connection_failed", "unknown_error"])
    async def test_retries_of_any_reason_are_answered_once(
        self, workspace: Workspace, slack: Slack, query: Query, reason: str
    ) -> None:
        event = workspace.written("count")
        for number in range(4):
            retry = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason} if number else {}
            assert (await workspace.event(event, "Ev0ONE", **retry)).status_code == 200
        await workspace.say("hello")
        await until(lambda: "Hello!" in slack.texts(HERS), "the answer")
        assert said(query) == ["count", "hello"]
        assert query("select repeats from channel_delivery where key = 'Ev0ONE'")[0]["repeats"] == 3
        assert [text.split("\n")[0] for text in slack.texts(HERS)] == ["That was number 1.", "Hello!"]

    async def test_retries_in_every_order_are_answered_once(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        expected: list[str] = []
        for number, order in enumerate(ORDERS):
            events = {
                name: partial(workspace.event, workspace.written(f"{name} {number}"), f"Ev{number}{name}")
                for name in "ab"
            }
            expected += [f"{name} {number}" for name in await bring(order, events)]
        assert said(query) == expected
        await until(lambda: len(slack.texts(HERS)) == len(expected), "every answer")
        repeats = {row["repeats"] for row in query("select repeats from channel_delivery")}
        assert repeats == {1}

    async def test_deliveries_at_the_same_time_are_one(self, workspace: Workspace, query: Query) -> None:
        event = workspace.written("count")
        answers = await asyncio.gather(*[workspace.event(event, "Ev0SAME") for _ in range(8)])
        assert {answer.status_code for answer in answers} == {200}
        assert said(query) == ["count"]

    @pytest.mark.parametrize("order", [("message", "app_mention"), ("app_mention", "message")])
    async def test_a_mention_that_comes_as_two_events_is_one_message(
        self, workspace: Workspace, slack: Slack, query: Query, order: tuple[str, str]
    ) -> None:
        mention = workspace.written(f"<@{US}> hello", channel=GENERAL, type="app_mention")
        for kind in order:
            assert (await workspace.event({**mention, "type": kind})).status_code == 200
        await until(lambda: slack.texts(GENERAL) == ["Hello!"], "the answer")
        assert said(query) == ["hello"]
        assert slack.newest(GENERAL)["thread_ts"] == mention["ts"]

    async def test_a_thread_goes_on_without_a_mention(self, workspace: Workspace, slack: Slack, query: Query) -> None:
        root = await workspace.mention("hello")
        await workspace.say("wifi", channel=GENERAL, thread_ts=root["ts"])
        await until(lambda: len(slack.texts(GENERAL, root["ts"])) == 2, "two answers in the thread")
        assert query("select sender_id from conversation") == [
            {"sender_id": f"slack:T0DESK:{ANA}:{GENERAL}.{root['ts']}"}
        ]

    async def test_what_others_say_in_a_channel_is_not_kept(self, workspace: Workspace, query: Query) -> None:
        root = await workspace.mention("hello")
        await workspace.say("a private matter", channel=GENERAL)
        await workspace.say("me too", BEN, GENERAL, thread_ts=root["ts"])
        assert said(query) == ["hello"]
        assert len(query("select * from channel_delivery")) == 1

    @pytest.mark.parametrize(
        "more",
        [
            {"bot_id": "B1"},
            {"subtype": "message_changed"},
            {"subtype": "bot_message"},
            {"user": US},
            {"user": "USLACKBOT"},
        ],
        ids=["a bot", "changed", "bot message", "ourselves", "slackbot"],
    )
    async def test_programs_are_not_answered(self, workspace: Workspace, query: Query, more: dict[str, str]) -> None:
        await workspace.say("hello", **{"channel": HERS, "channel_type": "im", **more})
        assert query("select * from message") == []

    async def test_a_slash_typed_by_hand_means_nothing(self, workspace: Workspace, slack: Slack) -> None:
        await workspace.say('/count{"count": 900}')
        await until(lambda: slack.texts(HERS) != [], "the answer")
        assert slack.texts(HERS)[0].startswith("That was number 1.")

    async def test_a_text_that_is_too_long_is_answered_so(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        await workspace.say("x" * 10_001)
        await until(lambda: slack.texts(HERS) != [], "the answer")
        assert "longer than I can read" in slack.texts(HERS)[0]
        assert query("select state from channel_delivery")[0]["state"] == "refused"

    async def test_what_a_person_owns_goes_to_them_and_not_to_the_assistant(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        await workspace.say("hello")
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")
        query("update conversation set owner = 'human'")
        await workspace.say("are you there?")
        told = query("select kind from outbox_event where kind = 'conversation.person_wrote'")
        assert len(told) == 1
        query("update conversation set owner = 'bot'")


class TestButtons:
    async def test_are_shown_pressed_and_answered_once(self, workspace: Workspace, slack: Slack, query: Query) -> None:
        await workspace.say("hello")
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")
        asked = slack.newest(HERS)
        assert list(buttons(asked)) == ["Yes", "No"]
        pressed = workspace.pressed(asked, "Yes", HERS)
        assert (await workspace.interact(pressed)).status_code == 200
        assert (await workspace.interact(pressed)).status_code == 200
        await until(lambda: slack.texts(HERS) == ["Hello!", "You said yes."], "the answer")
        assert said(query) == ["hello", "Yes"]
        await until(lambda: asked.get("edited"), "the choice to be shown")
        assert buttons(asked) == {}
        assert "✓ Yes" in json.dumps(asked["blocks"], ensure_ascii=False)

    async def test_of_others_mean_nothing(self, workspace: Workspace, slack: Slack, query: Query) -> None:
        root = await workspace.mention("hello")
        await until(lambda: slack.texts(GENERAL) == ["Hello!"], "the answer")
        asked = slack.newest(GENERAL)
        await workspace.interact(workspace.pressed(asked, "Yes", GENERAL, BEN))
        assert said(query) == ["hello"]
        await workspace.say("hello", BEN)
        await until(lambda: slack.texts(DIRECT[BEN]) == ["Hello!"], "the answer")
        await workspace.interact(workspace.pressed({**asked, "thread_ts": None}, "Yes", DIRECT[BEN], BEN))
        await until(lambda: len(slack.texts(DIRECT[BEN])) == 2, "a refusal")
        assert "no longer valid" in slack.texts(DIRECT[BEN])[1]
        assert root["ts"] == asked["thread_ts"]

    @pytest.mark.parametrize("value", ["/affirm", "1", "1:", ":1", "-1:0", "9" * 30 + ":0", "1:99", "١:٠"])
    async def test_payloads_of_ones_own_mean_nothing(
        self, workspace: Workspace, slack: Slack, query: Query, value: str
    ) -> None:
        await workspace.say("hello")
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")
        pressed = workspace.pressed(slack.newest(HERS), "Yes", HERS)
        pressed["actions"][0]["value"] = value
        assert (await workspace.interact(pressed)).status_code == 200
        assert said(query) == ["hello"]

    async def test_any_number_of_them(self, workspace: Workspace, slack: Slack, query: Query) -> None:
        await workspace.say("hello")
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")
        offered = [{"title": f"Choice {number} " + "x" * 80, "payload": "/affirm"} for number in range(60)]
        speak(query, "bot", "Choose.", {"buttons": offered})
        await until(lambda: len(slack.texts(HERS)) == 2, "the choice")
        assert len(buttons(slack.newest(HERS))) == 60


class TestCommand:
    async def test_words_are_answered_in_the_direct_channel(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        answer = await workspace.command("wifi")
        assert answer.json()["response_type"] == "ephemeral"
        await until(lambda: len(slack.texts(HERS)) == 1, "the answer")
        assert "eduroam" in slack.texts(HERS)[0]
        found = "select address ->> 'channel' as channel from channel_conversation"
        await until(lambda: query(found) == [{"channel": HERS}], "the direct channel to be remembered")

    async def test_alone_it_explains_itself(self, workspace: Workspace, query: Query) -> None:
        assert "/help-sage" in (await workspace.command("")).json()["text"]
        assert query("select * from channel_delivery") == []

    async def test_opens_the_form_which_makes_one_ticket(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        assert (await workspace.command("new")).status_code == 200
        await until(lambda: len(slack.views) == 1, "the form")
        assert slack.views[0]["callback_id"] == "ticket_form"
        refused = (await workspace.interact(workspace.submitted("Printer", " "))).json()
        assert refused == {"response_action": "errors", "errors": {"description": "Please write a few words."}}
        for _ in range(2):
            answer = await workspace.interact(workspace.submitted("Printer", "It is on fire."))
            assert answer.json() == {"response_action": "clear"}
        told = query("select payload from outbox_event where kind = 'conversation.form_sent'")
        assert len(told) == 1
        assert (told[0]["payload"]["subject"], told[0]["payload"]["description"]) == ("Printer", "It is on fire.")


class TestFiles:
    async def test_go_to_the_help_desk_and_not_to_the_dialogue(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        file = {
            "id": "F1",
            "name": "fire.png",
            "mimetype": "image/png",
            "size": 70,
            "url_private_download": "https://x",
        }
        await workspace.say("", subtype="file_share", files=[file])
        told = query("select payload from outbox_event where kind = 'conversation.files_sent'")
        message = query("select * from message")[0]
        assert [row["payload"] for row in told] == [{"message_id": message["id"], "installation": "main"}]
        assert message["text"] == "fire.png"
        assert message["handled_at"] is not None

    async def test_with_words_the_words_are_answered(self, workspace: Workspace, slack: Slack, query: Query) -> None:
        await workspace.say("hello", subtype="file_share", files=[{"id": "F1", "name": "fire.png"}])
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")
        assert len(query("select * from outbox_event where kind = 'conversation.files_sent'")) == 1


class TestShortcuts:
    def shortcut(self, workspace: Workspace, kind: str, trigger: str, **more: Any) -> dict[str, Any]:
        """A shortcut that Ana chose."""
        user = {"id": ANA, "team_id": "T0DESK"}
        return {"type": kind, "team": {"id": "T0DESK"}, "user": user, "trigger_id": trigger, **more}

    async def test_the_global_one_opens_the_form(self, workspace: Workspace, slack: Slack) -> None:
        chosen = self.shortcut(workspace, "shortcut", "1.trigger", callback_id="ticket_form_global")
        for _ in range(2):
            assert (await workspace.interact(chosen)).status_code == 200
        await workspace.interact({**chosen, "trigger_id": "2.trigger"})
        await until(lambda: len(slack.views) == 2, "one form for each time it was chosen")
        assert [each["callback_id"] for each in slack.views] == ["ticket_form", "ticket_form"]

    async def test_that_of_a_message_begins_with_its_words(self, workspace: Workspace, slack: Slack) -> None:
        message = {"text": f"<@{US}> the printer &amp; the scanner", "ts": "1.1"}
        await workspace.interact(self.shortcut(workspace, "message_action", "3.trigger", message=message))
        await until(lambda: slack.views, "the form")
        (field,) = [each for each in slack.views[0]["blocks"] if each["block_id"] == "description"]
        assert field["element"]["initial_value"].endswith("the printer & the scanner")


class TestTyping:
    async def test_is_shown_in_an_assistants_threads(self, workspace: Workspace, slack: Slack, query: Query) -> None:
        secrets = {"token": TOKEN, "signing_secret": SIGNING_SECRET}
        install(query, "slack", "main", {"url": f"{slack.url}/api", "assistant": "yes"}, secrets)
        await workspace.say("hello", thread_ts="1700000000.000100")
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")

        def seen() -> bool:
            """Whether it is shown; until the installation is followed it cannot be."""
            query("update channel_conversation set typed_at = null")
            query("select pg_notify('typing', id || ' agent') from conversation")
            return any(each["status"] for each in slack.statuses)

        await until(seen, "the status")
        (where, *_) = [each for each in slack.statuses if each["status"]]
        assert (where["channel_id"], where["thread_ts"]) == (HERS, "1700000000.000100")

    async def test_is_shown_nowhere_else(self, workspace: Workspace, slack: Slack, query: Query) -> None:
        await workspace.say("hello", thread_ts="1700000000.000100")
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")
        query("select pg_notify('typing', id || ' agent') from conversation")
        noticed = "select 1 from channel_conversation where typed_at is not null"
        await until(lambda: query(noticed), "the agent to be noticed")
        await workspace.say("wifi", thread_ts="1700000000.000100")
        await until(lambda: len(slack.texts(HERS)) == 2, "the next answer")
        assert slack.statuses == []


class TestHome:
    async def test_shows_my_tickets(self, workspace: Workspace, slack: Slack, query: Query) -> None:
        await workspace.event({"type": "app_home_opened", "user": ANA, "channel": HERS, "tab": "home"})
        await until(lambda: ANA in slack.homes, "the home")
        assert "no tickets yet" in json.dumps(slack.homes[ANA])

    async def test_shows_them_how_they_are_and_nobody_elses(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        await workspace.say("hello")
        await workspace.say("hello", BEN)
        for number, user in ((901, ANA), (902, BEN)):
            query(
                "insert into ticket (id, number, subject, description, status, priority, category, channel,"
                " conversation_id, requester_id) select gen_random_uuid(), %s, %s, '', 'waiting', 'normal',"
                " 'general_issue', 'slack', id, person_id from conversation where sender_id = %s",
                number,
                f"Printer of {user}",
                f"slack:T0DESK:{user}",
            )
        await workspace.event({"type": "app_home_opened", "user": ANA, "channel": HERS, "tab": "home"})
        await until(lambda: ANA in slack.homes, "the home")
        drawn = json.dumps(slack.homes[ANA])
        assert "HS-901" in drawn
        assert "Waiting for you" in drawn
        assert "HS-902" not in drawn


class TestPosting:
    async def test_agents_words_come_with_their_name(self, workspace: Workspace, slack: Slack, query: Query) -> None:
        await workspace.say("hello")
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")
        speak(query, "agent", "Have you tried **turning it off**?", {}, "Ben of IT")
        await until(lambda: len(slack.texts(HERS)) == 2, "the agent's words")
        shown = slack.newest(HERS)["blocks"]
        assert shown[0]["elements"][0]["text"] == "*Ben of IT*"
        assert shown[1]["text"]["text"].replace("\u200b", "") == "Have you tried *turning it off*?"

    async def test_long_texts_come_in_parts_in_order(self, workspace: Workspace, slack: Slack, query: Query) -> None:
        await workspace.say("hello")
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")
        words = " ".join(f"word{number}" for number in range(900))
        speak(query, "agent", words, {"buttons": [{"title": "Fine", "payload": "/affirm"}]})
        speak(query, "agent", "the end", {})
        await until(lambda: slack.texts(HERS)[-1] == "the end", "the end")
        parts = slack.channels[HERS][1:-1]
        assert len(parts) > 2
        assert " ".join(part["text"] for part in parts) == words
        assert [bool(buttons(part)) for part in parts] == [False] * (len(parts) - 1) + [True]

    async def test_a_ticket_card_shows_how_it_is_now(self, workspace: Workspace, slack: Slack, query: Query) -> None:
        await workspace.say("count")
        await until(lambda: len(slack.texts(HERS)) == 1, "the answer")
        card = {"reference": "HS-9", "subject": "Printer", "status": "open", "status_label": "Open"}
        speak(query, "bot", "Filed.", {"ticket": card})
        await until(lambda: len(slack.texts(HERS)) == 2, "the card")
        shown = slack.newest(HERS)
        assert "Open" in json.dumps(shown["blocks"])
        now = {"reference": "HS-9", "status": "resolved", "status_label": "Solved"}
        speak(query, "system", "HS-9 is solved.", {"state": now})
        await until(lambda: shown.get("edited"), "the card to change")
        assert "Solved" in json.dumps(shown["blocks"])
        assert "Printer" in json.dumps(shown["blocks"])
        assert slack.texts(HERS)[-1] == "HS-9 is solved."

    async def test_a_rate_limit_is_obeyed_in_every_conversation(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        calls: list[float] = []

        def trouble(asked: Asked) -> Answer | None:
            if not asked.path.endswith("chat.postMessage"):
                return None
            calls.append(time.monotonic())
            if len(calls) > 1:
                return None
            return Answer(429, {"ok": False, "error": "ratelimited"}, (("Retry-After", "2"),))

        slack.trouble = trouble
        await workspace.say("hello")
        await until(lambda: calls, "the refusal")
        await workspace.say("hello", BEN)
        await until(lambda: slack.texts(HERS) == ["Hello!"] == slack.texts(DIRECT[BEN]), "both answers", seconds=60)
        assert len(calls) == 3
        assert min(calls[1:]) - calls[0] >= 2

    async def test_a_rate_limit_holds_for_whoever_posts_next(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        calls: list[float] = []

        def trouble(asked: Asked) -> Answer | None:
            if not asked.path.endswith("chat.postMessage"):
                return None
            calls.append(time.monotonic())
            limited = Answer(429, {"ok": False, "error": "ratelimited"}, (("Retry-After", "4"),))
            return limited if len(calls) == 1 else None

        slack.trouble = trouble
        await workspace.say("hello")
        await until(lambda: query("select 1 from channel_installation where rest_until > now()"), "the rest")
        # Another sender, in this process or another, knows nothing but what the database tells.
        options = {"url": f"{slack.url}/api", "team": "T0DESK"}
        install(query, "slack", "main", options, {"token": TOKEN, "signing_secret": SIGNING_SECRET})
        await workspace.say("hello", BEN)
        await until(lambda: slack.texts(HERS) == ["Hello!"] == slack.texts(DIRECT[BEN]), "both answers", seconds=60)
        assert min(calls[1:]) - calls[0] >= 4

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(500, {"ok": False}),
            Answer(200, b"<html>We are down</html>", (("Content-Type", "text/html"),)),
            Answer(200, b"[]"),
            Answer(302, b"", (("Location", "http://127.0.0.1:1/"),)),
            Answer(200, {"ok": False, "error": "fatal_error"}),
            Answer(200, {"ok": False, "error": "something_new"}),
        ],
        ids=["500", "HTML", "a list", "a redirect", "fatal_error", "unknown"],
    )
    async def test_trouble_is_waited_out(self, workspace: Workspace, slack: Slack, answer: Answer) -> None:
        given: list[Asked] = []

        def trouble(asked: Asked) -> Answer | None:
            if asked.path.endswith("chat.postMessage") and not given:
                given.append(asked)
                return answer
            return None

        slack.trouble = trouble
        await workspace.say("hello")
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")

    async def test_an_answer_that_got_lost_is_not_posted_twice(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        lost: list[Asked] = []

        def deaf(asked: Asked) -> bool:
            if asked.path.endswith("chat.postMessage") and not lost:
                lost.append(asked)
                return True
            return False

        slack.deaf = deaf
        await workspace.say("hello")
        await until(lambda: query("select state from channel_post") == [{"state": "sent"}], "the post to be known")
        assert slack.texts(HERS) == ["Hello!"]

    async def test_a_slow_answer_keeps_nobody_else_waiting(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        go_on = threading.Event()

        def trouble(asked: Asked) -> Answer | None:
            if asked.path.endswith("chat.postMessage") and asked.json["channel"] == HERS:
                go_on.wait(15)
            return None

        slack.trouble = trouble
        try:
            await workspace.say("hello")
            await until(lambda: query("select 1 from channel_post where attempts > 0"), "the slow call")
            await workspace.say("count")
            await workspace.say("hello", BEN)
            await until(lambda: slack.texts(DIRECT[BEN]) == ["Hello!"], "an answer to somebody else")
            assert slack.texts(HERS) == []
            assert query("select 1 from channel_post where last_error <> ''") == [], "the slow call was given up before"
        finally:
            go_on.set()
        await until(lambda: len(slack.texts(HERS)) == 2, "both answers")
        assert slack.texts(HERS)[0] == "Hello!"

    async def test_set_up_anew_in_the_middle_of_a_call_it_is_posted_once_and_soon(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        reached, go_on = threading.Event(), threading.Event()

        def trouble(asked: Asked) -> Answer | None:
            if asked.path.endswith("chat.postMessage") and not reached.is_set():
                reached.set()
                go_on.wait(10)
            return None

        slack.trouble = trouble
        await workspace.say("hello")
        await until(reached.is_set, "the call")
        options = {"url": f"{slack.url}/api", "team": "T0DESK"}
        install(query, "slack", "main", options, {"token": TOKEN, "signing_secret": SIGNING_SECRET})
        again = "select 1 from channel_post where attempts > 1"
        # Long before the 20 seconds of the first attempt are over (posts.LEASE_S).
        await until(lambda: query(again), "the next attempt", seconds=10)
        go_on.set()
        await until(lambda: query("select state from channel_post") == [{"state": "sent"}], "the post to be known")

    async def test_a_revoked_token_breaks_the_installation_and_loses_nothing(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        slack.token = "another"
        await workspace.say("hello")
        await until(lambda: state_of(query, "main") == "broken", "the installation to be broken")
        await workspace.say("wifi")
        await until(lambda: len(query("select * from channel_post where state = 'waiting'")) == 2, "both to wait")
        told = query("select payload from outbox_event where kind = 'channel.broken'")
        assert len(told) == 1
        assert "token_revoked" in told[0]["payload"]["reason"]
        assert "token_revoked" in query("select words from channel_error")[0]["words"]
        slack.token = TOKEN
        query("update channel_installation set state = 'working'")
        mend(query)
        await until(lambda: len(slack.texts(HERS)) == 2, "both answers")
        assert slack.texts(HERS)[0] == "Hello!"

    async def test_an_archived_channel_keeps_its_words_until_somebody_writes_again(
        self, workspace: Workspace, slack: Slack, query: Query
    ) -> None:
        slack.archived.add(HERS)
        await workspace.say("hello")
        broken = "select state, reason from channel_conversation"
        await until(lambda: query(broken)[0]["state"] == "broken", "the conversation to be broken")
        assert "is_archived" in query(broken)[0]["reason"]
        await workspace.say("hello", BEN)
        await until(lambda: slack.texts(DIRECT[BEN]) == ["Hello!"], "others are answered")
        slack.archived.clear()
        await workspace.say("wifi")
        await until(lambda: len(slack.texts(HERS)) == 2, "both answers")
        assert slack.texts(HERS)[0] == "Hello!"

    async def test_what_slack_finds_wrong_is_said_plainly(self, workspace: Workspace, slack: Slack) -> None:
        def trouble(asked: Asked) -> Answer | None:
            given = asked.json or {}
            return Answer(200, {"ok": False, "error": "invalid_blocks"}) if given.get("blocks") else None

        slack.trouble = trouble
        await workspace.say("hello")
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")

    def test_slacks_own_client_finds_the_same(self, slack: Slack) -> None:
        client = WebClient(TOKEN, base_url=f"{slack.url}/api/")
        assert client.auth_test()["user_id"] == US
        posted = client.chat_postMessage(channel=HERS, text="Hello")
        client.chat_update(channel=HERS, ts=posted["ts"], text="Hi")
        assert slack.texts(HERS) == ["Hi"]
        with pytest.raises(SlackApiError, match="channel_not_found"):
            client.chat_postMessage(channel="C0NOWHERE", text="Hello")


class TestSentFiles:
    """What an agent's reply brings with it."""

    @pytest.fixture
    async def talking(self, workspace: Workspace, slack: Slack, desk_files: Desk) -> Workspace:
        """Ana has said hello."""
        desk_files.files.clear()
        desk_files.trouble = lambda asked: None
        await workspace.say("hello")
        await until(lambda: slack.texts(HERS) == ["Hello!"], "the answer")
        return workspace

    async def test_come_after_the_words_in_order_and_before_what_is_said_next(
        self, talking: Workspace, slack: Slack, desk_files: Desk, query: Query
    ) -> None:
        files = [
            desk_files.add("map.png", b"a picture", "image/png"),
            desk_files.add("how to.pdf", b"%PDF-1.7 a document", "application/pdf"),
        ]
        speak(query, "agent", "Here they are.", {"files": files}, "Ben of IT")
        speak(query, "agent", "Good luck.", {}, "Ben of IT")
        await until(lambda: slack.texts(HERS)[-1] == "Good luck.", "the last words")
        assert slack.texts(HERS) == ["Hello!", "Here they are.", "", "", "Good luck."]
        assert slack.files_in(HERS) == [("map.png", b"a picture"), ("how to.pdf", b"%PDF-1.7 a document")]
        uploads = [asked for asked in slack.asked if asked.path.startswith("/upload/")]
        assert all("authorization" not in asked.headers for asked in uploads)

    async def test_come_into_the_thread(self, talking: Workspace, slack: Slack, desk_files: Desk, query: Query) -> None:
        root = await talking.mention("hello")
        await until(lambda: slack.texts(GENERAL) == ["Hello!"], "the answer")
        sender_id = f"slack:T0DESK:{ANA}:{GENERAL}.{root['ts']}"
        files = [desk_files.add("map.png", b"a picture", "image/png")]
        installed.speak(query, sender_id, "agent", "", {"files": files}, "Ben of IT")
        await until(lambda: slack.files_in(GENERAL) == [("map.png", b"a picture")], "the file")
        assert slack.newest(GENERAL)["thread_ts"] == root["ts"]
        assert slack.newest(GENERAL)["text"] == "*Ben of IT*"

    @pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
    async def test_an_answer_that_got_lost_shares_it_once(
        self, talking: Workspace, slack: Slack, desk_files: Desk, query: Query, method: str
    ) -> None:
        lost: list[Asked] = []

        def deaf(asked: Asked) -> bool:
            if asked.path.endswith(method) and not lost:
                lost.append(asked)
                return True
            return False

        slack.deaf = deaf
        speak(query, "agent", "Here.", {"files": [desk_files.add("map.png", b"a picture", "image/png")]})
        speak(query, "agent", "There.", {})
        await until(lambda: slack.texts(HERS)[-1] == "There.", "the words after it")
        assert slack.files_in(HERS) == [("map.png", b"a picture")]

    @pytest.mark.parametrize(
        "path", ["/api/files.getUploadURLExternal", "/upload/", "/api/files.completeUploadExternal"]
    )
    @pytest.mark.parametrize(
        "answer",
        [
            Answer(429, {"ok": False, "error": "ratelimited"}, (("Retry-After", "1"),)),
            Answer(500, b"<html>We are down</html>", (("Content-Type", "text/html"),)),
        ],
        ids=["429", "500"],
    )
    async def test_trouble_is_waited_out(
        self, talking: Workspace, slack: Slack, desk_files: Desk, query: Query, path: str, answer: Answer
    ) -> None:
        given: list[Asked] = []

        def trouble(asked: Asked) -> Answer | None:
            if asked.path.startswith(path) and not given:
                given.append(asked)
                return answer
            return None

        slack.trouble = trouble
        speak(query, "agent", "Here.", {"files": [desk_files.add("map.png", b"a picture", "image/png")]})
        await until(lambda: slack.files_in(HERS) == [("map.png", b"a picture")], "the file", seconds=60)
        assert given

    async def test_one_that_vanished_or_is_too_large_is_said_with_an_address(
        self, talking: Workspace, slack: Slack, desk_files: Desk, query: Query
    ) -> None:
        gone = desk_files.add("my_map.png", b"a picture", "image/png")
        desk_files.files.clear()
        large = {"id": "x", "name": "film.mp4", "content_type": "video/mp4", "size": 150_000_000}
        speak(query, "agent", "Here.", {"files": [gone, large], "reply_to": "HS-7"})
        await until(lambda: len(slack.texts(HERS)) == 4, "both sentences")
        assert slack.texts(HERS)[2] == (
            "my_map.png was sent to you, but we do not have it any more."
            f" Please ask for it on <{PUBLIC_URL}/my/tickets/HS-7|your ticket>."
        )
        assert slack.texts(HERS)[3] == (
            "film.mp4 (150.0 MB) is too large to be sent here:"
            f" <{PUBLIC_URL}/attachments/x/film.mp4|open it on our pages>"
        )
        assert not slack.uploads

    async def test_the_desk_away_is_waited_for(
        self, talking: Workspace, slack: Slack, desk_files: Desk, query: Query
    ) -> None:
        away = [Answer(503, b""), Answer(200, b"not all of i")]
        desk_files.trouble = lambda asked: away.pop() if away else None
        speak(query, "agent", "Here.", {"files": [desk_files.add("map.png", b"a picture", "image/png")]})
        await until(lambda: slack.files_in(HERS) == [("map.png", b"a picture")], "the file", seconds=60)

    async def test_an_app_from_before_files_goes_on_with_words(
        self, talking: Workspace, slack: Slack, desk_files: Desk, query: Query
    ) -> None:
        missing = Answer(200, {"ok": False, "error": "missing_scope", "needed": "files:write"})
        slack.trouble = lambda asked: missing if asked.path.startswith("/api/files.") else None
        file = desk_files.add("map.png", b"a picture", "image/png")
        speak(query, "agent", "Here.", {"files": [file]})
        await until(lambda: len(slack.texts(HERS)) == 3, "the sentence")
        assert f"{PUBLIC_URL}/attachments/{file['id']}/map.png" in slack.texts(HERS)[2]
        assert state_of(query, "main") == "working"
        assert "files:write" in query("select words from channel_error")[0]["words"]

    async def test_a_button_above_them_still_shows_what_was_chosen(
        self, talking: Workspace, slack: Slack, desk_files: Desk, query: Query
    ) -> None:
        offered = {"buttons": [{"title": "Solved", "payload": "/affirm"}]}
        file = desk_files.add("map.png", b"a picture", "image/png")
        speak(query, "agent", "Is it?", {"files": [file], **offered})
        await until(lambda: slack.files_in(HERS), "the file")
        asked = slack.channels[HERS][1]
        await talking.interact(talking.pressed(asked, "Solved", HERS))
        await until(lambda: asked.get("edited"), "the choice to be shown")
        assert "✓ Solved" in json.dumps(asked["blocks"], ensure_ascii=False)

    def test_slacks_own_client_uploads_the_same_way(self, slack: Slack) -> None:
        client = WebClient(TOKEN, base_url=f"{slack.url}/api/")
        client.files_upload_v2(channel=HERS, filename="map.png", content=b"a picture")
        assert slack.files_in(HERS) == [("map.png", b"a picture")]
        with pytest.raises(SlackApiError, match="method_deprecated"):
            client.api_call("files.upload", params={"channels": HERS})


class TestCrash:
    async def test_what_was_acknowledged_is_answered_by_the_next_process(
        self, workspace: Workspace, slack: Slack, assistant: Assistant, actions: ActionServer, query: Query
    ) -> None:
        actions.gate.touch()
        event = await workspace.say("wait")
        assistant.kill()
        actions.gate.unlink()
        assistant.start()
        await until(lambda: slack.texts(HERS) == ["That took a while."], "the answer")
        await workspace.event(event)
        assert said(query) == ["wait"]

    async def test_what_was_being_posted_is_posted_once(
        self, workspace: Workspace, slack: Slack, assistant: Assistant, query: Query, tmp_path: Path
    ) -> None:
        reached: list[Asked] = []

        def deaf(asked: Asked) -> bool:
            if asked.path.endswith("chat.postMessage") and not reached:
                assistant.kill()
                reached.append(asked)
                return True
            return False

        slack.deaf = deaf
        await workspace.say("hello")
        await until(lambda: reached, "the call")
        query("update channel_post set next_at = now()")
        await asyncio.to_thread(assistant.start)
        await until(lambda: query("select state from channel_post") == [{"state": "sent"}], "the post to be known")
        assert slack.texts(HERS) == ["Hello!"]


def speak(query: Query, author: str, text: str, data: dict[str, Any], name: str = "") -> None:
    """Say something in Ana's direct conversation."""
    installed.speak(query, f"slack:T0DESK:{ANA}", author, text, data, name)
