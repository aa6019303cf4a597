"""A check that a person sits there, asked for after repeated failure.

`provider()` is the configured one. `builtin` draws a puzzle itself and needs no network; `services` asks reCAPTCHA or
hCaptcha. When a service cannot be reached the built-in puzzle takes its place: nobody is locked out by an outage.
"""

from __future__ import annotations

from helpsage import settings
from helpsage.people.captcha.builtin import Puzzles
from helpsage.people.captcha.interface import Challenge, Provider, Unavailable
from helpsage.people.captcha.services import SERVICES, Service

__all__ = ["Challenge", "Provider", "Unavailable", "fallback", "provider"]


def provider() -> Provider | None:
    """The configured provider; None when the check is switched off."""
    configured = settings.get()
    match configured.captcha:
        case "off":
            return None
        case "builtin":
            return fallback()
        case name:
            return Service(
                SERVICES[name],
                configured.captcha_site_key,
                configured.captcha_secret.get_secret_value(),
                configured.captcha_verify_url,
            )


def fallback() -> Provider:
    """The puzzle that works without a network."""
    return Puzzles(settings.get().derived("puzzle"))
