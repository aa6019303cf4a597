"""The way into the settings, and how the channels are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import clock, settings
from helpsage.channels import service as applications
from helpsage.channels.kinds import KINDS
from helpsage.configuration import service as configuration
from helpsage.configuration.documents import CANNED_REPLIES, CATEGORIES, CHANNELS, PRIORITIES, ROUTING
from helpsage.conversations.models import Conversation
from helpsage.db.session import transaction
from helpsage.departments.models import Department, Team
from helpsage.events.models import DeadLetter
from helpsage.intake.models import Inbound, Progress
from helpsage.mail.models import Mail, State
from helpsage.people import permissions
from helpsage.people.models import Account, Role
from helpsage.people.permissions import Action
from helpsage.service_levels.document import SERVICE_LEVELS
from helpsage.tickets.models import Ticket
from helpsage.web import health
from helpsage.web.settings import forms
from helpsage.web.settings.forms import Administrator, ReplyEditor

router = APIRouter(include_in_schema=False, prefix="/settings")

RECENT_CHANGES = 8
LATELY = timedelta(days=1)


@router.get("")
def overview(request: Request, viewer: ReplyEditor) -> Response:
    """What can be set, and what was changed last. Leads have the replies only."""
    if not permissions.may(viewer, Action.MANAGE_SETTINGS):
        return RedirectResponse("/settings/replies", status_code=303)
    with transaction() as session:
        catalogue = CATEGORIES.read(session)
        service_levels = SERVICE_LEVELS.read(session)
        phrases = PRIORITIES.read(session)["languages"]["en"]
        context = {
            "counts": {
                "departments": _count(session, Department, Department.archived_at.is_(None)),
                "teams": _count(session, Team, Team.archived_at.is_(None)),
                "categories": len(catalogue["categories"]),
                "questions": len(catalogue["questions"]),
                "policies": len(service_levels["policies"]),
                "calendars": len(service_levels["calendars"]),
                "replies": len(CANNED_REPLIES.read(session)["replies"]),
                "rules": len(ROUTING.read(session)["rules"]),
                "failed": _count(session, Inbound, Inbound.state == Progress.FAILED.value),
                "phrases": sum(len(phrases[name]) for name in ("urgent", "high", "calm")),
                "staff": _count(session, Account, Account.role != Role.REQUESTER.value, Account.disabled_at.is_(None)),
            },
            "changes": configuration.history(session, limit=RECENT_CHANGES),
        }
        return forms.page(request, session, "overview", context)


@router.get("/channels")
async def channels(request: Request, viewer: Administrator, saved: int | None = None) -> Response:
    """How people reach the desk, and whether each way works."""
    state = await health.examine()
    return await run_in_threadpool(_channels, request, state, saved)


def _channels(request: Request, state: dict[str, Any], saved: int | None) -> Response:
    configured = settings.get()
    since = clock.now() - LATELY
    with transaction() as session:
        installed = CHANNELS.read(session)["installations"]
        context = {
            "programs": state["programs"],
            "queue": state["queue"],
            "chat": _lately(session, ("webchat", "web"), since),
            "tickets": _tickets_lately(session, since),
            "applications": [(each, applications.standing(session, each["key"])) for each in installed],
            "incomplete": {each["key"] for each in installed if KINDS[each["kind"]].missing(each)},
            "kinds": KINDS,
            "rasa_webchat": configured.rasa_webchat,
            "chat_url": configured.chat_url,
            "origins": configured.allowed_origins,
            "departments": session.scalars(
                select(Department).where(Department.archived_at.is_(None)).order_by(Department.name)
            ).all(),
            "mail_server": bool(getattr(configured, "smtp_host", "")),
            "mail": {state.value: _count(session, Mail, Mail.state == state.value) for state in State},
            "dead": _count(session, DeadLetter, DeadLetter.replayed_at.is_(None)),
        }
        return forms.page(request, session, "channels", context, saved)


def _lately(session: Session, names: tuple[str, ...], since: datetime) -> dict[str, Any]:
    mine = Conversation.channel.in_(names)
    return {
        "conversations": _count(session, Conversation, mine, Conversation.last_message_at >= since),
        "last": session.scalar(select(func.max(Conversation.last_message_at)).where(mine)),
    }


def _tickets_lately(session: Session, since: datetime) -> list[tuple[str, int]]:
    """Tickets of the last day by channel, the most first."""
    counted = select(Ticket.channel, func.count()).where(Ticket.created_at >= since)
    rows = session.execute(counted.group_by(Ticket.channel).order_by(func.count().desc()))
    return [(channel, count) for channel, count in rows]


def _count(session: Session, table: type[Any], *conditions: Any) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0
