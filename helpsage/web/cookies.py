"""The two cookies: who is logged in, and which browser has a form open. Neither can be read by scripts."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from helpsage import settings

#: Seconds. The server's own end of a session is what counts; this only keeps the browser from forgetting it sooner.
SESSION_S = 14 * 24 * 3600


def session(request: Request) -> str | None:
    """The session's token, as the browser sent it."""
    return request.cookies.get(_name("session"))


def set_session(response: Response, token: str) -> None:
    """Log this browser in."""
    _set(response, "session", token, SESSION_S)


def clear_session(response: Response) -> None:
    """Log this browser out."""
    response.delete_cookie(_name("session"), path="/", secure=_https(), httponly=True, samesite="lax")


def visitor(request: Request) -> str | None:
    """The random mark of a browser that is not logged in."""
    return request.cookies.get(_name("visitor"))


def set_visitor(response: Response, mark: str) -> None:
    """Mark a browser until it is closed."""
    _set(response, "visitor", mark, None)


def _set(response: Response, name: str, value: str, seconds: int | None) -> None:
    response.set_cookie(_name(name), value, max_age=seconds, path="/", secure=_https(), httponly=True, samesite="lax")


def _name(name: str) -> str:
    # RFC 6265bis, section 4.1.3.2: with this prefix browsers refuse the cookie from a subdomain or without TLS.
    return f"__Host-helpsage_{name}" if _https() else f"helpsage_{name}"


def _https() -> bool:
    return settings.get().web_url.startswith("https:")
