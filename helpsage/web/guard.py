"""Around every request: an id, a limit on its size, headers that keep browsers safe, an answer to every failure."""

from __future__ import annotations

import logging
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpsage.web import errors

#: No form of ours is larger: 20,000 characters of any script, escaped.
LARGEST_BODY = 400_000
ONE_YEAR_S = 31_536_000

log = logging.getLogger(__name__)


class Guard:
    """ASGI middleware; the outermost."""

    def __init__(self, app: ASGIApp, chat_url: str, https: bool) -> None:
        self._app = app
        self._https = https
        self._policy = content_security_policy(chat_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        began = False

        async def guarded_send(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                self._add_headers(scope, MutableHeaders(scope=message), request_id)
            await send(message)

        try:
            await self._app(scope, _limited(receive), guarded_send)
        except Exception as error:
            log.exception("request %s failed: %s %s", request_id, scope["method"], scope["path"])
            if began:
                raise
            await errors.failure(Request(scope), error)(scope, receive, guarded_send)

    def _add_headers(self, scope: Scope, headers: MutableHeaders, request_id: str) -> None:
        headers["X-Request-ID"] = request_id
        headers["Content-Security-Policy"] = self._policy
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()"
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Cache-Control", _caching(scope["path"]))
        if self._https:
            headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR_S}"


def content_security_policy(chat_url: str) -> str:
    """Everything from ourselves, nothing inline; the chat may also talk to the assistant."""
    parts = urlsplit(chat_url)
    chat = f"{parts.scheme}://{parts.netloc}"
    socket = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",  # Bootstrap's small icons live in its style sheet
            f"connect-src 'self' {chat} {socket}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _caching(path: str) -> str:
    """Hashed files never change; pages are personal."""
    return f"public, max-age={ONE_YEAR_S}, immutable" if path.startswith("/static/build/assets/") else "no-store"


def _limited(receive: Receive) -> Receive:
    """The body, cut off with 413 when it is larger than any form of ours."""
    received = 0

    async def limited_receive() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise HTTPException(413)
        return message

    return limited_receive
