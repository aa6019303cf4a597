"""What the pages of teaching share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from helpsage.people.permissions import Action
from helpsage.training import words
from helpsage.web import csrf, templating
from helpsage.web.access import SignedIn, allowed

Reviewer = Annotated[SignedIn, Depends(allowed(Action.REVIEW))]
checked = [Depends(csrf.checked)]

#: What is said after a form was sent, by its name in the address.
TOLD: Mapping[str, str] = {
    "undone": "It is as it was before.",
    "gone": "That is decided already, or not there any more.",
    "accepted": "Accepted. It is part of the change now.",
    "dismissed": "Dismissed. It will not come again.",
    "reopened": "It is open again.",
}


def page(request: Request, template: str, context: Mapping[str, Any], status: int = 200) -> Response:
    """A page of teaching."""
    shared = {
        "told": TOLD.get(request.query_params.get("told", ""), ""),
        "intent_title": words.intent,
        "reasons": words.REASONS,
        "why_suggested": words.WHY_SUGGESTED,
        "trend": words.trend,
        "duration": words.duration,
    }
    return templating.page(request, f"training/{template}.html", {**shared, **context}, status)
