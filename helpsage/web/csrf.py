"""A form counts only when it came from a page of ours: its token is bound to the browser's own cookie.

Before login the cookie is a random one of the visitor; after it, the session. SameSite cookies and the browser's own
`Sec-Fetch-Site` header stand behind it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Annotated

from fastapi import Form, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from helpsage import settings
from helpsage.web import cookies

_FOREIGN = ("cross-site", "same-site")


def token(request: Request) -> str:
    """The value of the hidden field `csrf` in this browser's forms."""
    return hmac.new(settings.get().derived("csrf").encode(), _binding(request).encode(), hashlib.sha256).hexdigest()


def checked(request: Request, csrf: Annotated[str, Form()] = "") -> None:
    """Refuse a form that is not from a page of ours.

    Raises:
        HTTPException: 403.
    """
    foreign = request.headers.get("sec-fetch-site") in _FOREIGN
    # A browser without a cookie gets a random token just now, which it cannot have sent.
    if foreign or not hmac.compare_digest(csrf.encode(), token(request).encode()):
        raise HTTPException(403, "csrf")


def remember(request: Request, response: Response) -> None:
    """Give a new visitor the cookie to which the page's token is bound."""
    if getattr(request.state, "new_visitor", None):
        cookies.set_visitor(response, request.state.new_visitor)


def _binding(request: Request) -> str:
    kept = cookies.session(request) or cookies.visitor(request)
    if kept:
        return kept
    if not getattr(request.state, "new_visitor", None):
        request.state.new_visitor = secrets.token_urlsafe(24)
    return str(request.state.new_visitor)
