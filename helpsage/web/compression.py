"""Pages travel compressed, except where somebody else could learn from their size what stands in them.

Who can make a browser ask for a page of ours with words of their choice in the address, and sees how long the answer
is, can guess secrets of that page one character after the other (BREACH: Gluck, Harris, Prado, "Reviving the CRIME
attack", 2013). So what a browser asks for on behalf of another site is sent as it is. Browsers say on whose behalf they
ask with `Sec-Fetch-Site` (Fetch Metadata, W3C), which no script can forge; one that does not say is trusted with
compressed files and pages without a login only. The tokens of forms are masked besides (`csrf.py`).
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

#: Bytes below which nothing is won.
SMALLEST = 1_000
#: Of zlib, 1 to 9: a page of figures shrinks from 73 to 9 kB in half a millisecond; 9 takes a second half for one kB.
LEVEL = 4
#: On whose behalf a browser asks: a page of ours, or its user (an address typed, a bookmark).
_OURS = ("same-origin", "none")
#: The same for everyone, and asked for by other sites' pages.
_FOR_EVERYONE = ("/static/", "/chat.js")


class Compression:
    """ASGI middleware. Streams of events are never held back for it.

    Parameters:
        https: browsers tell `Sec-Fetch-Site` to servers with TLS only; without it the network reads the words anyway.
    """

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self._app = app
        self._https = https
        self._compressed = GZipMiddleware(
            app, SMALLEST, LEVEL, exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream")
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chosen = self._compressed if scope["type"] == "http" and self._is_safe(scope) else self._app
        await chosen(scope, receive, send)

    def _is_safe(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        site = headers.get("sec-fetch-site", "")
        if scope["path"].startswith(_FOR_EVERYONE):
            return True
        if site:
            return site in _OURS
        return not self._https or not headers.get("cookie")
