"""The action server: rasa-sdk's executor behind a shared secret, with errors that leak nothing.

rasa-sdk's own server answers anyone, allows every origin, and puts the whole request into the body of an error; so only
its executor is used. The wire format is that of `POST /webhook` of rasa-sdk 3.21 (`rasa_sdk/endpoint.py`).
"""

from __future__ import annotations

import hmac
import json
import logging
import uuid
from typing import Any

from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException
from sanic import HTTPResponse, Request, Sanic, response
from sanic.exceptions import SanicException

from actions import fallback, feedback, follow_up, handoff, track
from actions.report.form import ValidateTicketForm
from actions.step import Step
from helpsage import __version__

SECRET_HEADER = "X-Help-Sage-Secret"  # noqa: S105 the header's name
#: A turn carries the conversation's state; more than this is no turn.
LARGEST_REQUEST = 8 * 1024 * 1024
KEEP_ALIVE_S = 120

STEPS: tuple[type[Step], ...] = (
    ValidateTicketForm,
    follow_up.ValidateFollowUpForm,
    track.TicketStatus,
    track.ListTickets,
    follow_up.AddComment,
    follow_up.CloseTicket,
    follow_up.ReopenTicket,
    follow_up.EscalateTicket,
    follow_up.GiveRating,
    follow_up.AnswerAgent,
    handoff.HandOver,
    fallback.Fallback,
    fallback.OutOfScope,
    feedback.Affirm,
    feedback.Deny,
    feedback.Thanks,
    feedback.Inform,
    feedback.CorrectDetail,
    feedback.Skip,
    feedback.Cancel,
)

log = logging.getLogger(__name__)


class Executor(ActionExecutor):
    """The executor of our steps. None of them reads the domain, so a request need not carry it."""

    def __init__(self) -> None:
        super().__init__()
        for step in STEPS:
            self.register_action(step())

    def update_and_return_domain(self, payload: dict[str, Any], action_name: str) -> dict[str, Any] | None:
        """What came with the request, if anything did."""
        domain: dict[str, Any] | None = payload.get("domain")
        return domain or {}


def create_app(secret: str, executor: ActionExecutor | None = None, name: str = "help-sage-actions") -> Sanic:
    """The server, ready to run.

    Args:
        secret: What callers must send in `X-Help-Sage-Secret`.
        executor: Other steps, for tests.
        name: Sanic's name for it; one a process.
    """
    app = Sanic(name, configure_logging=False)
    app.config.REQUEST_MAX_SIZE = LARGEST_REQUEST
    app.config.KEEP_ALIVE_TIMEOUT = KEEP_ALIVE_S
    app.config.ACCESS_LOG = False
    app.ctx.executor = executor or Executor()
    app.ctx.secret = secret.encode()
    app.add_route(health, "/health", methods=["GET"])
    app.add_route(webhook, "/webhook", methods=["POST"])
    app.on_request(refuse_strangers)
    app.error_handler.add(Exception, on_error)
    return app


async def refuse_strangers(request: Request) -> HTTPResponse | None:
    """Only the assistant, which knows the secret, runs actions."""
    if request.path == "/health":
        return None
    given = request.headers.get(SECRET_HEADER, "").encode(errors="surrogateescape")
    if not hmac.compare_digest(given, request.app.ctx.secret):
        return response.json({"error": "forbidden"}, status=403)
    return None


async def health(_: Request) -> HTTPResponse:
    """Whether the server runs, and which version."""
    return response.json({"status": "ok", "version": __version__})


async def webhook(request: Request) -> HTTPResponse:
    """Run one action."""
    call = _body(request)
    if call is None:
        return response.json({"error": "the body is not an action call"}, status=400)
    try:
        result = await request.app.ctx.executor.run(call)
    except ActionExecutionRejection as rejection:
        return response.json({"error": rejection.message, "action_name": rejection.action_name}, status=400)
    except ActionNotFoundException as missing:
        return response.json({"error": "no such action", "action_name": missing.action_name}, status=404)
    return response.json(result.model_dump() if result is not None else None)


def _body(request: Request) -> dict[str, Any] | None:
    try:
        call = json.loads(request.body)
    except ValueError:
        return None
    usable = (
        isinstance(call, dict) and isinstance(call.get("tracker"), dict) and isinstance(call.get("next_action"), str)
    )
    return call if usable else None


async def on_error(request: Request, error: Exception) -> HTTPResponse:
    """An answer with a code and nothing else; the code finds the line in the log."""
    if isinstance(error, SanicException):
        return response.json({"error": "the request cannot be served"}, status=error.status_code)
    incident = uuid.uuid4().hex[:8]
    log.error("incident %s: %s in %s", incident, type(error).__name__, request.path, exc_info=error)
    return response.json({"error": "internal error", "incident": incident}, status=500)
