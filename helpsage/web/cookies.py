"""The cookies: who is logged in, which browser has a form open, an attempt to sign on. No script reads them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from helpsage import settings
from helpsage.people.sessions import REMEMBERED

#: Seconds for which a browser is known after its last login.
KNOWN_S = 365 * 24 * 3600
#: Seconds that someone may take at their identity provider.
SIGN_ON_S = 600


def session(request: Request) -> str | None:
    """The session's token, as the browser sent it."""
    return request.cookies.get(_name("session"))


def set_session(response: Response, token: str, remember: bool = False) -> None:
    """Log this browser in: until it is closed, or for as long as a remembered session lasts."""
    # The server's own end of a session is what counts; this only keeps the browser from forgetting it sooner.
    _set(response, "session", token, int(REMEMBERED.total_seconds()) if remember else None)


def clear_session(response: Response) -> None:
    """Log this browser out."""
    _clear(response, "session")


def visitor(request: Request) -> str | None:
    """The random mark of a browser that is not logged in."""
    return request.cookies.get(_name("visitor"))


def set_visitor(response: Response, mark: str) -> None:
    """Mark a browser until it is closed."""
    _set(response, "visitor", mark, None)


def browser(request: Request) -> str:
    """The mark of a browser in which somebody was logged in before; empty without one."""
    return request.cookies.get(_name("browser")) or ""


def set_browser(response: Response, mark: str) -> None:
    """Know this browser again."""
    _set(response, "browser", mark, KNOWN_S)


def sign_on(request: Request) -> str | None:
    """What is remembered of an attempt to sign on elsewhere, encrypted."""
    return request.cookies.get(_name("sign_on"))


def set_sign_on(response: Response, sealed: str) -> None:
    """Remember it until the browser is back."""
    _set(response, "sign_on", sealed, SIGN_ON_S)


def clear_sign_on(response: Response) -> None:
    """The attempt is over."""
    _clear(response, "sign_on")


def language(request: Request) -> str | None:
    """What somebody chose to read in this browser."""
    return request.cookies.get(_name("language"))


def set_language(response: Response, code: str) -> None:
    """Speak this language in this browser from now on."""
    _set(response, "language", code, KNOWN_S)


def _set(response: Response, name: str, value: str, seconds: int | None) -> None:
    response.set_cookie(_name(name), value, max_age=seconds, path="/", secure=_https(), httponly=True, samesite="lax")


def _clear(response: Response, name: str) -> None:
    response.delete_cookie(_name(name), path="/", secure=_https(), httponly=True, samesite="lax")


def _name(name: str) -> str:
    # RFC 6265bis, section 4.1.3.2: with this prefix browsers refuse the cookie from a subdomain or without TLS.
    return f"__Host-helpsage_{name}" if _https() else f"helpsage_{name}"


def _https() -> bool:
    return settings.get().web_url.startswith("https:")
