"""WebSockets on Python 3.11 with the Sanic that Rasa pins.

Sanic 21.12 hands a coroutine to `asyncio.wait`, which Python forbids since 3.11: every WebSocket closed at its first
message, and Socket.IO fell back to polling or gave up.
"""

from __future__ import annotations

import asyncio
from typing import Any

from sanic.exceptions import ServerError, WebsocketClosed
from sanic.server.websockets.impl import CLOSED, WebsocketImplProtocol


async def receive(
    self: WebsocketImplProtocol,
    timeout: float | None = None,  # noqa: ASYNC109 the signature is Sanic's
) -> Any:
    """The next message of a WebSocket; None when none came within `timeout` seconds.

    Raises:
        asyncio.CancelledError: the connection ended.
        WebsocketClosed: it had ended before.
    """
    if self.recv_lock.locked():
        raise ServerError("cannot call recv while another task is already waiting for the next message")
    async with self.recv_lock:
        if self.connection.state is CLOSED:
            raise WebsocketClosed("Cannot receive from websocket interface after it is closed.")
        # Sanic cancels this when the connection ends.
        self.recv_cancel = asyncio.ensure_future(self.assembler.get(timeout))
        try:
            return await self.recv_cancel
        finally:
            self.recv_cancel.cancel()
            self.recv_cancel = None


def install() -> None:
    """Let WebSockets receive."""
    WebsocketImplProtocol.recv = receive
