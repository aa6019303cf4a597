"""What the account pages share: a form as it was filled in, where a request comes from, where to go on."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.people.errors import (
    InvalidEmail,
    InvalidName,
    InvalidPassword,
    LinkError,
    LinkExpired,
    LinkUsed,
    TooManyAttempts,
)
from helpsage.people.models import Role
from helpsage.people.notices import Origin
from helpsage.people.permissions import STAFF
from helpsage.web import templating, texts
from helpsage.web.accounts import words


@dataclass
class Filled:
    """A form as somebody sent it, to be shown again: nothing of what was typed is lost, apart from passwords.

    Attributes:
        values: by field.
        problems: words beside a field, by field; under "" the ones above the form.
        status: HTTP status of the page that shows it.
    """

    values: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    status: int = 200

    def refuse(self, problem: str, where: str = "", status: int = 422) -> None:
        """Say what is wrong, beside a field or above the form."""
        self.problems[where] = problem
        self.status = status

    def refuse_invalid(self, error: Exception) -> None:
        """Say what is wrong with an address, a name or a password, beside the field of that name."""
        fields = ((InvalidEmail, "email"), (InvalidName, "name"), (InvalidPassword, "password"))
        self.refuse(str(error), next((name for kind, name in fields if isinstance(error, kind)), ""))


def page(request: Request, template: str, filled: Filled, **context: object) -> Response:
    """A page with a form."""
    done = words.DONE.get(request.query_params.get("done", ""), "")
    shared = {"values": filled.values, "problems": filled.problems, "done": done}
    return templating.page(request, f"accounts/{template}.html", {**shared, **context}, filled.status)


def too_many(response: Response, error: TooManyAttempts) -> Response:
    """A refusal that says when to come back."""
    response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def bad_link(request: Request, error: LinkError, again: str, again_words: str) -> Response:
    """The page of a link that opens nothing.

    Parameters:
        again: where to get a new one.
    """
    kind = "used" if isinstance(error, LinkUsed) else "expired" if isinstance(error, LinkExpired) else "unknown"
    title, text = words.LINKS[kind]
    status = 404 if kind == "unknown" else 410
    return page(
        request, "link", Filled(status=status), title=title, text=text, again=again, again_words=again_words, kind=kind
    )


def network(request: Request) -> str:
    """Network address for limits. One customer has a whole /64 of IPv6 (RFC 6177): it counts as one."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return host


def origin(request: Request) -> Origin:
    """Where the request comes from, for notices."""
    host = request.client.host if request.client else ""
    return Origin(host, request.headers.get("user-agent", ""), texts.language_of(request))


def local(address: str, otherwise: str) -> str:
    """Where to go on: only ever a path of ours (`//host` and `/\\host` lead elsewhere)."""
    fits = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if fits else otherwise


def home(role: str) -> str:
    """Where an account begins."""
    return "/agent" if Role(role) in STAFF else "/my"


def go(address: str, done: str = "") -> Response:
    """On to another page, with a word about what was done."""
    return RedirectResponse(f"{address}?done={quote(done)}" if done else address, status_code=303)
