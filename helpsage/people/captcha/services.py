"""reCAPTCHA and hCaptcha: the page shows their widget, the server asks them about the answer.

https://developers.google.com/recaptcha/docs/verify, https://docs.hcaptcha.com/#verify-the-user-response-server-side
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import requests
from sqlalchemy.orm import Session

from helpsage.people.captcha.interface import Challenge, Unavailable
from languages import SOURCE

TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Kind:
    """What differs between the services."""

    name: str
    script: str
    verify_url: str
    #: Field of the form that their widget fills in.
    field: str
    sources: Mapping[str, tuple[str, ...]]


SERVICES = {
    "recaptcha": Kind(
        name="recaptcha",
        script="https://www.google.com/recaptcha/api.js",
        verify_url="https://www.google.com/recaptcha/api/siteverify",
        field="g-recaptcha-response",
        sources={
            "script-src": ("https://www.google.com/recaptcha/", "https://www.gstatic.com/recaptcha/"),
            "frame-src": ("https://www.google.com/recaptcha/", "https://recaptcha.google.com/recaptcha/"),
            "connect-src": ("https://www.google.com/recaptcha/",),
        },
    ),
    "hcaptcha": Kind(
        name="hcaptcha",
        script="https://js.hcaptcha.com/1/api.js",
        verify_url="https://api.hcaptcha.com/siteverify",
        field="h-captcha-response",
        sources=dict.fromkeys(
            ("script-src", "frame-src", "style-src", "connect-src"), ("https://hcaptcha.com", "https://*.hcaptcha.com")
        ),
    ),
}


class Service:
    """One of the services, with this site's keys."""

    def __init__(self, kind: Kind, site_key: str, secret: str, verify_url: str = "") -> None:
        """
        Args:
            verify_url: where answers are checked; the service's own address when empty.
        """
        self._kind = kind
        self._site_key = site_key
        self._secret = secret
        self._verify_url = verify_url or kind.verify_url

    def challenge(self, language: str = SOURCE) -> Challenge:
        """The service's widget, which finds the language by itself."""
        return Challenge(
            kind=self._kind.name, site_key=self._site_key, script=self._kind.script, sources=self._kind.sources
        )

    def is_solved(self, session: Session, form: Mapping[str, str], address: str) -> bool:
        """Ask the service. It accepts an answer once, and for two minutes."""
        answer = form.get(self._kind.field, "")
        if not answer:
            return False
        asked = {"secret": self._secret, "response": answer, "remoteip": address, "sitekey": self._site_key}
        try:
            response = requests.post(self._verify_url, data=asked, timeout=TIMEOUT_S, allow_redirects=False)
            response.raise_for_status()
            told = response.json()
        except (requests.RequestException, ValueError) as error:
            raise Unavailable(type(error).__name__) from error
        return isinstance(told, dict) and told.get("success") is True
