"""A form counts only when it came from a page of ours: its token is bound to the browser's own cookie.

Before login the cookie is a random one of the visitor; after it, the session. SameSite cookies and the browser's own
`Sec-Fetch-Site` header stand behind it.

A page never shows the token itself but the token under a mask of this answer alone: pages are compressed, and what
stood in every one of them could be guessed from how well they compress (BREACH: Gluck, Harris, Prado, "Reviving the
CRIME attack", 2013, section 3.4 has this remedy).
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
    """The value of the hidden field `csrf` in this browser's forms; another one each time, and all of them count."""
    return masked(_token(request))


def masked(token: bytes) -> str:
    """A token of 32 bytes as no other page shows it: a random mask, and the token under it."""
    mask = secrets.token_bytes(len(token))
    return (mask + _under(mask, token)).hex()


def _unmasked(written: str) -> bytes:
    """The token that was masked; empty for anything else."""
    try:
        raw = bytes.fromhex(written)
    except ValueError:
        return b""
    half = hashlib.sha256().digest_size
    return _under(raw[:half], raw[half:]) if len(raw) == 2 * half else b""


def _under(mask: bytes, token: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mask, token, strict=True))


def _token(request: Request) -> bytes:
    return hmac.new(settings.get().derived("csrf").encode(), _binding(request).encode(), hashlib.sha256).digest()


def checked(request: Request, csrf: Annotated[str, Form()] = "") -> None:
    """Refuse a form that is not from a page of ours.

    Raises:
        HTTPException: 403.
    """
    foreign = request.headers.get("sec-fetch-site") in _FOREIGN
    # A browser without a cookie gets a random token just now, which it cannot have sent.
    if foreign or not hmac.compare_digest(_unmasked(csrf), _token(request)):
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
