"""The check that a person sits there, on a form."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form
from starlette.responses import Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.people import captcha
from helpsage.people.captcha import Challenge, Unavailable
from helpsage.people.captcha.builtin import ANSWER, TOKEN
from helpsage.web.guard import content_security_policy

LONGEST_ANSWER = 8_000

log = logging.getLogger(__name__)


def sent(
    puzzle: Annotated[str, Form(alias=TOKEN, max_length=LONGEST_ANSWER)] = "",
    answer: Annotated[str, Form(alias=ANSWER, max_length=LONGEST_ANSWER)] = "",
    recaptcha: Annotated[str, Form(alias="g-recaptcha-response", max_length=LONGEST_ANSWER)] = "",
    hcaptcha: Annotated[str, Form(alias="h-captcha-response", max_length=LONGEST_ANSWER)] = "",
) -> dict[str, str]:
    """What was answered, by field."""
    return {TOKEN: puzzle, ANSWER: answer, "g-recaptcha-response": recaptcha, "h-captcha-response": hcaptcha}


Answers = Annotated[dict[str, str], Depends(sent)]


@dataclass(frozen=True)
class Check:
    """How a form fared.

    Attributes:
        is_passed: the form may be looked at.
        challenge: what to show when the form is shown again; None when no check is needed.
    """

    is_passed: bool
    challenge: Challenge | None


def to_show(needed: bool, language: str) -> Challenge | None:
    """The check for a form that is shown for the first time."""
    provider = captcha.provider() if needed else None
    return provider.challenge(language) if provider is not None else None


def look_at(answers: Mapping[str, str], address: str, needed: bool, language: str) -> Check:
    """Check a form that was sent. A service that is away gives way to the built-in puzzle.

    The answer is used up in a transaction of its own: it counts once, whatever becomes of the form.
    """
    provider = captcha.provider() if needed else None
    if provider is None:
        return Check(True, None)
    if answers[TOKEN]:
        provider = captcha.fallback()
    try:
        with transaction() as session:
            is_passed = provider.is_solved(session, answers, address)
    except Unavailable:
        log.warning("the configured check that a person sits there does not answer: the built-in one stands in")
        return Check(False, captcha.fallback().challenge(language))
    return Check(is_passed, provider.challenge(language))


def allow(response: Response, challenge: Challenge | None) -> Response:
    """Let the page load what the check's service needs."""
    if challenge is not None and challenge.sources:
        policy = content_security_policy(settings.get().chat_url, challenge.sources)
        response.headers["Content-Security-Policy"] = policy
    return response
