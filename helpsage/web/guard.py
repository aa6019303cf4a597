"""Around every request: an id, a limit on its size, headers that keep browsers safe, an answer to every failure."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpsage import settings
from helpsage.attachments.storage import MEGABYTE
from helpsage.web import errors

#: No form of ours is larger: 20,000 characters of any script, escaped.
LARGEST_BODY = 400_000
#: Forms that take files, of people who are logged in.
_WITH_FILES = re.compile(
    r"/my/new|/my/tickets/[^/]+/reply|/agent/tickets/[^/]+/(?:reply|note)|/agent/chats/[^/]+/say"
    r"|/agent/articles/(?:import|[^/]+/files)"
)
#: Of the API: one file.
UPLOADS = "/api/v1/uploads"
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
            await self._app(scope, _limited(scope, receive), guarded_send)
        except Exception as error:
            log.exception("request %s failed: %s %s", request_id, scope["method"], scope["path"])
            if began:
                raise
            await errors.failure(Request(scope), error)(scope, receive, guarded_send)

    def _add_headers(self, scope: Scope, headers: MutableHeaders, request_id: str) -> None:
        headers["X-Request-ID"] = request_id
        # Answers that are no pages of ours (pictures, attachments) bring a stricter one.
        headers.setdefault("Content-Security-Policy", self._policy)
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()"
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Cache-Control", _caching(scope["path"]))
        if self._https:
            headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR_S}"


def content_security_policy(chat_url: str, more: Mapping[str, Iterable[str]] | None = None) -> str:
    """Everything from ourselves, nothing inline; the chat may also talk to the assistant.

    Parameters:
        more: further sources that one page needs, by directive.
    """
    parts = urlsplit(chat_url)
    chat = f"{parts.scheme}://{parts.netloc}"
    socket = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    directives: dict[str, list[str]] = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],  # Bootstrap's small icons live in its style sheet
        "connect-src": ["'self'", chat, socket],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    for directive, sources in (more or {}).items():
        directives.setdefault(directive, []).extend(sources)
    return "; ".join(f"{directive} {' '.join(sources)}" for directive, sources in directives.items())


def _caching(path: str) -> str:
    """Hashed files never change; pages are personal."""
    return f"public, max-age={ONE_YEAR_S}, immutable" if path.startswith("/static/build/assets/") else "no-store"


def _limited(scope: Scope, receive: Receive) -> Receive:
    """The body, cut off with 413 when it is larger than any form of ours."""
    limit = _largest(scope["path"], Headers(scope=scope))
    received = 0

    async def limited_receive() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(413)
        return message

    return limited_receive


def _largest(path: str, headers: Headers) -> int:
    """Bytes that a body may have. Nobody without a session makes the server keep files, not even for a moment."""
    configured = settings.get()
    if path == UPLOADS and headers.get("authorization"):  # the token is looked at before the body
        return LARGEST_BODY + configured.attachment_max_mb * MEGABYTE
    if not _WITH_FILES.fullmatch(path) or "helpsage_session=" not in headers.get("cookie", ""):
        return LARGEST_BODY
    return LARGEST_BODY + configured.attachment_max_files * configured.attachment_max_mb * MEGABYTE
