"""Pages in the reader's language: which one, and the words of templates in it.

Templates are written in English; what stands in `_("...")` there is looked up in `locales/<language>/pages.yml`.
Words that Python code hands to a template go through the filter `tr`, with or without their values. Staff's pages are
in English.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from jinja2 import Environment
from starlette.requests import Request

from helpsage.web import cookies
from languages import SOURCE, catalogues, detect

#: Templates for everybody; all others are staff's.
FOR_EVERYBODY = ("accounts/", "portal/", "intake/", "help/", "front.html", "chat.html", "error.html")
#: Those of staff among them.
OF_STAFF = ("accounts/mail", "accounts/invitation")

_language: ContextVar[str] = ContextVar("language", default=SOURCE)


def language_of(request: Request) -> str:
    """What somebody reads: what they chose in this browser, else their profile's, else what their browser asks for.

    A profile that says English says nothing: everybody's does at first. Who comes by a link of a letter without logging
    in reads what the letter was written in (`follow`).
    """
    chosen = detect.spoken(cookies.language(request))
    if chosen is not None:
        return chosen
    account = getattr(request.state, "account", None)
    profile = detect.spoken(getattr(account, "locale", None) or getattr(request.state, "locale", None))
    if profile is not None and profile != SOURCE:
        return profile
    return detect.preferred(request.headers.get("accept-language"))


def follow(request: Request, language: str) -> None:
    """The page's link came in a letter in this language."""
    request.state.locale = language


def of_template(request: Request, template: str) -> str:
    """The language that a page is drawn in."""
    return language_of(request) if is_for_everybody(template) else SOURCE


def is_for_everybody(template: str) -> bool:
    """Whether a page is one that is translated."""
    return template.startswith(FOR_EVERYBODY) and not template.startswith(OF_STAFF)


def current() -> str:
    """The language of the page that is being drawn."""
    return _language.get()


def draw(environment: Environment, template: str, language: str, context: dict[str, Any]) -> str:
    """Draw a template in a language."""
    token = _language.set(language)
    try:
        return environment.get_template(template).render(context)
    finally:
        _language.reset(token)


def translated(english: Any) -> Any:
    """Words of ours in the page's language; anything else as it is."""
    return catalogues.shown(english, current()) if isinstance(english, str) else english


def _said(english: Any) -> Any:
    """Words that the assistant says too: names of topics, questions and states, why a file is not taken."""
    return catalogues.filled(english, current()) if isinstance(english, str) else english


def install(environment: Environment) -> None:
    """Give templates `_()` and the filter `tr`."""
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension brings it
        gettext=translated,
        ngettext=lambda one, many, number: translated(one if number == 1 else many),
        newstyle=True,
    )
    environment.filters.update(tr=translated, said=_said)
