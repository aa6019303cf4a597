"""The website chat: the channel that docs/webchat-protocol.md describes, over Socket.IO."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Sanic
from sanic import response as answers
from sanic.request import Request
from sanic.response import HTTPResponse
from socketio import AsyncServer
from socketio.exceptions import ConnectionRefusedError as Refused

from assistant import conversations, database, departments, environment
from assistant.channels import sent_files, tokens, websockets, words
from assistant.channels import text as texts
from assistant.channels.inbox import Inbox
from assistant.channels.limits import Allowance
from assistant.channels.listener import Listener
from assistant.channels.origins import Origins
from assistant.channels.public_widget import PublicWidget
from assistant.channels.rooms import Rooms
from assistant.channels.taking import NotTaken, Taking, readable
from assistant.database import UNAVAILABLE
from assistant.processor import TurnProcessor
from languages import SOURCE, catalogues, detect

log = logging.getLogger(__name__)

SOCKET_PATH = "socket.io"
#: Largest Socket.IO message; the longest text in four-byte characters fits.
LARGEST_MESSAGE = 200_000
PREFLIGHT_S = 600
#: How often one conversation may say that somebody writes there.
TYPING_BURST, TYPING_A_MINUTE = 5, 40
NOT_HERE = "this page may not embed the chat"


class WebChat(InputChannel):
    """The channel that `credentials.yml` names."""

    @classmethod
    def name(cls) -> str:
        """Name of the channel and part of its address: /webhooks/webchat."""
        return conversations.CHANNEL

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> WebChat:
        """Make the channel from its part of `credentials.yml`.

        Args:
            credentials: `spared_intents`: intents that are no answer to an agent who waits for one, and `spared_from`:
                how sure the model must be of them (0.8).
        """
        found = credentials or {}
        return cls(
            environment.current(),
            database.current(),
            frozenset(found.get("spared_intents", ())),
            float(found.get("spared_from", 0.8)),
        )

    def __init__(
        self,
        settings: environment.Environment,
        store: database.Database,
        spared_intents: frozenset[str] = frozenset(),
        spared_from: float = 0.8,
    ) -> None:
        self._settings = settings
        self._database = store
        TurnProcessor.spared_intents = spared_intents
        TurnProcessor.spared_from = spared_from
        self._origins = Origins(settings.public_url, settings.allowed_origins)
        self._sessions = Allowance(settings.sessions_per_minute, settings.sessions_per_minute)
        self._messages = Allowance(settings.message_burst, settings.messages_per_minute)
        self._writing = Allowance(TYPING_BURST, TYPING_A_MINUTE)
        self._speaking = Speaking()
        self._app: Any = None
        self._sio: Any = None
        self._start = uuid4().hex
        self._public: PublicWidget | None = None
        self.rooms: Rooms
        self._inbox: Inbox
        self._taking: Taking
        self._listener: Listener

    # ---- set-up -------------------------------------------------------------------------------------------------

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The channel's addresses and events, for Rasa's server."""
        websockets.install()
        sio = AsyncServer(
            async_mode="sanic",
            # Origins are checked when a client connects, so that it hears why it is refused.
            cors_allowed_origins="*",
            cors_credentials=False,
            max_http_buffer_size=LARGEST_MESSAGE,
            ping_interval=20,
            ping_timeout=20,
        )
        self._sio = sio
        self.rooms = Rooms(self._emit, self._history)
        others = self._name if self._settings.processes > 1 else None
        self._inbox = Inbox(self._database, self.rooms, self._lock, on_new_message, tell_others=others)
        self._taking = Taking(self._inbox, self._messages)
        self._listener = Listener(self._database, self._name, self.rooms, self._inbox, self._tell_all, self._joined)
        webchat = SocketBlueprint(self, sio, "webchat")

        # Sanic marks its handlers, which bound methods do not allow.
        @webchat.route("/session", methods=["POST", "OPTIONS"])
        async def session(request: Request) -> HTTPResponse:
            return await self._session(request)

        @webchat.get("/health")
        async def health(_: Request) -> HTTPResponse:
            return await self._health()

        sio.on("connect", self._connect)
        sio.on("disconnect", self._disconnect)
        sio.on("say", self._say)
        sio.on("resume", self._resume)
        sio.on("typing", self._typing)
        sio.on("language", self._language)
        if self._settings.rasa_webchat:
            self._public = PublicWidget(self, sio, self._settings.webchat_secret)
            self._public.register()
        return webchat

    def attach(self, app: Sanic) -> None:
        """Follow the server's life."""
        self._app = app
        app.register_listener(self._started, "after_server_start")
        app.register_listener(self._stopping, "before_server_stop")

    async def _started(self, _: Sanic, __: Any = None) -> None:
        self._listener.start()

    async def _stopping(self, _: Sanic, __: Any = None) -> None:
        await self._listener.close()
        await self._inbox.close()

    def _name(self) -> str:
        """This process among all; workers are forked after the channel is made."""
        return f"{self._start}-{os.getpid()}"

    async def pool(self) -> Any:
        """Connections for single statements."""
        return await self._database.quick()

    def _lock(self, sender_id: str) -> Any:
        return self._app.ctx.agent.lock_store.lock(sender_id)

    async def _emit(self, event: str, data: Any, room: str, but: str | None = None) -> None:
        await self._sio.emit(event, data, room=room, skip_sid=but)
        if self._public is not None and event == "messages":
            await self._public.show(room, data)

    async def _tell_all(self, event: str, data: Any) -> None:
        await self._sio.emit(event, data)

    async def _history(self, conversation: UUID, last_seq: int) -> list[dict[str, Any]]:
        said = await conversations.since(await self._database.quick(), conversation, last_seq)
        return sent_files.with_addresses(said, self._settings.public_url, self._settings.webchat_secret)

    # ---- addresses ----------------------------------------------------------------------------------------------

    async def _session(self, request: Request) -> HTTPResponse:
        """Begin a conversation, or go on with one."""
        origin = request.headers.get("origin")
        ours = self._origins.allow(origin, request.headers.get("host"))
        headers = {"Vary": "Origin"} | ({"Access-Control-Allow-Origin": origin} if origin else {})
        if request.method == "OPTIONS":
            # Which desk is meant stands in the body: who may embed that one is seen when it comes.
            allowed = {
                "Access-Control-Allow-Methods": "POST",
                "Access-Control-Allow-Headers": "Content-Type",
                "Access-Control-Max-Age": str(PREFLIGHT_S),
            }
            return answers.empty(headers=headers | allowed)
        body = _json_object(request)
        try:
            department = await departments.of_key(await self._database.quick(), body.get("desk"))
        except UNAVAILABLE:
            return answers.json({"error": "unavailable"}, status=503, headers=headers)
        if not ours and not (department is not None and Origins("", department.allowed_origins).allow(origin)):
            return answers.json({"error": "origin"}, status=403)
        status, body = await self._begin(body, department, request.remote_addr or request.ip)
        return answers.json(body, status=status, headers=headers | {"Cache-Control": "no-store"})

    async def _begin(
        self, body: dict[str, Any], department: departments.Department | None, address: str
    ) -> tuple[int, dict[str, Any]]:
        earlier = body.get("token")
        try:
            if earlier:
                opened = await self.opened(earlier)
            elif self._sessions.take(address):
                opened = tokens.Opened(uuid4())
                page = texts.clean(str(body.get("page") or ""))[:2000]
                belongs = department.id if department is not None else None
                # What the page is shown in; the person's own words change it (languages/detect.py).
                language = detect.spoken(str(body.get("language") or ""))
                pool = await self._database.quick()
                await conversations.create(pool, opened.conversation, page, belongs, language)
            else:
                return 429, {"error": "busy"}
        except tokens.TokenExpired:
            return 401, {"error": "expired"}
        except tokens.TokenInvalid:
            return 401, {"error": "invalid"}
        except UNAVAILABLE:
            return 503, {"error": "unavailable"}
        token = tokens.issue(opened, self._settings.webchat_secret)
        return 200, {
            "token": token.text,
            "conversation": str(opened.conversation),
            "expires": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(token.expires)),
            "desk": department.desk if department is not None else self._settings.desk_name,
        }

    async def _health(self) -> HTTPResponse:
        agent = getattr(self._app.ctx, "agent", None)
        body = {
            "version": self._settings.version,
            "model": agent.processor.model_filename if agent is not None and agent.is_ready() else None,
        }
        try:
            async with asyncio.timeout(2):
                await (await self._database.quick()).fetchval("select 1")
            up = body["model"] is not None
        except UNAVAILABLE:
            up = False
        return answers.json({"status": "ok" if up else "unavailable", **body}, status=200 if up else 503)

    # ---- events -------------------------------------------------------------------------------------------------

    async def _connect(self, socket: str, environ: dict[str, Any], auth: Any = None) -> None:
        origin = environ.get("HTTP_ORIGIN")
        ours = self._origins.allow(origin, environ.get("HTTP_HOST"))
        if ours and self._settings.rasa_webchat and not auth:
            return
        found = auth if isinstance(auth, dict) else {}
        try:
            if not ours and not found.get("token"):
                raise Refused(NOT_HERE, {"code": "origin"})
            conversation = (await self.opened(found.get("token"))).conversation
            if not ours:
                allowed = await departments.origins_of(await self._database.quick(), conversation)
                if not Origins("", allowed).allow(origin):
                    raise Refused(NOT_HERE, {"code": "origin"})
            self._speaking.keep(socket, detect.spoken(str(found.get("language") or "")) or SOURCE)
            await self.enter(socket, conversation, _number(found.get("last_seq")))
        except tokens.TokenExpired:
            raise Refused("the conversation's token is too old", {"code": "expired"}) from None
        except tokens.TokenInvalid:
            raise Refused("not a token of this chat", {"code": "invalid"}) from None
        except UNAVAILABLE:
            raise Refused(words.UNAVAILABLE, {"code": "unavailable"}) from None

    async def opened(self, token: object) -> tokens.Opened:
        """What a token opens today.

        Raises:
            TokenExpired, TokenInvalid: the latter also for a conversation that has become somebody else's since.
        """
        found = tokens.read(token, self._settings.webchat_secret)
        if not await conversations.opens(await self._database.quick(), found):
            raise tokens.TokenInvalid("it is somebody's now")
        return found

    async def _joined(self, conversation: UUID) -> None:
        """It is somebody's from now on: windows show again whose they are."""
        for socket in self.rooms.sockets(conversation):
            await self._sio.disconnect(socket)

    async def enter(self, socket: str, conversation: UUID, last_seq: int) -> None:
        """Open a window of a conversation, and see to what was left unanswered in it."""

        async def admit(missed: list[dict[str, Any]]) -> None:
            await self._sio.emit("messages", missed, to=socket)
            await self._sio.enter_room(socket, str(conversation))

        await self.rooms.enter(socket, conversation, last_seq, admit)
        if not self._inbox.waiting(conversation):
            self._inbox.answer(conversation)

    async def _disconnect(self, socket: str, *_: Any) -> None:
        self.rooms.leave(socket)
        self._speaking.forget(socket)

    async def _resume(self, socket: str, body: Any = None) -> dict[str, Any]:
        conversation = self.rooms.of(socket)
        if conversation is None:
            return refusal("invalid")
        last_seq = _number(body.get("last_seq") if isinstance(body, dict) else 0)
        try:
            missed = await self._history(conversation, last_seq)
        except UNAVAILABLE:
            return refusal("unavailable")
        if missed:
            await self._sio.emit("messages", missed, to=socket)
        return {"ok": True, "last_seq": missed[-1]["seq"] if missed else last_seq}

    async def _typing(self, socket: str, _: Any = None) -> None:
        """The person writes: an agent who talks with them sees so."""
        conversation = self.rooms.of(socket)
        if conversation is None or not self._writing.take(str(conversation)):
            return
        with contextlib.suppress(*UNAVAILABLE):
            await conversations.tell_typing(await self._database.quick(), conversation)

    async def _language(self, socket: str, body: Any = None) -> dict[str, Any]:
        """The person chose the language that they are answered in."""
        conversation = self.rooms.of(socket)
        language = detect.spoken(str(body.get("language") or "")) if isinstance(body, dict) else None
        if conversation is None or language is None:
            return refusal("invalid")
        try:
            await conversations.choose(await self._database.quick(), conversation, language)
        except UNAVAILABLE:
            return refusal("unavailable", language=language)
        self._speaking.keep(socket, language)
        return {"ok": True, "language": language}

    async def _say(self, socket: str, body: Any = None) -> dict[str, Any]:
        conversation = self.rooms.of(socket)
        if conversation is None:
            return refusal("invalid")
        return await self.say(socket, conversation, body)

    async def say(self, socket: str, conversation: UUID, body: Any) -> dict[str, Any]:
        """Take a person's message: check it, keep it, and only then acknowledge it."""
        language = self._speaking.of(socket)
        read = read_message(body, language)
        if isinstance(read, dict):
            return read
        client_id, text, payload = read
        try:
            self._taking.count(conversation)
            async with self._taking.in_order(str(conversation)):
                pool = await self._database.quick()
                if payload is not None and await conversations.title_of(pool, conversation, payload) is None:
                    return refusal("payload", language=language)
                data = {"payload": payload} if payload is not None else {}
                said = await conversations.say(pool, conversation, client_id, text, data)
                if not said.repeated:
                    await self._inbox.show_elsewhere(pool, conversation)
                    shown = conversations.person_message(said, client_id, text)
                    await self.rooms.show(conversation, [shown], but=socket)
        except NotTaken as error:
            return refusal(error.error, error.words, language)
        except UNAVAILABLE as error:
            log.warning("a message could not be kept: %s", error or type(error).__name__)
            self._listener.doubt()
            await self._sio.emit(
                "notice", {"code": "unavailable", "text": catalogues.said(words.UNAVAILABLE, language)}, to=socket
            )
            return refusal("unavailable", language=language)
        if not said.handed_over:
            self._inbox.answer(conversation)
        return {"ok": True, "seq": said.seq}


class Speaking:
    """The language in which each open window shows the chat; words are refused in it."""

    def __init__(self) -> None:
        self._by_socket: dict[str, str] = {}

    def keep(self, socket: str, language: str) -> None:
        """A window shows the chat in this language."""
        if language == SOURCE:
            self.forget(socket)
        else:
            self._by_socket[socket] = language

    def of(self, socket: str) -> str:
        """The language of a window."""
        return self._by_socket.get(socket, SOURCE)

    def forget(self, socket: str) -> None:
        """The window is closed."""
        self._by_socket.pop(socket, None)


class SocketBlueprint(Blueprint):
    """Hangs the Socket.IO server into Rasa's application once there is one."""

    def __init__(self, channel: WebChat, sio: Any, name: str) -> None:
        super().__init__(name)
        self.ctx.sio = sio
        self.ctx.channel = channel

    def register(self, app: Sanic, options: dict[str, Any]) -> None:
        """Attach both to the application."""
        self.ctx.sio.attach(app, SOCKET_PATH)
        self.ctx.channel.attach(app)
        super().register(app, options)


REFUSALS = {
    "payload": words.PAYLOAD,
    "unavailable": words.UNAVAILABLE,
    "invalid": words.INVALID,
}


def refusal(error: str, message: str | None = None, language: str = SOURCE) -> dict[str, Any]:
    """The acknowledgement of a message that was not kept."""
    return {"ok": False, "error": error, "message": catalogues.filled(message or REFUSALS[error], language)}


def read_message(body: Any, language: str = SOURCE) -> tuple[str, str, str | None] | dict[str, Any]:
    """The client's id, the text and the button's payload of a `say`; or the refusal."""
    if not isinstance(body, dict):
        return refusal("invalid")
    client_id, payload = body.get("id"), body.get("payload")
    text = body.get("title") if payload is not None else body.get("text")
    if not isinstance(client_id, str) or not isinstance(text if text is not None else payload, str):
        return refusal("invalid")
    if not 0 < len(client_id) <= texts.LONGEST_ID or not client_id.isprintable():
        return refusal("invalid")
    if payload is not None and (not isinstance(payload, str) or len(payload) > texts.LONGEST_TEXT):
        return refusal("payload")
    try:
        cleaned = readable(text if text is not None else str(payload))
    except NotTaken as error:
        return refusal(error.error, error.words, language)
    return client_id, cleaned, texts.clean(payload) if payload is not None else None


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _json_object(request: Request) -> dict[str, Any]:
    try:
        found = request.json
    except Exception:  # Sanic raises its own error for what is not JSON
        return {}
    return found if isinstance(found, dict) else {}
