"""Chat applications: their requests are checked, kept, acknowledged and only then answered; answers are posted.

One channel for all of them. Which there are stands in the configuration and is followed without a restart; a vendor's
own ways are in `vendors/`. Its addresses are `/webhooks/<kind>/<installation>/<what>`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any
from uuid import UUID

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Sanic
from sanic import response as answers
from sanic.request import Request
from sanic.response import HTTPResponse

from assistant import conversations, database, environment
from assistant.channels import alerts, deliveries, identities, installations, linking, posts, tickets, words
from assistant.channels.asking import Asking
from assistant.channels.connector import (
    LARGEST_BODY,
    Connector,
    Delivery,
    Http,
    Incoming,
    Place,
    Refused,
    Reply,
    Spoken,
    Words,
)
from assistant.channels.deliveries import Kept
from assistant.channels.inbox import Inbox
from assistant.channels.installations import Installation
from assistant.channels.kinds import KINDS
from assistant.channels.limits import Allowance
from assistant.channels.listener import TYPING
from assistant.channels.outbound import Sender
from assistant.channels.sent_files import Desk
from assistant.channels.taking import NotTaken, Taking, readable
from assistant.conversations import Said, Speaker
from assistant.database import UNAVAILABLE
from languages import SOURCE

log = logging.getLogger(__name__)

SWEEP_S = 5.0
SHORTEST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
#: What is refused is written down for administrators at most so often a minute: anybody can send nonsense.
ERRORS_A_MINUTE = 2
#: The help desk's worker fetches them.
FILES_SENT = "conversation.files_sent"
#: A conversation is told that it is too fast so often a minute.
TOLD_A_MINUTE = 1
#: That somebody writes is shown to their agent so often a minute: it lasts for some seconds.
TYPING_A_MINUTE = 15
#: Somebody's profile is looked at so often a minute.
PROFILES_A_MINUTE = 1
#: An agent who writes is shown at most so often: the vendors show it for three seconds (Teams) to five (Telegram).
TYPING_PAUSE_S = 3.0


class Connectors(InputChannel):
    """The channel that `credentials.yml` names, for every chat application."""

    @classmethod
    def name(cls) -> str:
        """Name of the channel."""
        return "connectors"

    @classmethod
    def url_prefix(cls) -> str:
        """The kinds of applications come next in its addresses."""
        return "/webhooks"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> Connectors:
        """Make the channel; everything that can be set is in the configuration."""
        return cls(environment.current(), database.current())

    def __init__(self, settings: environment.Environment, store: database.Database) -> None:
        self._settings = settings
        self._database = store
        self._messages = Allowance(settings.message_burst, settings.messages_per_minute)
        self._profiles = Allowance(PROFILES_A_MINUTE, PROFILES_A_MINUTE)
        self._writing = Allowance(TYPING_A_MINUTE, TYPING_A_MINUTE)
        self._told = Allowance(TOLD_A_MINUTE, TOLD_A_MINUTE)
        self._errors = Allowance(ERRORS_A_MINUTE, ERRORS_A_MINUTE)
        self._http = Http()
        self._desk = Desk(self._http, settings.webchat_secret, settings.public_url, settings.web_url)
        self._connectors: dict[tuple[str, str], Connector] = {}
        self._senders: dict[str, Sender] = {}
        self._asking: dict[str, Asking] = {}
        #: Where it is shown that an answer is being made.
        self._typing: set[UUID] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._changed = True
        self._app: Any = None
        self._inbox: Inbox
        self._taking: Taking

    # ---- set-up -------------------------------------------------------------------------------------------------

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The channel's addresses, for Rasa's server."""
        self._inbox = Inbox(self._database, self, self._lock, on_new_message, self._speaker, _forgotten)
        self._taking = Taking(self._inbox, self._messages)
        connectors = Blueprint("connectors")

        # Sanic marks its handlers, which bound methods do not allow.
        @connectors.route("/<kind:str>/<key:str>/<what:str>", methods=["POST"])
        async def receive(request: Request, kind: str, key: str, what: str) -> HTTPResponse:
            return _answer(await self._receive(request, kind, key, what))

        connectors.listener("after_server_start")(self._started)
        connectors.listener("before_server_stop")(self._stopping)
        return connectors

    async def _started(self, app: Sanic, _: Any = None) -> None:
        self._app = app
        self._listening = asyncio.get_running_loop().create_task(self._run())

    async def _stopping(self, _: Sanic, __: Any = None) -> None:
        tasks = [task for task in (self._listening, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._inbox.close()
        for asking in self._asking.values():
            await asking.close()
        for sender in self._senders.values():
            await sender.close()
        for connector in self._connectors.values():
            await connector.close()
        await self._http.close()

    def _lock(self, sender_id: str) -> Any:
        return self._app.ctx.agent.lock_store.lock(sender_id)

    async def _speaker(self, conversation: UUID) -> Speaker:
        return await conversations.speaker(await self._database.quick(), conversation)

    # ---- in -----------------------------------------------------------------------------------------------------

    async def _receive(self, request: Request, kind: str, key: str, what: str) -> Reply:
        connector = self._connectors.get((kind, key))
        if connector is None:
            return Reply(404, {"error": "there is no such installation"})
        if len(request.body) > LARGEST_BODY:
            return Reply(413, {"error": "too large"})
        headers = {name.lower(): value for name, value in request.headers.items()}
        incoming = Incoming(what, headers, request.body)
        try:
            found = await connector.receive(incoming)
            reply = found if isinstance(found, Reply) else await self.take(connector, found, incoming.body)
            return await self._in_language(connector.installation, reply)
        except Refused as error:
            await self._refused(connector.installation, error)
            return Reply(error.status, {"error": "refused"})
        except UNAVAILABLE as error:
            log.warning("a delivery could not be kept: %s", error or type(error).__name__)
            self._wake.set()
            return Reply(503, {"error": "unavailable"})

    async def take(self, connector: Connector, delivery: Delivery, raw: bytes) -> Reply:
        """Keep what a vendor brought, once; returns the acknowledgement. What follows from it follows later.

        Raises:
            UNAVAILABLE: nothing was kept; the vendor brings it again.
        """
        pool = await self._database.quick()
        for_desk = await alerts.meant(pool, connector, delivery)
        if for_desk is not None:
            async with deliveries.transaction(pool) as connection:
                kept = await deliveries.keep(connection, connector.installation, delivery, raw)
                if not kept.repeated:
                    await alerts.keep(connection, connector, kept, delivery, for_desk)
            return delivery.reply
        if delivery.words is not None and delivery.words.change:
            return delivery.reply
        if delivery.only_where_known and not (
            delivery.place is not None and await deliveries.known(pool, delivery.place.sender_id)
        ):
            return delivery.reply
        who = delivery.place.sender_id if delivery.place is not None else delivery.key
        async with self._taking.in_order(who), deliveries.transaction(pool) as connection:
            kept = await deliveries.keep(connection, connector.installation, delivery, raw)
            said = None if kept.repeated else await self._write(connection, connector.installation, kept, delivery)
        if said is not None:
            conversation, message = said
            if not message.repeated and not message.handed_over:
                self._inbox.answer(conversation)
            if delivery.place is not None:
                self._look_up(connector, delivery.place, conversation)
        if not kept.repeated:
            self._follow_up(connector.installation, delivery)
        return delivery.reply

    async def _in_language(self, installation: Installation, reply: Reply) -> Reply:
        """A reply whose words are made for somebody; in English while the database does not say what they speak."""
        if not isinstance(reply.body, Spoken):
            return reply
        try:
            language = await self._language_of(installation, reply.body.external_id)
        except UNAVAILABLE:
            language = SOURCE
        return replace(reply, body=reply.body.make(language))

    async def _language_of(self, installation: Installation, external_id: str) -> str:
        return await deliveries.language_of(await self._database.quick(), installation, external_id)

    def _follow_up(self, installation: Installation, delivery: Delivery) -> None:
        if delivery.then is not None:
            self._begin(_harmless(delivery.then()))
        if delivery.then_spoken is not None:
            self._begin(_harmless(self._speak(installation, delivery.then_spoken)))
        if delivery.with_tickets is not None and delivery.place is not None:
            self._begin(_harmless(self._show_tickets(installation, delivery.place, delivery.with_tickets)))

    async def _speak(self, installation: Installation, spoken: Spoken) -> None:
        await spoken.make(await self._language_of(installation, spoken.external_id))

    async def _show_tickets(
        self, installation: Installation, place: Place, show: Callable[[list[dict[str, Any]], str], Awaitable[None]]
    ) -> None:
        pool = await self._database.quick()
        found = await tickets.of_person(pool, installation, place.external_id)
        await show(found, await self._language_of(installation, place.external_id))

    async def _write(
        self, connection: Any, installation: Installation, kept: Kept, delivery: Delivery
    ) -> tuple[UUID, Said] | None:
        """The place, the words and what else happened, in the delivery's transaction."""
        if delivery.place is None:
            return None
        conversation = await deliveries.locate(connection, installation, delivery.place)
        if delivery.happened is not None:
            told = {**delivery.happened.payload, "delivery_id": kept.id, "installation": installation.key}
            await deliveries.tell_desk(connection, delivery.happened.kind, conversation, told)
        if delivery.file_answer is not None:
            await deliveries.answer_file(connection, conversation, delivery.file_answer)
        if delivery.words is None:
            await deliveries.settle(connection, kept, "kept", conversation)
            return None
        try:
            said = await self._say(connection, installation, conversation, delivery.words)
        except NotTaken as refusal:
            await deliveries.settle(connection, kept, "refused", conversation)
            if refusal.error != "too_fast" or self._told.take(str(conversation)):
                await deliveries.note(connection, conversation, refusal.words)
            return None
        await deliveries.settle(connection, kept, "said", conversation, said.id)
        return conversation, said

    async def _say(self, connection: Any, installation: Installation, conversation: UUID, said: Words) -> Said:
        """Keep somebody's words, as the website chat does.

        Raises:
            NotTaken
        """
        self._taking.count(conversation)
        text, data = said.text, dict[str, Any]()
        if said.pressed is not None:
            offered = await deliveries.offered(connection, conversation, said.pressed)
            if offered is None:
                raise NotTaken("payload", words.PAYLOAD)
            text, data["payload"] = offered
            await deliveries.show_pressed(connection, said.pressed, text)
        if said.command:
            data["command"] = True
        if said.files:
            data["files"] = deliveries.files_as_data(said.files)
            text = text or ", ".join(file.name for file in said.files)
        text = readable(text)
        kept = await conversations.say_within(connection, conversation, said.id, text, data)
        if said.pressed is None and not kept.repeated and await linking.is_meant(connection, conversation, text):
            if not kept.handed_over:
                await linking.pass_on(connection, kept.id)
            await deliveries.tell_desk(connection, linking.HEARD, conversation, {"message_id": kept.id})
            return replace(kept, handed_over=True)
        if said.files and not kept.repeated:
            told = {"message_id": kept.id, "installation": installation.key}
            await deliveries.tell_desk(connection, FILES_SENT, conversation, told)
            if not said.text and not kept.handed_over:
                # A file without words asks the dialogue nothing.
                await linking.pass_on(connection, kept.id)
                return replace(kept, handed_over=True)
        return kept

    def _look_up(self, connector: Connector, place: Place, conversation: UUID) -> None:
        """Where the workspace is trusted, see in their profile who somebody is whom we do not know yet."""
        if connector.installation.trusted and self._profiles.take(place.external_id):
            self._begin(_harmless(self._read_profile(connector, place, conversation)))

    async def _read_profile(self, connector: Connector, place: Place, conversation: UUID) -> None:
        pool = await self._database.quick()
        identity = await identities.unknown(pool, conversation)
        email = await connector.email_of(place.address) if identity is not None else None
        if identity is not None and email:
            await identities.note_profile(pool, identity, email)

    async def _refused(self, installation: Installation, error: Refused) -> None:
        log.warning("%s %s: refused: %s", installation.kind, installation.key, error)
        if self._errors.take(installation.key):
            with contextlib.suppress(*UNAVAILABLE):
                pool = await self._database.quick()
                await deliveries.remember_error(pool, installation.key, words.REFUSED.format(reason=error))

    # ---- out ----------------------------------------------------------------------------------------------------

    async def show(self, conversation: UUID, messages: list[dict[str, Any]]) -> None:
        """What was committed is posted by the installation's sender, which the database wakes."""

    async def tell(self, conversation: UUID, event: str, data: Any) -> None:
        """Show that an answer is being made; that it is not any more only where that was shown."""
        on = bool(data.get("on"))
        if event != "typing" or not (on or conversation in self._typing):
            return
        (self._typing.add if on else self._typing.discard)(conversation)
        with contextlib.suppress(*UNAVAILABLE):
            found = await posts.place_of(await self._database.quick(), conversation)
            connector = self._by_key(found.installation) if found is not None else None
            if connector is not None and found is not None:
                await _harmless(connector.typing(found.address, on, found.language))

    async def _show_agent_typing(self, conversation: UUID) -> None:
        with contextlib.suppress(*UNAVAILABLE):
            found = await posts.take_typing(await self._database.quick(), conversation, TYPING_PAUSE_S)
            connector = self._by_key(found.installation) if found is not None else None
            if connector is not None and found is not None:
                await _harmless(connector.typing(found.address, True, found.language))

    def _by_key(self, key: str) -> Connector | None:
        return next((each for each in self._connectors.values() if each.installation.key == key), None)

    # ---- following the database ---------------------------------------------------------------------------------

    async def _run(self) -> None:
        pause = SHORTEST_PAUSE_S
        while True:
            try:
                await self._listen()
                pause = SHORTEST_PAUSE_S
            except UNAVAILABLE as error:
                log.warning("the database is away: %s", error or type(error).__name__)
            except Exception:
                log.exception("listening stopped")
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_S, pause * 2)

    async def _listen(self) -> None:
        connection = await self._database.connect()
        try:
            connection.add_termination_listener(lambda _: self._wake.set())
            await connection.add_listener("post", self._on_post)
            await connection.add_listener("configuration", self._on_configuration)
            await connection.add_listener(TYPING, self._on_typing)
            self._changed = True
            recover_all = True
            while not connection.is_closed():
                self._wake.clear()
                if self._changed:
                    self._changed = False
                    await self._follow(connection)
                if self._connectors:
                    older_than = 0.0 if recover_all else conversations.FORGOTTEN_AFTER_S
                    await self._inbox.recover(older_than_s=older_than)
                    recover_all = False
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP_S):
                        await self._wake.wait()
                await connection.fetchval("select 1", timeout=3)
        finally:
            connection.terminate()

    def _on_post(self, _: Any, __: int, ___: str, key: str) -> None:
        sender = self._senders.get(key)
        if sender is not None:
            sender.wake()

    def _on_typing(self, _: Any, __: int, ___: str, payload: str) -> None:
        conversation, author = payload.split(" ")
        if author == "agent" and self._connectors:
            self._begin(self._show_agent_typing(UUID(conversation)))
        if author == "person" and self._connectors and self._writing.take(conversation):
            self._begin(_harmless(self._show_typing_to_agent(UUID(conversation))))

    async def _show_typing_to_agent(self, conversation: UUID) -> None:
        """The person writes: an agent who talks with them from a thread sees so there, where the vendor can show it."""
        found = await alerts.thread_of(await self._database.quick(), conversation)
        connector = self._by_key(found[0]) if found is not None else None
        if connector is not None and found is not None:
            await connector.typing(found[1], True)

    def _on_configuration(self, *_: Any) -> None:
        self._changed = True
        self._wake.set()

    async def _follow(self, connection: Any) -> None:
        """Have a connector for each installation as it is set up now, and a sender for each that works."""
        found = await installations.read(connection, self._settings.channels_key)
        wanted = {(each.kind, each.key): each for each in found if each.kind in KINDS}
        for name, connector in list(self._connectors.items()):
            sender = self._senders.get(connector.installation.key)
            # It may have been mended before we saw that it is broken.
            if wanted.get(name) != connector.installation or (sender is not None and sender.is_broken):
                del self._connectors[name]
                await self._end(connector)
        for name, installation in wanted.items():
            if name not in self._connectors:
                self._begin_installation(name, installation)

    def _begin_installation(self, name: tuple[str, str], installation: Installation) -> None:
        try:
            connector = KINDS[installation.kind](installation, self._http)
        except (KeyError, ValueError) as error:
            log.error("%s %s is not set up completely: %s", *name, error)
            return
        self._connectors[name] = connector
        if not installation.broken:
            sender = self._senders[installation.key] = Sender(self._database, connector, self._desk)
            sender.start()
            if connector.asks:
                asking = self._asking[installation.key] = Asking(self._database, connector, self.take, sender.broken)
                asking.start()

    async def _end(self, connector: Connector) -> None:
        asking = self._asking.pop(connector.installation.key, None)
        if asking is not None:
            await asking.close()
        sender = self._senders.pop(connector.installation.key, None)
        if sender is not None:
            await sender.close()
        await connector.close()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _forgotten(pool: Any, older_than_s: float) -> list[UUID]:
    return await conversations.forgotten(pool, older_than_s, web=False)


async def _harmless(work: Awaitable[None]) -> None:
    """What may fail: only the log hears of it."""
    try:
        await work
    except Exception as error:
        log.warning("%s: %s", type(error).__name__, error)


def _answer(reply: Reply) -> HTTPResponse:
    if reply.body is None:
        return answers.empty(status=reply.status)
    if isinstance(reply.body, str):
        return answers.text(reply.body, status=reply.status)
    return answers.json(reply.body, status=reply.status)
