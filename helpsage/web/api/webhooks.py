"""Webhooks: who else hears of what happens. What is changed here stands in the history of settings as well."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import Path, Query
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.configuration import service as configuration
from helpsage.configuration.service import Content
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.departments.models import Department
from helpsage.people.permissions import Action
from helpsage.tickets.queue import InvalidCursor
from helpsage.web.api import models, route, words
from helpsage.web.api.access import WebhookReader, WebhookWriter, require
from helpsage.web.api.answers import IfMatch, PageAsked, etag, json, next_link, refuse_stale
from helpsage.web.api.once import Done, MaybeKeyed, once
from helpsage.web.api.problems import Refused, in_body, responses
from helpsage.web.settings import words as settings_words
from helpsage.webhooks import sending, service
from helpsage.webhooks.documents import WebhookDocument
from helpsage.webhooks.models import Message, Stage, Webhook

router = route.router("webhooks")

Id = Annotated[UUID, Path()]
MessageId = Annotated[UUID, Path()]
_REFUSALS, _POSTED = responses(404), responses(404, 409)


class MessagesAsked(PageAsked):
    """Which messages to show."""

    stage: Literal["waiting", "sent", "dead"] | None = None
    cursor: Annotated[str | None, Field(max_length=100, pattern=r"^[0-9A-Za-z:.+~-]+$")] = None


@router.get("/webhooks", response_model=models.WebhookList)
def list_webhooks(who: WebhookReader) -> Response:
    """All webhooks, by name."""
    require(who, Action.MANAGE_SETTINGS)
    with transaction() as session:
        found = [_webhook(session, one) for one in service.in_use(session)]
    return json(models.WebhookList(items=found))


@router.post("/webhooks", status_code=201, response_model=models.MadeWebhook, responses=responses(409, 413, 415))
def make_webhook(who: WebhookWriter, new: models.NewWebhook, key: MaybeKeyed) -> Response:
    """Make a webhook. Its key is given in this answer, and never again but to the same Idempotency-Key."""
    require(who, Action.MANAGE_SETTINGS)

    def work(session: Session) -> Done:
        document = WebhookDocument(uuid4())
        content = {
            "name": new.name,
            "url": new.url,
            "events": sorted(set(new.events)),
            "department": _department(session, new.department),
            "enabled": True,
            "removed": False,
        }
        summary = settings_words.WEBHOOK_MADE.format(name=new.name)
        configuration.edit(session, document, lambda _: content, who.who, summary)
        made = _webhook(session, _existing(session, document.webhook_id))
        headers = {"ETag": etag(configuration.digest(document.read(session)))}
        return Done(models.MadeWebhook(**dict(made), key=document.key), headers=headers)

    return once(key, work)


@router.get("/webhooks/{webhook_id}", response_model=models.Webhook, responses=_REFUSALS)
def get_webhook(who: WebhookReader, webhook_id: Id) -> Response:
    """One webhook."""
    require(who, Action.MANAGE_SETTINGS)
    with transaction() as session:
        return _told(session, webhook_id)


@router.patch(
    "/webhooks/{webhook_id}",
    response_model=models.Webhook,
    responses=responses(404, 412, 413, 415, 428),
)
def change_webhook(who: WebhookWriter, webhook_id: Id, if_match: IfMatch, change: models.WebhookChange) -> Response:
    """Change a webhook, or switch it off and on."""
    require(who, Action.MANAGE_SETTINGS)
    given = change.model_fields_set
    for name in sorted(given - {"department"}):
        if getattr(change, name) is None:
            raise in_body(words.NOT_NULL, name)
    with transaction() as session:
        fields = {name: getattr(change, name) for name in given - {"department"}}
        if "department" in given:
            fields["department"] = _department(session, change.department)

        def changed(content: Content | None) -> Content:
            refuse_stale(if_match, configuration.digest(content))
            return {**(content or {}), **fields}

        name = _existing(session, webhook_id).name
        summary = settings_words.WEBHOOK_CHANGED.format(name=name)
        configuration.edit(session, WebhookDocument(webhook_id), changed, who.who, summary)
        return _told(session, webhook_id)


@router.delete("/webhooks/{webhook_id}", status_code=204, responses=responses(404, 412, 428))
def remove_webhook(who: WebhookWriter, webhook_id: Id, if_match: IfMatch) -> Response:
    """Take a webhook away, with what was sent."""
    require(who, Action.MANAGE_SETTINGS)
    with transaction() as session:
        summary = settings_words.WEBHOOK_REMOVED.format(name=_existing(session, webhook_id).name)

        def removed(content: Content | None) -> Content:
            refuse_stale(if_match, configuration.digest(content))
            return {**(content or {}), "removed": True}

        configuration.edit(session, WebhookDocument(webhook_id), removed, who.who, summary)
    return Response(status_code=204)


@router.post("/webhooks/{webhook_id}/key", status_code=201, response_model=models.WebhookKey, responses=_POSTED)
def rotate_key(who: WebhookWriter, webhook_id: Id, key: MaybeKeyed) -> Response:
    """Make a new key. The one before signs on for a day."""
    require(who, Action.MANAGE_SETTINGS)

    def work(session: Session) -> Done:
        return Done(models.WebhookKey(key=service.rotate(session, _existing(session, webhook_id))))

    return once(key, work)


@router.post("/webhooks/{webhook_id}/test", response_model=models.WebhookTest, responses=_POSTED)
def test_webhook(who: WebhookWriter, webhook_id: Id, key: MaybeKeyed) -> Response:
    """Send a test now, and say how that went."""
    require(who, Action.MANAGE_SETTINGS)

    def work(session: Session) -> Done:
        _existing(session, webhook_id)
        outcome = sending.try_out(webhook_id)
        told = models.WebhookTest(
            delivered=not outcome.error,
            status=outcome.status,
            error=outcome.error,
            milliseconds=outcome.milliseconds,
        )
        return Done(told, 200)

    return once(key, work)


@router.post("/webhooks/{webhook_id}/replay", response_model=models.Replayed, responses=_POSTED)
def replay_dead_messages(who: WebhookWriter, webhook_id: Id, key: MaybeKeyed) -> Response:
    """Send every dead message again, each under its own id."""
    require(who, Action.MANAGE_SETTINGS)

    def work(session: Session) -> Done:
        _existing(session, webhook_id)
        return Done(models.Replayed(count=service.replay_dead(session, webhook_id)), 200)

    return once(key, work)


@router.get("/webhooks/{webhook_id}/messages", response_model=models.WebhookMessagePage, responses=_REFUSALS)
def list_messages(
    request: Request, who: WebhookReader, webhook_id: Id, asked: Annotated[MessagesAsked, Query()]
) -> Response:
    """What was sent, the newest first."""
    require(who, Action.MANAGE_SETTINGS)
    with transaction() as session:
        _existing(session, webhook_id)
        stage = Stage(asked.stage) if asked.stage is not None else None
        found = service.messages(session, webhook_id, stage, _after(asked.cursor), asked.limit + 1)
        shown = found[: asked.limit]
        cursor = f"{shown[-1].created_at.isoformat()}~{shown[-1].id}" if len(found) > asked.limit else None
        page = models.WebhookMessagePage(items=[_message(one) for one in shown], next_cursor=cursor)
    return json(page, headers=next_link(request, cursor))


@router.get("/webhooks/{webhook_id}/messages/{message_id}", response_model=models.WebhookDelivery, responses=_REFUSALS)
def get_message(who: WebhookReader, webhook_id: Id, message_id: MessageId) -> Response:
    """One message with its words and every try."""
    require(who, Action.MANAGE_SETTINGS)
    with transaction() as session:
        found = _existing_message(session, webhook_id, message_id)
        tries = [
            models.WebhookAttempt(
                at=one.at, milliseconds=one.milliseconds, status=one.status, error=one.error, answer=one.answer
            )
            for one in service.attempts(session, message_id)
        ]
        return json(models.WebhookDelivery(**dict(_message(found)), body=found.body, tries=tries))


@router.post(
    "/webhooks/{webhook_id}/messages/{message_id}/replay", response_model=models.WebhookMessage, responses=_POSTED
)
def replay_message(who: WebhookWriter, webhook_id: Id, message_id: MessageId, key: MaybeKeyed) -> Response:
    """Send a message again, under its own id."""
    require(who, Action.MANAGE_SETTINGS)

    def work(session: Session) -> Done:
        return Done(_message(service.replay(session, _existing_message(session, webhook_id, message_id))), 200)

    return once(key, work)


def _existing_message(session: Session, webhook_id: UUID, message_id: UUID) -> Message:
    _existing(session, webhook_id)
    try:
        found = service.message(session, message_id)
    except service.WebhookNotFound as error:
        raise Refused("not_found") from error
    if found.webhook_id != webhook_id:
        raise Refused("not_found")
    return found


def _existing(session: Session, webhook_id: UUID) -> Webhook:
    try:
        return service.by_id(session, webhook_id)
    except service.WebhookNotFound as error:
        raise Refused("not_found") from error


def _told(session: Session, webhook_id: UUID) -> Response:
    found = _existing(session, webhook_id)
    version = configuration.digest(WebhookDocument(webhook_id).read(session))
    return json(_webhook(session, found), headers={"ETag": etag(version)})


def _webhook(session: Session, found: Webhook) -> models.Webhook:
    home = session.get(Department, found.department_id) if found.department_id is not None else None
    return models.Webhook(
        id=found.id,
        name=found.name,
        url=found.url,
        events=list(found.events),
        department=home.key if home is not None else None,
        enabled=found.disabled_at is None,
        disabled_because=found.disabled_because,
        created_at=found.created_at,
    )


def _message(found: Message) -> models.WebhookMessage:
    return models.WebhookMessage(
        id=found.id,
        event=found.kind,
        stage=Stage(found.stage).value,
        attempts=found.attempts,
        due_at=found.due_at,
        created_at=found.created_at,
        done_at=found.done_at,
    )


def _department(session: Session, key: str | None) -> str:
    if key is None:
        return ""
    home = departments.by_key(session, key)
    if home is None:
        raise in_body(words.NO_SUCH["department"], "department")
    return str(home.id)


def _after(written: str | None) -> tuple[datetime, UUID] | None:
    if written is None:
        return None
    moment, _, row = written.partition("~")
    try:
        at, found = datetime.fromisoformat(moment), UUID(row)
    except ValueError as error:
        raise InvalidCursor(written) from error
    if at.tzinfo is None:
        raise InvalidCursor(written)
    return at, found
