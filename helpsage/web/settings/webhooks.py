"""Webhooks: other programs that hear what happens, their keys, and what was sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, HTTPException, Query
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import settings
from helpsage.configuration import service as configuration
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content, InvalidContent, StaleContent
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.schema.__main__ import written
from helpsage.schema.events import KINDS, MODELS
from helpsage.web.access import Confirmed
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import Administrator, Stale
from helpsage.webhooks import messages, sending, service, signing
from helpsage.webhooks.documents import WebhookDocument
from helpsage.webhooks.models import Message, Stage

router = APIRouter(include_in_schema=False, prefix="/settings/webhooks")

PAGE_SIZE = 50


@dataclass
class Typed:
    """What stands in the form."""

    name: str = ""
    url: str = ""
    department: str = ""
    events: list[str] = field(default_factory=list)
    seen: str = ""

    @classmethod
    def of(cls, content: Content) -> Typed:
        """As the webhook is now."""
        return cls(
            content["name"], content["url"], content["department"], content["events"], configuration.digest(content)
        )

    def content(self, before: Content | None) -> Content:
        """As it is to be kept."""
        return {
            "name": self.name.strip(),
            "url": self.url.strip(),
            "events": sorted(set(self.events)),
            "department": self.department,
            "enabled": before["enabled"] if before is not None else True,
            "removed": False,
        }


def typed(
    name: Annotated[str, Form()] = "",
    url: Annotated[str, Form()] = "",
    department: Annotated[str, Form()] = "",
    events: Annotated[list[str] | None, Form()] = None,
    seen: Annotated[str, Form()] = "",
) -> Typed:
    """Read the form."""
    return Typed(name, url, department, events or [], seen)


Form_ = Annotated[Typed, Depends(typed)]


@router.get("")
def index(request: Request, viewer: Administrator, saved: int | None = None) -> Response:
    """All webhooks, and how they do."""
    with transaction() as session:
        found = service.in_use(session)
        context = {
            "webhooks": found,
            "counts": {one.id: service.counted(session, one.id) for one in found},
            "failing": {one.id for one in found if messages.is_failing(session, one.id)},
        }
        return forms.page(request, session, "webhooks", context, saved)


@router.get("/schemas/{name}.json")
def schema(viewer: Administrator, name: str) -> Response:
    """What an event looks like."""
    if name not in MODELS:
        raise HTTPException(404)
    return Response(written(name), media_type="application/schema+json")


@router.get("/new")
def new(request: Request, viewer: Administrator) -> Response:
    """An empty form."""
    with transaction() as session:
        return _page(request, session, None, Typed())


@router.post("/new", dependencies=forms.checked)
def make(request: Request, viewer: Administrator, confirmed: Confirmed, sent: Form_) -> Response:
    """Make a webhook; its key is shown on the page that follows, and never again."""
    document = WebhookDocument(uuid4())
    summary = words.WEBHOOK_MADE.format(name=sent.name.strip()[:80])
    try:
        with transaction() as session:
            configuration.edit(session, document, lambda _: sent.content(None), forms.who(viewer), summary)
            kept = Typed.of(_content(session, document.webhook_id))
            return _page(request, session, document.webhook_id, kept, key=document.key)
    except InvalidContent as error:
        with transaction() as session:
            return _page(request, session, None, sent, error.problems, status=422)


@router.get("/{webhook_id}")
def show(request: Request, viewer: Administrator, webhook_id: UUID, saved: int | None = None) -> Response:
    """One webhook, and what it was sent last."""
    with transaction() as session:
        return _page(request, session, webhook_id, Typed.of(_content(session, webhook_id)), saved=saved)


@router.post("/{webhook_id}", dependencies=forms.checked)
def change(request: Request, viewer: Administrator, confirmed: Confirmed, webhook_id: UUID, sent: Form_) -> Response:
    """Change it."""
    document = WebhookDocument(webhook_id)
    with transaction() as session:
        _content(session, webhook_id)

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content | None) -> Content:
            forms.refuse_stale(session, document.name, content, sent.seen)
            return sent.content(content)

        summary = words.WEBHOOK_CHANGED.format(name=sent.name.strip()[:80])
        return configuration.edit(session, document, changed, forms.who(viewer), summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            if stale is not None:
                sent.seen = configuration.digest(_content(session, webhook_id))
            return _page(request, session, webhook_id, sent, problems, stale, status=status)

    return forms.send(work, redraw, f"/settings/webhooks/{webhook_id}")


@router.post("/{webhook_id}/switch", dependencies=forms.checked)
def switch(request: Request, viewer: Administrator, webhook_id: UUID, on: Annotated[str, Form()] = "") -> Response:
    """On, or off."""
    summary = words.WEBHOOK_ON if on else words.WEBHOOK_OFF
    return _set(viewer, webhook_id, {"enabled": bool(on)}, summary, f"/settings/webhooks/{webhook_id}")


@router.post("/{webhook_id}/remove", dependencies=forms.checked)
def remove(request: Request, viewer: Administrator, webhook_id: UUID) -> Response:
    """Take it away, with what was sent."""
    return _set(viewer, webhook_id, {"removed": True}, words.WEBHOOK_REMOVED, "/settings/webhooks")


@router.post("/{webhook_id}/key", dependencies=forms.checked)
def rotate(request: Request, viewer: Administrator, confirmed: Confirmed, webhook_id: UUID) -> Response:
    """A new key, shown here and never again."""
    with transaction() as session:
        _content(session, webhook_id)
        key = service.rotate(session, service.by_id(session, webhook_id))
        return _page(request, session, webhook_id, Typed.of(_content(session, webhook_id)), key=key)


@router.post("/{webhook_id}/test", dependencies=forms.checked)
def test(request: Request, viewer: Administrator, webhook_id: UUID) -> Response:
    """Send a test now, and say how that went."""
    with transaction() as session:
        _content(session, webhook_id)
    outcome = sending.try_out(webhook_id)
    told = words.WEBHOOK_FAILS if outcome.error else words.WEBHOOK_WORKS
    shown = told.format(error=outcome.error, milliseconds=outcome.milliseconds)
    with transaction() as session:
        kept = Typed.of(_content(session, webhook_id))
        return _page(request, session, webhook_id, kept, told=(not outcome.error, shown))


@router.post("/{webhook_id}/replay", dependencies=forms.checked)
def replay_dead(request: Request, viewer: Administrator, webhook_id: UUID) -> Response:
    """Send everything again that was given up."""
    with transaction() as session:
        _content(session, webhook_id)
        count = service.replay_dead(session, webhook_id)
        kept = Typed.of(_content(session, webhook_id))
        return _page(request, session, webhook_id, kept, told=(True, words.REPLAYED_ALL.format(count=count)))


# --- what was sent


@router.get("/{webhook_id}/messages")
def log(
    request: Request,
    viewer: Administrator,
    webhook_id: UUID,
    stage: Annotated[str, Query(max_length=20)] = "",
    before: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """What was sent, the newest first."""
    with transaction() as session:
        _content(session, webhook_id)
        wanted = Stage(stage) if stage in list(Stage) else None
        found = service.messages(session, webhook_id, wanted, _after(before), PAGE_SIZE + 1)
        shown = found[:PAGE_SIZE]
        context = {
            "webhook": service.by_id(session, webhook_id),
            "messages": shown,
            "stage": stage,
            "stages": [one.value for one in Stage],
            "older": f"{shown[-1].created_at.isoformat()}~{shown[-1].id}" if len(found) > PAGE_SIZE else "",
        }
        return forms.page(request, session, "webhook_messages", context)


@router.get("/{webhook_id}/messages/{message_id}")
def show_message(
    request: Request, viewer: Administrator, webhook_id: UUID, message_id: UUID, replayed: str = ""
) -> Response:
    """One message with every try."""
    with transaction() as session:
        found = _message(session, webhook_id, message_id)
        context = {
            "webhook": service.by_id(session, webhook_id),
            "message": found,
            "body": json.dumps(json.loads(found.body), indent=2, ensure_ascii=False),
            "attempts": service.attempts(session, message_id),
            "told": words.REPLAYED if replayed else "",
        }
        return forms.page(request, session, "webhook_message", context)


@router.post("/{webhook_id}/messages/{message_id}/replay", dependencies=forms.checked)
def replay(request: Request, viewer: Administrator, webhook_id: UUID, message_id: UUID) -> Response:
    """Send it again, under its own id."""
    with transaction() as session:
        service.replay(session, _message(session, webhook_id, message_id))
    return RedirectResponse(f"/settings/webhooks/{webhook_id}/messages/{message_id}?replayed=1", status_code=303)


def _message(session: Session, webhook_id: UUID, message_id: UUID) -> Message:
    _content(session, webhook_id)
    try:
        found = service.message(session, message_id)
    except service.WebhookNotFound as error:
        raise HTTPException(404) from error
    if found.webhook_id != webhook_id:
        raise HTTPException(404)
    return found


def _after(written_cursor: str) -> tuple[datetime, UUID] | None:
    moment, _, row = written_cursor.partition("~")
    try:
        at = datetime.fromisoformat(moment)
        return (at, UUID(row)) if at.tzinfo is not None else None
    except ValueError:
        return None


# --- shared


def _set(viewer: Administrator, webhook_id: UUID, changes: dict[str, Any], summary: str, then: str) -> Response:
    try:
        with transaction() as session:
            name = _content(session, webhook_id)["name"]
            document = WebhookDocument(webhook_id)
            told = summary.format(name=name)
            line = configuration.edit(
                session, document, lambda kept: {**(kept or {}), **changes}, forms.who(viewer), told
            )
    except (InvalidContent, StaleContent) as error:
        raise HTTPException(409) from error
    return RedirectResponse(f"{then}?saved={line.id if line is not None else 0}", status_code=303)


def _content(session: Session, webhook_id: UUID) -> Content:
    found = WebhookDocument(webhook_id).read(session)
    if found is None or found["removed"]:
        raise HTTPException(404)
    return found


def _page(
    request: Request,
    session: Session,
    webhook_id: UUID | None,
    sent: Typed,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
    key: str = "",
    told: tuple[bool, str] | None = None,
) -> Response:
    there = webhook_id is not None
    context = {
        "webhook": service.by_id(session, webhook_id) if webhook_id is not None else None,
        "form": sent,
        "problems": problems or {},
        "stale": stale,
        "events": [(kind, about) for kind, (about, _) in KINDS.items()],
        "departments": [(str(one.id), one.name) for one in departments.departments(session)],
        "networks": settings.get().webhook_networks,
        "overlap": int(signing.OVERLAP.total_seconds() // 3600),
        "messages": service.messages(session, webhook_id, limit=10) if there else [],
        "counts": service.counted(session, webhook_id) if webhook_id is not None else {},
        "key": key,
        "told": told,
        "document": WebhookDocument(webhook_id).name if webhook_id is not None else "",
    }
    return forms.page(request, session, "webhook", context, saved, status)
