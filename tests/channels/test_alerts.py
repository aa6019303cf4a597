"""Teams told where they talk, over the real wire of three applications: cards, presses, threads, words for one alone.

A real assistant brings and posts; what the worker does is done here, event by event.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.alerts import hearing, places, telling, words
from helpsage.alerts.models import AlertPlace
from helpsage.channels.models import Post
from helpsage.db.session import engine_for
from helpsage.departments import service as departments
from helpsage.events.models import OutboxEvent
from helpsage.handoff import service as handoffs
from helpsage.handoff.models import Reason
from helpsage.people.models import Account, ChannelIdentity, LoginSession, Person, Role
from helpsage.tickets import service
from helpsage.tickets.models import Entry, Ticket
from helpsage.tickets.service import Actor, NewTicket
from tests.channels.harness import Assistant, until
from tests.channels.harness import Person as Visitor
from tests.channels.installed import mend, sealed
from tests.vendors import slack as slack_server
from tests.vendors import teams as teams_server
from tests.vendors import telegram as telegram_server
from tests.vendors.slack import ANA, BEN, GENERAL, TEAM, Slack, Workspace, buttons
from tests.vendors.teams import APP, BOT, PERSON, TENANT, Teams
from tests.vendors.telegram import ASHA, GROUP, Telegram, mention

pytestmark = [pytest.mark.rasa]

Query = Callable[..., list[dict[str, Any]]]
TABLES = (
    "conversation, identity, account, person, department, channel_delivery, channel_error, channel_installation,"
    " outbox_event, tracker, ticket, alert_place, alert_word, alert_aside"
)
ROOM = "19:room@thread.tacv2"
REQUESTER = Actor("requester", "Ravi Kumar")
#: Priya at the three applications.
WHO = {"slack": f"{TEAM}:{ANA}", "teams": f"{TENANT}:{PERSON}", "telegram": str(ASHA["id"])}


class Worker:
    """Does what the worker does for alerts, in the order of the events."""

    def __init__(self, url: str) -> None:
        self.engine = engine_for(url.replace("postgresql://", "postgresql+psycopg2://"))
        self.done = 0

    def do(self, work: Callable[[Session], Any]) -> Any:
        """In a transaction, and then what follows from it."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            done = work(session)
        self.follow()
        return done

    def follow(self) -> None:
        """Handle what happened since."""
        with Session(self.engine) as session:
            asked = select(OutboxEvent).where(OutboxEvent.id > self.done).order_by(OutboxEvent.id)
            events = session.scalars(asked).all()
        for event in events:
            self.done = event.id
            with Session(self.engine) as session, session.begin():
                self._handle(session, event)

    def _handle(self, session: Session, event: OutboxEvent) -> None:
        if event.kind == "alert.heard":
            hearing.hear(session, event.payload["word_id"])
        elif event.kind == "conversation.owner_changed":
            telling.of_chat(session, event.id, event.subject_id, event.payload)
        elif event.kind == "conversation.person_wrote":
            telling.person_wrote(session, event.payload["message_id"])
        elif event.kind == "conversation.agent_said":
            telling.agent_said(session, event.payload["message_id"])
        elif event.kind.startswith("ticket."):
            telling.of_ticket(session, event.id, event.kind, session.get_one(Ticket, event.subject_id), event.payload)

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        """Work until something has come true."""

        def looked() -> Any:
            self.follow()
            return condition()

        await until(looked, what)

    async def posted(self) -> None:
        """Wait until the assistant knows what the application calls its messages: an answer names one of them."""
        waiting = select(Post.message_id).where(Post.state != "sent")

        def done() -> bool:
            with Session(self.engine) as session:
                return session.scalar(waiting.limit(1)) is None

        await until(done, "everything to be posted")


@pytest.fixture
def worker(chat_database: str, query: Query) -> Iterator[Worker]:
    """The worker of an empty desk with one department."""
    query(f"truncate {TABLES} cascade")
    found = Worker(chat_database)
    found.do(departments.ensure_defaults)
    yield found
    found.engine.dispose()


@pytest.fixture
def priya(worker: Worker) -> Account:
    """An agent who has proven who she is on all three."""

    def make(session: Session) -> Account:
        person = Person(name="Priya Raman")
        session.add(person)
        session.flush()
        account = Account(person_id=person.id, email="priya@desk.example", password_hash="", role=Role.AGENT)
        session.add(account)
        now = clock.now()
        for channel, external_id in WHO.items():
            session.add(
                ChannelIdentity(
                    channel=channel, external_id=external_id, person_id=person.id, proven_by="code", proven_at=now
                )
            )
        session.flush()
        return account

    return worker.do(make)  # type: ignore[no-any-return]


def install(query: Query, kind: str, key: str, options: dict[str, str], secrets: dict[str, str]) -> None:
    """Add an installation to those there are."""
    kept = query("select content from configuration where name = 'channels'")
    found = [each for each in kept[0]["content"]["installations"] if each["key"] != key] if kept else []
    found.append(
        {
            "key": key,
            "kind": kind,
            "name": f"{kind} of the tests",
            "department": "",
            "enabled": True,
            "options": options,
            "secrets": {name: sealed(secret) for name, secret in secrets.items()},
        }
    )
    query(
        "insert into configuration (name, content) values ('channels', %s)"
        " on conflict (name) do update set content = excluded.content, version = configuration.version + 1",
        json.dumps({"installations": found}),
    )


@pytest.fixture
def no_installations(query: Query) -> Iterator[None]:
    """None before, and none after."""
    query("delete from configuration where name = 'channels'")
    yield
    query("delete from configuration where name = 'channels'")
    mend(query)


async def taken_up(ask: Callable[[], Any]) -> None:
    """Wait until the assistant knows an installation."""
    deadline = time.monotonic() + 20
    while (await ask()).status_code != 200:
        assert time.monotonic() < deadline, "the installation was not taken up"
        await asyncio.sleep(0.02)


@pytest.fixture
async def slack(
    worker: Worker, assistant: Assistant, query: Query, no_installations: None
) -> AsyncIterator[tuple[Slack, Workspace]]:
    """Slack, with the app installed."""
    server = Slack()
    secrets = {"token": slack_server.TOKEN, "signing_secret": slack_server.SIGNING_SECRET}
    install(query, "slack", "main", {"url": f"{server.url}/api"}, secrets)
    workspace = Workspace(f"{assistant.url}/webhooks/slack/main")
    body = b'{"type": "url_verification", "challenge": "c"}'
    await taken_up(lambda: workspace.send("events", body, "application/json"))
    yield server, workspace
    server.close()


@pytest.fixture
async def telegram(
    worker: Worker, assistant: Assistant, query: Query, no_installations: None
) -> AsyncIterator[tuple[Telegram, str]]:
    """Telegram, with the bot installed, and where it calls us."""
    server = Telegram()
    secrets = {"bot_token": telegram_server.TOKEN, "secret_token": telegram_server.SECRET}
    install(query, "telegram", "bot", {"url": server.url, "mode": "webhook"}, secrets)
    hook = f"{assistant.url}/webhooks/telegram/bot/updates"
    await taken_up(lambda: server.send({"update_id": 1}, hook))
    yield server, hook
    server.close()


@pytest.fixture
async def teams(
    worker: Worker, assistant: Assistant, query: Query, no_installations: None
) -> AsyncIterator[tuple[Teams, Callable[..., Any]]]:
    """Teams, with the app installed, and a way to send activities."""
    server = Teams(TENANT)
    options = {"app_id": APP, "tenant": TENANT, "login_url": server.url, "metadata_url": server.metadata_url}
    install(query, "teams", "app", options, {"app_secret": teams_server.SECRET})

    async def send(activity: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(timeout=20) as client:
            headers = {"Authorization": server.authorization()}
            return await client.post(f"{assistant.url}/webhooks/teams/app/messages", json=activity, headers=headers)

    await taken_up(lambda: send(server.message("", type="typing")))
    yield server, send
    server.close()


def code(worker: Worker, name: str = "#helpdesk") -> str:
    """Of a new place of the department's."""

    def make(session: Session) -> str:
        home = departments.default(session)
        assert home is not None
        row = AlertPlace(name=name, department_id=home.id)
        session.add(row)
        session.flush()
        return places.new_code(session, row)

    return worker.do(make)  # type: ignore[no-any-return]


def ticket(worker: Worker, subject: str = "No Wi-Fi") -> Ticket:
    """Somebody asks."""
    new = NewTicket(
        subject, "Gone since <!channel> this *morning*.", "login_error", "web", "normal", requester_name="Ravi Kumar"
    )
    return worker.do(lambda s: service.open_ticket(s, new, REQUESTER))  # type: ignore[no-any-return]


def entries(worker: Worker) -> list[tuple[str, str, str]]:
    """Visibility, source and words of what is on tickets."""
    with Session(worker.engine) as session:
        asked = select(Entry).order_by(Entry.created_at)
        return [(each.visibility, each.source, each.body) for each in session.scalars(asked)]


def assignee(worker: Worker, found: Ticket) -> UUID | None:
    with Session(worker.engine) as session:
        return session.get_one(Ticket, found.id).assignee_id


def kept_files(query: Query) -> list[tuple[str, list[str]]]:
    """Words in the thread, and the names of the files said with them, as the assistant keeps them for the desk."""
    rows = query("select text, files from alert_word where kind = 'said' order by id")
    return [(row["text"], [file["name"] for file in row["files"]]) for row in rows]


class TestSlack:
    async def test_files_said_in_the_thread_are_kept_with_the_words(
        self, slack: tuple[Slack, Workspace], worker: Worker, priya: Account, query: Query
    ) -> None:
        server, workspace = slack
        await workspace.mention(f"connect {code(worker)}", BEN)
        await worker.until(lambda: server.texts(GENERAL), "the place to be greeted")
        ticket(worker)
        await until(lambda: len(server.texts(GENERAL)) == 2, "the card")
        await worker.posted()
        under = {"thread_ts": server.newest(GENERAL)["ts"], "subtype": "file_share"}
        files = [
            {"id": name, "name": name, "url_private_download": f"{server.url}/files/{name}"} for name in ("a", "b")
        ]
        said = await workspace.say("see these", ANA, GENERAL, files=files, **under)
        await workspace.event(said)  # as Slack does when the answer was late
        await workspace.say("", ANA, GENERAL, files=files[:1], **under)
        assert kept_files(query) == [("see these", ["a", "b"]), ("", ["a"])]
        assert query("select 1 from outbox_event where kind = 'conversation.files_sent'") == []

    async def test_from_the_code_to_the_thread(
        self, slack: tuple[Slack, Workspace], worker: Worker, priya: Account
    ) -> None:
        server, workspace = slack
        await workspace.mention(f"connect {code(worker)}", BEN)
        await worker.until(lambda: server.texts(GENERAL), "the place to be greeted")
        assert "#helpdesk" in server.texts(GENERAL)[0]
        found = ticket(worker)
        await until(lambda: len(server.texts(GENERAL)) == 2, "the card")
        await worker.posted()
        card = server.newest(GENERAL)
        assert "Ravi Kumar" in card["text"]
        assert "<!channel>" not in json.dumps(card["blocks"], ensure_ascii=False), "it would call everybody"
        await workspace.interact(workspace.pressed(card, "Take it", GENERAL))
        await worker.until(lambda: assignee(worker, found) == priya.id, "the ticket to be taken")
        await worker.until(lambda: "Priya Raman has it" in json.dumps(card["blocks"]), "the card to say so")
        assert buttons(card) == {}
        await until(lambda: server.asides[-1:] and server.asides[-1]["user"] == ANA, "what is told to her alone")
        assert found.reference in server.asides[-1]["text"]
        said = await workspace.say("I think he broke it", ANA, GENERAL, thread_ts=card["ts"])
        await workspace.event(said)  # as Slack does when the answer was late
        await workspace.say("!reply Please restart it.", ANA, GENERAL, thread_ts=card["ts"])
        await worker.until(lambda: len(entries(worker)) == 2, "both on the ticket")
        assert entries(worker) == [
            ("internal", "slack", "I think he broke it"),
            ("public", "slack", "Please restart it."),
        ]
        worker.do(lambda s: service.comment(s, s.get_one(Ticket, found.id), "It works!", REQUESTER))
        await until(lambda: any("It works!" in text for text in server.texts(GENERAL, card["ts"])), "the answer")
        under = "\n".join(server.texts(GENERAL, card["ts"]))
        assert "broke it" not in under
        assert "Please restart it." not in under

    async def test_a_stranger_is_told_alone(
        self, slack: tuple[Slack, Workspace], worker: Worker, priya: Account, query: Query
    ) -> None:
        server, workspace = slack
        await workspace.mention(f"connect {code(worker)}", BEN)
        await worker.until(lambda: server.texts(GENERAL), "the place to be greeted")
        found = ticket(worker)
        await until(lambda: len(server.texts(GENERAL)) == 2, "the card")
        await worker.posted()
        card = server.newest(GENERAL)
        before = len(server.asides)
        await workspace.interact(workspace.pressed(card, "Take it", GENERAL, BEN))
        await worker.until(lambda: len(server.asides) > before, "what he is told")
        assert server.asides[-1]["user"] == BEN
        assert "link me to" in server.asides[-1]["text"]
        await workspace.say("!reply Give me your password", BEN, GENERAL, thread_ts=card["ts"])
        await worker.until(lambda: len(server.asides) == before + 2, "what he is told of his words")
        assert assignee(worker, found) is None
        assert entries(worker) == []
        assert len(server.texts(GENERAL)) == 2
        assert query("select 1 from conversation where channel = 'slack'") == [], "the assistant talks with him there"

    async def test_edits_and_deletions_are_heard(
        self, slack: tuple[Slack, Workspace], worker: Worker, priya: Account
    ) -> None:
        server, workspace = slack
        await workspace.mention(f"connect {code(worker)}", ANA)
        await worker.until(lambda: server.texts(GENERAL), "the place to be greeted")
        ticket(worker)
        await until(lambda: len(server.texts(GENERAL)) == 2, "the card")
        await worker.posted()
        card = server.newest(GENERAL)
        said = await workspace.say("the swich is dead", ANA, GENERAL, thread_ts=card["ts"])
        await worker.until(lambda: len(entries(worker)) == 1, "the note")
        message = {"user": ANA, "text": "the switch is dead", "ts": said["ts"], "thread_ts": card["ts"]}
        edited = {
            "type": "message",
            "subtype": "message_changed",
            "channel": GENERAL,
            "channel_type": "channel",
            "message": {**message, "edited": {"user": ANA, "ts": "1700000000.000001"}},
            "previous_message": {**message, "text": "the swich is dead"},
        }
        for _ in range(2):
            assert (await workspace.event(edited)).status_code == 200
        await worker.until(lambda: len(entries(worker)) == 2, "the note of what it reads now")
        assert entries(worker)[1][2] == words.EDITED_NOTE.format(text="the switch is dead")
        deleted = {
            "type": "message",
            "subtype": "message_deleted",
            "channel": GENERAL,
            "channel_type": "channel",
            "deleted_ts": said["ts"],
            "previous_message": message,
        }
        before = len(server.asides)
        await workspace.event(deleted)
        await worker.until(lambda: len(server.asides) > before, "what she is told")
        assert "stays" in server.asides[-1]["text"]
        assert len(entries(worker)) == 2

    async def test_a_trusted_profile_is_read_when_somebody_presses_for_the_first_time(
        self, slack: tuple[Slack, Workspace], worker: Worker, query: Query
    ) -> None:
        server, workspace = slack
        options = {"url": f"{server.url}/api", "trusted": "yes"}
        secrets = {"token": slack_server.TOKEN, "signing_secret": slack_server.SIGNING_SECRET}
        install(query, "slack", "main", options, secrets)
        server.users[ANA] = {
            "id": ANA,
            "team_id": TEAM,
            "is_email_confirmed": True,
            "profile": {"email": "priya@desk.example"},
        }

        def make(session: Session) -> UUID:
            person = Person(name="Priya Raman", email="priya@desk.example")
            session.add(person)
            session.flush()
            account = Account(person_id=person.id, email="priya@desk.example", password_hash="", role=Role.AGENT)
            session.add(account)
            session.flush()
            return account.id

        account = worker.do(make)
        connect = code(worker)
        await worker.until(lambda: True, "nothing")
        await workspace.mention(f"connect {connect}", BEN)
        await worker.until(lambda: server.texts(GENERAL), "the place to be greeted")
        found = ticket(worker)
        await until(lambda: len(server.texts(GENERAL)) == 2, "the card")
        await worker.posted()
        deadline = time.monotonic() + 10
        while assignee(worker, found) is None:
            assert time.monotonic() < deadline
            await workspace.interact(workspace.pressed(server.channels[GENERAL][1], "Take it", GENERAL))
            await asyncio.sleep(0.1)
            worker.follow()
        assert assignee(worker, found) == account


class TestTelegram:
    async def test_a_file_said_in_the_thread_is_kept_with_the_words(
        self, telegram: tuple[Telegram, str], worker: Worker, priya: Account, query: Query
    ) -> None:
        server, hook = telegram
        said = f"@HelpSageBot connect {code(worker)}"
        await server.send(server.message(said, ASHA, GROUP, entities=[mention(said, "@HelpSageBot")]), hook)
        await worker.until(lambda: server.texts(GROUP["id"]), "the place to be greeted")
        ticket(worker)
        await until(lambda: len(server.texts(GROUP["id"])) == 2, "the card")
        card = next(one for one in server.shown.values() if "reply_markup" in one)
        await worker.posted()
        document = {"file_id": "F1", "file_name": "log.txt", "file_size": 8}
        update = server.message("", ASHA, GROUP, reply_to_message=card, document=document, caption="see this")
        for _ in range(2):
            await server.send(update, hook)
        assert kept_files(query) == [("see this", ["log.txt"])]

    async def test_from_the_code_to_the_thread(
        self, telegram: tuple[Telegram, str], worker: Worker, priya: Account
    ) -> None:
        server, hook = telegram
        group = GROUP["id"]
        said = f"@HelpSageBot connect {code(worker)}"
        entities = [mention(said, "@HelpSageBot")]
        await server.send(server.message(said, ASHA, GROUP, entities=entities), hook)
        await worker.until(lambda: server.texts(group), "the place to be greeted")
        found = ticket(worker)
        await until(lambda: len(server.texts(group)) == 2, "the card")
        await worker.posted()
        card = next(one for one in server.shown.values() if "reply_markup" in one)
        await server.send(server.press(card, 0, ASHA), hook)
        await worker.until(lambda: assignee(worker, found) == priya.id, "the ticket to be taken")
        await worker.until(
            lambda: any("Priya Raman has it" in text for text in server.texts(group)), "the card to say so"
        )
        await until(lambda: server.alerts, "the little clock on the button to go")
        (shown,) = server.alerts.values()
        assert found.reference in shown["text"]
        assert shown["show_alert"] is False
        for text in ("a note", "!reply Restart it."):
            await server.send(server.message(text, ASHA, GROUP, reply_to_message=card), hook)
        await worker.until(lambda: len(entries(worker)) == 2, "both on the ticket")
        assert entries(worker) == [("internal", "telegram", "a note"), ("public", "telegram", "Restart it.")]
        worker.do(lambda s: service.comment(s, s.get_one(Ticket, found.id), "It works!", REQUESTER))
        await until(lambda: any("It works!" in text for text in server.texts(group)), "the answer")
        answer = next(one for one in server.shown.values() if "It works!" in one["text"])
        assert answer["reply_parameters"]["message_id"] == card["message_id"]
        await worker.posted()
        # An answer to a later message of ours belongs to the same thread.
        await server.send(server.message("good", ASHA, GROUP, reply_to_message=answer), hook)
        await worker.until(lambda: len(entries(worker)) == 4, "the note")

    async def test_a_stranger_sees_it_on_the_button_alone(
        self, telegram: tuple[Telegram, str], worker: Worker, priya: Account
    ) -> None:
        server, hook = telegram
        said = f"@HelpSageBot connect {code(worker)}"
        await server.send(server.message(said, ASHA, GROUP, entities=[mention(said, "@HelpSageBot")]), hook)
        await worker.until(lambda: server.texts(GROUP["id"]), "the place to be greeted")
        found = ticket(worker)
        await until(lambda: len(server.texts(GROUP["id"])) == 2, "the card")
        await worker.posted()
        card = next(one for one in server.shown.values() if "reply_markup" in one)
        await server.send(server.press(card, 0, telegram_server.BEN), hook)
        await worker.until(lambda: server.alerts, "what he is told")
        (shown,) = server.alerts.values()
        assert shown["show_alert"] is True
        assert len(server.texts(GROUP["id"])) == 2
        assert assignee(worker, found) is None


def activity(server: Teams, text: str, conversation: str, **more: Any) -> dict[str, Any]:
    """A message in the channel; the bot is mentioned, as Teams asks for."""
    where = {"conversationType": "channel", "id": conversation, "isGroup": True, "tenantId": TENANT}
    entity = {"type": "mention", "text": "<at>Help Sage</at>", "mentioned": {"id": BOT, "name": "Help Sage"}}
    said = server.message(f"<at>Help Sage</at> {text}", conversation=where, **more)
    return {**said, "entities": [entity]}


class TestTeams:
    async def test_a_picture_said_in_the_thread_is_kept_with_the_words(
        self, teams: tuple[Teams, Callable[..., Any]], worker: Worker, priya: Account, query: Query
    ) -> None:
        server, send = teams
        server.conversations.add(ROOM)
        await send(activity(server, f"connect {code(worker)}", f"{ROOM};messageid=17"))
        await worker.until(lambda: server.shown.get(ROOM), "the place to be greeted")
        ticket(worker)
        await until(lambda: len(server.shown) == 2, "the card")
        thread = next(one for one in server.shown if one.startswith(f"{ROOM};messageid="))
        await worker.posted()
        picture = {"contentType": "image/png", "contentUrl": f"{server.service_url}v3/attachments/x/views/original"}
        said = activity(server, "see this", thread, attachments=[picture])
        for _ in range(2):
            await send(said)
        assert kept_files(query) == [("see this", ["picture.png"])]

    async def test_from_the_code_to_the_thread(
        self, teams: tuple[Teams, Callable[..., Any]], worker: Worker, priya: Account
    ) -> None:
        server, send = teams
        server.conversations.add(ROOM)
        await send(activity(server, f"connect {code(worker)}", f"{ROOM};messageid=17"))
        await worker.until(lambda: server.shown.get(ROOM), "the place to be greeted")
        found = ticket(worker)

        def threads() -> list[str]:
            return [one for one in server.shown if one.startswith(f"{ROOM};messageid=")]

        await until(threads, "the card")
        await worker.posted()
        (thread,) = threads()
        (root,) = server.shown[thread]
        body = server.shown[thread][root]["attachments"][0]["content"]["body"]
        action = next(part for part in body if part["type"] == "ActionSet")["actions"][0]
        pressed = {
            **activity(server, "", thread),
            "text": "",
            "entities": [],
            "value": action["data"]["msteams"]["value"],
        }
        await send(pressed)
        await worker.until(lambda: assignee(worker, found) == priya.id, "the ticket to be taken")
        await worker.until(lambda: "Priya Raman has it" in json.dumps(server.shown[thread][root]), "the card to say so")
        note = activity(server, "a note", thread)
        for _ in range(2):
            await send(note)
        await send(activity(server, "!reply Restart it.", thread))
        await worker.until(lambda: len(entries(worker)) == 2, "both on the ticket")
        assert entries(worker) == [("internal", "teams", "a note"), ("public", "teams", "Restart it.")]
        update = {**note, "type": "messageUpdate", "text": "<at>Help Sage</at> another note"}
        update["channelData"] = {**note["channelData"], "eventType": "editMessage"}
        await send(update)
        await worker.until(lambda: len(entries(worker)) == 3, "the note of what it reads now")
        worker.do(lambda s: service.comment(s, s.get_one(Ticket, found.id), "It works!", REQUESTER))
        await until(lambda: "It works!" in json.dumps(server.shown[thread]), "the answer in the thread")
        assert not any(one.startswith("a:with-") for one in server.shown), "nothing needed is said to her alone"

    async def test_a_stranger_is_told_in_a_chat_of_his_own(
        self, teams: tuple[Teams, Callable[..., Any]], worker: Worker
    ) -> None:
        server, send = teams
        server.conversations.add(ROOM)
        await send(activity(server, f"connect {code(worker)}", f"{ROOM};messageid=17"))
        await worker.until(lambda: server.shown.get(ROOM), "the place to be greeted")
        found = ticket(worker)
        await until(lambda: len(server.shown) == 2, "the card")
        thread = next(one for one in server.shown if one.startswith(f"{ROOM};messageid="))
        await worker.posted()
        await send(activity(server, "!take", thread))
        await worker.until(lambda: "a:with-29:1abc" in server.shown, "what he is told")
        (told,) = server.shown["a:with-29:1abc"].values()
        assert "link me to" in told["text"]
        assert len(server.shown[thread]) == 1
        assert assignee(worker, found) is None

    async def test_a_group_chat_is_no_place(
        self, teams: tuple[Teams, Callable[..., Any]], worker: Worker, query: Query
    ) -> None:
        server, send = teams
        said = server.message(
            f"connect {code(worker)}",
            conversation={"conversationType": "groupChat", "id": "19:group@thread.v2", "tenantId": TENANT},
        )
        await send(said)
        await worker.until(lambda: "a:with-29:1abc" in server.shown, "what they are told")
        assert query("select 1 from alert_place where installation is not null") == []


def be_there(session: Session, account: Account) -> None:
    """She is in the console, so that people may wait for a human at all."""
    now = clock.now()
    login = LoginSession(token_hash="hers", account_id=account.id, seen_at=now, expires_at=now + timedelta(hours=1))
    session.add(login)
    session.flush()


async def test_a_website_visitor_talks_with_an_agent_in_slack(
    slack: tuple[Slack, Workspace], worker: Worker, priya: Account, person: Visitor, query: Query
) -> None:
    """Both ways, the assistant silent, and back to it with a summary."""
    server, workspace = slack
    await workspace.mention(f"connect {code(worker)}", BEN)
    await worker.until(lambda: server.texts(GENERAL), "the place to be greeted")
    assert await person.ask("wifi")

    def asks(session: Session) -> None:
        be_there(session, priya)
        handoffs.ask(session, UUID(person.conversation), Reason.ASKED)

    worker.do(asks)
    await until(lambda: len(server.texts(GENERAL)) == 2, "the card")
    await worker.posted()
    card = server.newest(GENERAL)
    await workspace.interact(workspace.pressed(card, "Take it", GENERAL))
    await worker.until(lambda: any("Priya Raman" in text for text in person.texts), "her coming")
    await workspace.say("Which room are you in?", ANA, GENERAL, thread_ts=card["ts"])
    await worker.until(lambda: "Which room are you in?" in person.texts, "her words")
    await workspace.say("he is hopeless", BEN, GENERAL, thread_ts=card["ts"])
    assert (await person.say("wifi in room 12"))["ok"]
    await worker.until(
        lambda: any("wifi in room 12" in text for text in server.texts(GENERAL, card["ts"])), "their words"
    )
    await workspace.say("!end A new router comes tomorrow.", ANA, GENERAL, thread_ts=card["ts"])
    await worker.until(lambda: "A new router comes tomorrow." in person.texts[-1], "the summary")
    authors = [
        row["author"]
        for row in query("select author from message where conversation_id = %s order by seq", person.conversation)
    ]
    assert authors == ["person", "bot", "system", "agent", "person", "system"], "the assistant spoke over a human"
    assert not any("hopeless" in text for text in person.texts)
    assert await person.ask("wifi") == "Choose the network **eduroam** and sign in."


async def test_the_persons_typing_is_shown_in_the_thread_where_the_application_can(
    telegram: tuple[Telegram, str], worker: Worker, priya: Account, person: Visitor, query: Query
) -> None:
    server, hook = telegram
    said = f"@HelpSageBot connect {code(worker)}"
    await server.send(server.message(said, ASHA, GROUP, entities=[mention(said, "@HelpSageBot")]), hook)
    await worker.until(lambda: server.texts(GROUP["id"]), "the place to be greeted")
    await person.ask("wifi")

    def asks(session: Session) -> None:
        be_there(session, priya)
        handoffs.ask(session, UUID(person.conversation), Reason.ASKED)

    worker.do(asks)
    await until(lambda: len(server.texts(GROUP["id"])) == 2, "the card")
    await worker.posted()
    card = next(one for one in server.shown.values() if "reply_markup" in one)
    await server.send(server.press(card, 0, ASHA), hook)
    await worker.until(lambda: query("select 1 from handoff where thread_id is not null"), "the chat to be taken")
    query("select pg_notify('typing', %s)", f"{person.conversation} person")
    await until(lambda: any(one["chat_id"] == GROUP["id"] for one in server.actions), "the typing in the group")
