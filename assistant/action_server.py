"""Calls of the action server: one connection pool, a secret, a time-out, and a request that stays small.

Rasa opens a new HTTP session for every call, sends the whole domain and history with it, and checks the answer by
validating the JSON schema itself again (15 ms). What is sent here is the state and the window's latest events; the
domain goes only when the server says (449) that it does not have it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from typing import Any

import aiohttp
import jsonschema  # type: ignore[import-untyped]
import rasa
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker

from assistant import environment

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
#: How long a server that is being restarted is waited for.
RESTART_PATIENCE_S = 4.0
RETRY_AFTER_S = 0.15
#: Events that an action sees; its slots, latest message and active form are complete.
SHOWN_EVENTS = 40
HEADER = "X-Help-Sage-Secret"

VALIDATOR = jsonschema.Draft7Validator(RemoteAction.action_response_format_spec())


class ActionFailed(Exception):
    """An action did not answer, or not in a way that can be used. The turn ends; the person is told."""


class ActionServer:
    """The connections of one process to the action server."""

    def __init__(self, url: str, secret: str) -> None:
        """
        Args:
            url: Full address of the webhook.
            secret: Sent with every call.
        """
        self._url = url
        self._headers = {"Content-Type": "application/json", HEADER: secret}
        self._session: aiohttp.ClientSession | None = None
        self._domain: Domain | None = None
        self._domain_json = ""
        self._digest = ""

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def run(self, name: str, tracker: DialogueStateTracker, domain: Domain) -> dict[str, Any]:
        """Run one action and return what it answered.

        Raises:
            ActionExecutionRejection: the action declined.
            ActionFailed: anything else than a usable answer.
        """
        self._know(domain)
        body = self._body(name, tracker, with_domain=False)
        status, text = await self._post(name, body)
        if status == 449:
            status, text = await self._post(name, self._body(name, tracker, with_domain=True))
        if status == 400:
            declined = _parsed(name, text)
            raise ActionExecutionRejection(declined.get("action_name", name), declined.get("error"))
        if status != 200:
            raise ActionFailed(f"{name}: the action server answered {status}")
        return _checked(name, _parsed(name, text))

    def _know(self, domain: Domain) -> None:
        if domain is not self._domain:
            self._domain = domain
            self._domain_json = json.dumps(domain.as_dict())
            self._digest = hashlib.sha256(self._domain_json.encode()).hexdigest()

    def _body(self, name: str, tracker: DialogueStateTracker, with_domain: bool) -> bytes:
        state = tracker.current_state()
        state["events"] = [event.as_dict() for event in list(tracker.events)[-SHOWN_EVENTS:]]
        request = {
            "next_action": name,
            "sender_id": tracker.sender_id,
            "tracker": state,
            "version": rasa.__version__,
            "domain_digest": self._digest,
        }
        text = json.dumps(request, default=lambda value: value.item() if hasattr(value, "item") else str(value))
        if with_domain:
            text = f'{text[:-1]}, "domain": {self._domain_json}}}'
        return text.encode()

    async def _post(self, name: str, body: bytes) -> tuple[int, str]:
        """Send, and send again while the server is away: actions are safe to repeat (architecture rule 1)."""
        deadline = asyncio.get_running_loop().time() + RESTART_PATIENCE_S
        while True:
            try:
                async with self._connections().post(self._url, data=body, headers=self._headers) as response:
                    return response.status, await response.text()
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise ActionFailed(f"{name}: the action server cannot be reached") from error
                await asyncio.sleep(RETRY_AFTER_S)
            except TimeoutError as error:
                raise ActionFailed(f"{name}: no answer within {TIMEOUT_S:.0f} s") from error

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S, connect=3),
                connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=20),
            )
        return self._session


_server: ActionServer | None = None


def current() -> ActionServer:
    """The action server of this process."""
    global _server
    if _server is None:
        found = environment.current()
        _server = ActionServer(found.actions_url, found.actions_secret)
    return _server


async def run_remotely(
    action: RemoteAction, output_channel: Any, nlg: Any, tracker: DialogueStateTracker, domain: Domain
) -> list[Event]:
    """What `RemoteAction.run` does, over `ActionServer`."""
    answer = await current().run(action.name(), tracker, domain)
    said = await action._utter_responses(answer.get("responses", []), output_channel, nlg, tracker)
    return [*said, *deserialise_events(answer.get("events", []))]


def _parsed(name: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ActionFailed(f"{name}: the action server's answer is not JSON") from error
    if not isinstance(found, dict):
        raise ActionFailed(f"{name}: the action server's answer is not an object")
    return found


def _checked(name: str, answer: dict[str, Any]) -> dict[str, Any]:
    wrong = next(VALIDATOR.iter_errors(answer), None)
    if wrong is not None:
        raise ActionFailed(f"{name}: the action server's answer does not fit: {wrong.message[:200]}")
    return answer
