"""A browser without a screen: follows redirects, keeps cookies, fills in the forms it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from tests.loopback import NO_CERTIFICATES


def _is_sent(given: dict[str, str]) -> bool:
    """A box that is not ticked sends nothing."""
    return given.get("type") not in ("checkbox", "radio") or "checked" in given


@dataclass
class Form:
    """A form as the page shows it, with the values it would send."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self._textarea: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        elif not self.forms:
            return
        elif tag == "input" and "name" in given and _is_sent(given):
            self.forms[-1].values[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._textarea = given.get("name", "")
            self.forms[-1].values[self._textarea] = ""
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._select and ("selected" in given or self._select not in self.forms[-1].values):
            self.forms[-1].values[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._textarea is not None:
            # A line break right after the tag is no part of the value (HTML standard, 13.2.6.4.7).
            self.forms[-1].values[self._textarea] = self.forms[-1].values[self._textarea].removeprefix("\n")
            self._textarea = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1].values[self._textarea] += data


class Visitor(httpx.Client):
    """One browser."""

    def __init__(self, url: str) -> None:
        super().__init__(base_url=url, follow_redirects=True, timeout=10, trust_env=False, verify=NO_CERTIFICATES)

    def form(self, page: httpx.Response, action: str) -> Form:
        """The form of this page that goes to `action`."""
        parser = _Forms()
        parser.feed(page.text)
        return next(form for form in parser.forms if form.action == action)

    def submit(self, form: Form, **values: str) -> httpx.Response:
        """Send a form with what a person typed."""
        return self.post(form.action, data={**form.values, **values})

    def log_in(self, email: str, password: str) -> httpx.Response:
        """Through the login page."""
        return self.submit(self.form(self.get("/login"), "/login"), email=email, password=password)

    def act(self, reference: str, kind: str, **values: str) -> httpx.Response:
        """Open a ticket's page and send one of its forms."""
        page = self.get(f"/agent/tickets/{reference}")
        return self.submit(self.form(page, f"/agent/tickets/{reference}/{kind}"), **values)
