"""Teams' activities read, ours written; the vendor's own client makes the same calls to the same server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from botbuilder.schema import Activity, ConversationAccount
from botframework.connector.aio import ConnectorClient
from msrest.authentication import BasicTokenAuthentication

from assistant.channels import markdown
from assistant.channels.connector import (
    Delivery,
    Http,
    Impossible,
    Incoming,
    InstallationBroken,
    Later,
    Outgoing,
    PlaceBroken,
    Refused,
    Reply,
)
from assistant.channels.installations import Installation
from assistant.channels.vendors.teams import activities, cards
from assistant.channels.vendors.teams.activities import Place, Unreadable, What
from assistant.channels.vendors.teams.connector import Teams
from tests.vendors import teams as server
from tests.vendors.loopback import Answer
from tests.vendors.teams import APP, BOT, PERSON, SECRET, TENANT


@pytest.fixture
def teams() -> Iterator[server.Teams]:
    found = server.Teams()
    yield found
    found.close()


@pytest.fixture
async def connector(teams: server.Teams) -> AsyncIterator[Teams]:
    http = Http()
    options = {"app_id": APP, "login_url": teams.url, "metadata_url": teams.metadata_url}
    yield Teams(Installation("app", "teams", options=options, secrets={"app_secret": SECRET}), http)
    await http.close()


def mentioned(name: str, account: str, written: str | None = None) -> dict[str, Any]:
    return {"type": "mention", "text": written or f"<at>{name}</at>", "mentioned": {"id": account, "name": name}}


def outgoing(teams: server.Teams, text: str, **more: Any) -> Outgoing:
    address = activities.reference(teams.message("x"))
    known = {"author": "bot", "author_name": "", "data": {}, "address": address, **more}
    return Outgoing(message_id=5, part=0, text=markdown.dump(markdown.read(text)), **known)


def shown(teams: server.Teams) -> list[dict[str, Any]]:
    return list(teams.shown.get("a:1pers", {}).values())


class TestReading:
    @pytest.mark.parametrize(
        ("text", "entities", "words"),
        [
            ("<at>Help Sage</at> the wifi", [mentioned("Help Sage", BOT)], "the wifi"),
            ("the <at>Help Sage</at>&nbsp;wifi\r\n", [mentioned("Help Sage", BOT)], "the wifi"),
            ("ask <at>Ben</at> too", [mentioned("Ben", "29:ben")], "ask Ben too"),
            ("<at>Help Sage</at> typed by hand", [], "<at>Help Sage</at> typed by hand"),
            ("<at>Help Sage</at> x", [mentioned("Help Sage", BOT, "<at>another</at>")], "<at>Help Sage</at> x"),
            ("if a < b and b > c", [], "if a < b and b > c"),
            ("hi", "no list", "hi"),
            ("hi", [None, 5, {"type": "mention"}, {"type": "mention", "text": 5}], "hi"),
        ],
    )
    def test_mentions_are_what_the_entities_say(
        self, teams: server.Teams, text: str, entities: Any, words: str
    ) -> None:
        assert activities.read(teams.message(text, entities=entities)).text == words

    def test_html_is_read_as_words(self, teams: server.Teams) -> None:
        heard = activities.read(teams.message("<p>a &lt;b&gt;</p><p>c</p>", textFormat="xml"))
        assert heard.text == "a <b>\nc"

    @pytest.mark.parametrize(
        ("conversation", "place"),
        [
            ({"conversationType": "personal", "id": "a:1"}, Place.PERSONAL),
            ({"id": "a:1"}, Place.PERSONAL),
            ({"conversationType": "groupChat", "id": "19:x@thread.v2", "isGroup": True}, Place.GROUP),
            ({"conversationType": "channel", "id": "19:x@thread.tacv2;messageid=1"}, Place.CHANNEL),
            ({"id": "19:x@thread.v2"}, Place.GROUP),
            ({"conversationType": "new", "id": "b:1", "isGroup": True}, Place.GROUP),
        ],
    )
    def test_places(self, teams: server.Teams, conversation: dict[str, Any], place: Place) -> None:
        heard = activities.read(teams.message("x", conversation=conversation))
        assert heard.place is place
        assert heard.shared is (place is not Place.PERSONAL)

    def test_two_threads_of_a_channel_are_two_conversations_of_one_person(self, teams: server.Teams) -> None:
        heard = [
            activities.read(
                teams.message(
                    "x", conversation={"conversationType": "channel", "id": f"19:x@thread.tacv2;messageid={n}"}
                )
            )
            for n in (1, 2)
        ]
        assert len({one.sender for one in heard}) == 2
        assert {one.person for one in heard} == {f"{TENANT}:{PERSON}"}

    @pytest.mark.parametrize(
        "more",
        [
            {"value": {"hs": "5:1"}},
            {"value": '{"hs": "5:1"}'},
            {"type": "invoke", "name": "adaptiveCard/action", "value": {"action": {"data": {"hs": "5:1"}}}},
        ],
        ids=["submit", "messageBack", "execute"],
    )
    def test_presses(self, teams: server.Teams, more: dict[str, Any]) -> None:
        heard = activities.read(teams.message("Yes", **more))
        assert (heard.what, heard.pressed) == (What.PRESS, "5:1")

    @pytest.mark.parametrize("value", [5, [], "x", {"hs": 5}, {"hs": ""}, {"other": "5:1"}, {"hs": "x" * 501}])
    def test_other_values_are_no_presses(self, teams: server.Teams, value: Any) -> None:
        assert activities.read(teams.message("Yes", value=value)).what is What.MESSAGE

    def test_files(self, teams: server.Teams) -> None:
        attachments = [
            {"contentType": "text/html", "content": "<p>x</p>"},
            {"contentType": activities.FILE, "name": "log.txt", "content": {"downloadUrl": "https://files.example/1"}},
            {"contentType": "image/png", "contentUrl": "https://smba.example/v3/attachments/1/views/original"},
            {"contentType": activities.FILE, "name": "lost.txt", "content": None},
        ]
        files = activities.read(teams.message("look", attachments=attachments)).files
        assert [(file.name, file.ours) for file in files] == [("log.txt", False), ("picture.png", True)]

    @pytest.mark.parametrize(
        ("more", "what"),
        [
            ({"type": "conversationUpdate", "membersAdded": [{"id": BOT}]}, What.ADDED),
            ({"type": "conversationUpdate", "membersAdded": [{"id": "29:ben"}]}, What.OTHER),
            ({"type": "conversationUpdate", "membersRemoved": [{"id": BOT}]}, What.REMOVED),
            ({"type": "installationUpdate", "action": "remove"}, What.REMOVED),
            ({"type": "installationUpdate", "action": "add"}, What.ADDED),
            ({"type": "messageReaction"}, What.OTHER),
            ({"type": "invoke", "name": "composeExtension/query"}, What.INVOKE),
        ],
    )
    def test_other_activities(self, teams: server.Teams, more: dict[str, Any], what: What) -> None:
        assert activities.read(teams.message("", **more)).what is what

    @pytest.mark.parametrize("more", [{"conversation": {"id": ""}}, {"type": 5}, {"from": {}}])
    def test_what_is_no_activity(self, teams: server.Teams, more: dict[str, Any]) -> None:
        with pytest.raises(Unreadable):
            activities.read(teams.message("x", **more))


class TestReceiving:
    async def receive(self, teams: server.Teams, connector: Teams, activity: Any) -> Delivery | Reply:
        body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
        return await connector.receive(Incoming("messages", {"authorization": teams.authorization()}, body))

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"5"])
    async def test_no_activity(self, teams: server.Teams, connector: Teams, body: bytes) -> None:
        with pytest.raises(Refused) as raised:
            await self.receive(teams, connector, body)
        assert raised.value.status == 400

    async def test_keys_that_cannot_be_fetched_let_the_sender_try_again(
        self, teams: server.Teams, connector: Teams
    ) -> None:
        teams.trouble = lambda asked: Answer(500, {})
        with pytest.raises(Refused) as raised:
            await self.receive(teams, connector, teams.message("x"))
        assert raised.value.status == 503

    async def test_an_invoke_nobody_handles(self, teams: server.Teams, connector: Teams) -> None:
        answer = await self.receive(teams, connector, teams.message("", type="invoke", name="task/fetch"))
        assert getattr(answer, "status", None) == 501


class TestPosting:
    async def test_words_are_html(self, teams: server.Teams, connector: Teams) -> None:
        await connector.post(outgoing(teams, "a **b** <c>\n\n- d", author="agent", author_name="Priya & Co"))
        (activity,) = shown(teams)
        assert activity["textFormat"] == "xml"
        assert activity["text"] == "<b>Priya &amp; Co</b><br>a <b>b</b> &lt;c&gt;<br><br>• d"

    async def test_many_choices_and_a_ticket_are_one_card(self, teams: server.Teams, connector: Teams) -> None:
        buttons = [{"title": f"Choice {n}", "payload": "/x"} for n in range(14)]
        ticket = {
            "reference": "HS-1",
            "status": "open",
            "status_label": "Open",
            "subject": "*not* bold",
            "priority": "high",
        }
        await connector.post(outgoing(teams, "Which **one**?", data={"buttons": buttons, "ticket": ticket}))
        (activity,) = shown(teams)
        body = activity["attachments"][0]["content"]["body"]
        sets = [part["actions"] for part in body if part["type"] == "ActionSet"]
        assert [len(one) for one in sets] == [6, 6, 2]
        assert sets[2][1]["data"]["msteams"]["value"] == {"hs": "5:13"}
        assert r"\*not\* bold" in json.dumps(body).replace("\\\\", "\\")
        assert activity["summary"] == "Which one?"
        assert Activity().deserialize(activity).attachments[0].content_type == cards.CONTENT_TYPE

    async def test_a_card_is_changed_in_place(self, teams: server.Teams, connector: Teams) -> None:
        buttons = [{"title": "Yes", "payload": "/x"}]
        posted = await connector.post(outgoing(teams, "Sure?", data={"buttons": buttons}))
        await connector.change(outgoing(teams, "Sure?", data={"buttons": buttons, "pressed": "Yes"}), posted.vendor_id)
        (activity,) = shown(teams)
        assert "✓ Yes" in json.dumps(activity, ensure_ascii=False)
        assert "ActionSet" not in json.dumps(activity)

    async def test_a_long_text_is_cut_below_what_teams_takes(self, teams: server.Teams, connector: Teams) -> None:
        parts = connector.split("word *word* & " * 5000)
        assert len(parts) > 5
        for part in parts:
            message = outgoing(teams, "")
            await connector.post(Outgoing(5, 0, "bot", "", part, {}, message.address))

    async def test_the_vendors_client_makes_the_same_call(self, teams: server.Teams, connector: Teams) -> None:
        await connector.post(outgoing(teams, "Hello"))
        (token,) = teams.tokens
        client = ConnectorClient(BasicTokenAuthentication({"access_token": token}), base_url=teams.service_url)
        activity = Activity(type="message", text="Hello", conversation=ConversationAccount(id="a:1pers"))
        await client.conversations.send_to_conversation("a:1pers", activity)
        ours, theirs = [asked for asked in teams.asked if asked.path.endswith("/activities")]
        assert (ours.method, ours.path.replace("%3A", ":")) == (theirs.method, theirs.path.replace("%3A", ":"))
        assert ours.headers["authorization"] == theirs.headers["authorization"]
        assert shown(teams)[0]["text"] == shown(teams)[1]["text"]

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (Answer(401, {}), InstallationBroken),
            (Answer(403, {"error": {"code": "BotNotInConversationRoster"}}), PlaceBroken),
            (Answer(403, b"<html>"), PlaceBroken),
            (Answer(404, {"error": {"code": "ConversationNotFound"}}), PlaceBroken),
            (Answer(404, {}), Later),
            (Answer(412, {}), Later),
            (Answer(429, {}, (("Retry-After", "9"),)), Later),
            (Answer(500, {}), Later),
            (Answer(502, b"<html>Bad Gateway</html>"), Later),
            (Answer(200, b"<html>Sign in to the network</html>"), Later),
            (Answer(413, {"error": {"code": "MessageSizeTooBig"}}), Impossible),
            (Answer(400, {"error": {"code": "BadSyntax"}}), Impossible),
        ],
    )
    async def test_failures(
        self, teams: server.Teams, connector: Teams, answer: Answer, expected: type[Exception]
    ) -> None:
        teams.trouble = lambda asked: answer if asked.path.endswith("/activities") else None
        with pytest.raises(expected) as raised:
            await connector.post(outgoing(teams, "Hello"))
        assert SECRET not in str(raised.value)
        if answer.status == 429:
            assert getattr(raised.value, "after_s", None) == 9

    async def test_a_plain_service_address_gets_no_token(self, teams: server.Teams, connector: Teams) -> None:
        address = activities.reference(teams.message("x", serviceUrl="http://203.0.113.9/"))
        with pytest.raises(InstallationBroken):
            await connector.post(outgoing(teams, "Hello", address=address))
        assert shown(teams) == []


class TestProfiles:
    @pytest.mark.parametrize(
        ("tenant", "member", "email"),
        [
            (TENANT, {"email": "a@x.example", "tenantId": TENANT, "userRole": "user"}, "a@x.example"),
            (TENANT, {"email": "a@x.example", "tenantId": "other", "userRole": "user"}, None),
            (TENANT, {"email": "a@x.example", "userRole": "guest"}, None),
            (TENANT, {"email": "a@x.example", "userPrincipalName": "a_y.example#EXT#@x.example"}, None),
            (TENANT, {"userRole": "user"}, None),
            ("", {"email": "a@x.example", "tenantId": TENANT, "userRole": "user"}, None),
        ],
        ids=["member", "another tenant", "guest", "external", "without", "app of many tenants"],
    )
    async def test_whose_counts(
        self, teams: server.Teams, tenant: str, member: dict[str, Any], email: str | None
    ) -> None:
        teams.tenant = tenant
        teams.members["29:1abc"] = member
        http = Http()
        options = {"app_id": APP, "tenant": tenant, "login_url": teams.url, "metadata_url": teams.metadata_url}
        connector = Teams(Installation("app", "teams", options=options, secrets={"app_secret": SECRET}), http)
        assert await connector.email_of(activities.reference(teams.message("x"))) == email
        await http.close()
