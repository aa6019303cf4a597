"""What an agent works on: how much at a time, which categories, which languages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage import settings
from helpsage.assignment import presence
from helpsage.assignment.documents import AgentDocument
from helpsage.configuration import service as configuration
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content, InvalidContent
from helpsage.db.session import transaction
from helpsage.people.models import Account
from helpsage.tickets import categories
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import PeopleManager, Stale

router = APIRouter(include_in_schema=False, prefix="/settings/agents")


@dataclass
class Typed:
    """What stands in the form."""

    capacity: str = ""
    categories: list[str] = field(default_factory=list)
    languages: str = ""
    seen: str = ""


def typed(
    capacity: Annotated[str, Form()] = "",
    categories: Annotated[list[str] | None, Form()] = None,
    languages: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> Typed:
    """Read the form."""
    return Typed(capacity.strip(), sorted(set(categories or [])), languages, seen)


@router.get("/{account_id}")
def show(request: Request, viewer: PeopleManager, account_id: UUID, saved: int | None = None) -> Response:
    """One agent."""
    with transaction() as session:
        content = _content(session, account_id)
        capacity = "" if content["capacity"] is None else str(content["capacity"])
        languages = ", ".join(content["languages"])
        sent = Typed(capacity, content["categories"], languages, configuration.digest(content))
        return _page(request, session, account_id, sent, saved=saved)


@router.post("/{account_id}", dependencies=forms.checked)
def change(
    request: Request, viewer: PeopleManager, account_id: UUID, sent: Annotated[Typed, Depends(typed)]
) -> Response:
    """Change it."""
    document = AgentDocument(account_id)

    def work(session: Session) -> SettingChange | None:
        _content(session, account_id)

        def changed(before: Content | None) -> Content:
            forms.refuse_stale(session, document.name, before, sent.seen)
            if sent.capacity and not (sent.capacity.isdecimal() and len(sent.capacity) < 6):
                raise InvalidContent({"capacity": words.NO_CAPACITY})
            if any(each not in categories.load() for each in sent.categories):
                raise InvalidContent({"categories": words.CHOOSE})
            return {
                "capacity": int(sent.capacity) if sent.capacity else None,
                "categories": sent.categories,
                "languages": sorted({each.lower() for each in forms.listed(sent.languages)}),
            }

        summary = words.AGENT_CHANGED.format(name=document.title(session))
        return configuration.edit(session, document, changed, forms.who(viewer), summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            sent.seen = configuration.digest(document.read(session))
            return _page(request, session, account_id, sent, problems, stale, status=status)

    return forms.send(work, redraw, f"/settings/agents/{account_id}")


def _content(session: Session, account_id: UUID) -> Content:
    found = AgentDocument(account_id).read(session)
    if found is None:
        raise HTTPException(404)
    return found


def _page(
    request: Request,
    session: Session,
    account_id: UUID,
    sent: Typed,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    context = {
        "person": session.get_one(Account, account_id),
        "away": presence.away_of(session, account_id),
        "form": sent,
        "problems": problems or {},
        "stale": stale,
        "categories": categories.load(),
        "usual": settings.get().agent_capacity,
        "document": AgentDocument(account_id).name,
    }
    return forms.page(request, session, "agent", context, saved, status)
