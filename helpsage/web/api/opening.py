"""A ticket comes in: kept raw and committed, then worked off in the same request, or left to the worker."""

from __future__ import annotations

import logging
import secrets
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.intake import service as intake
from helpsage.intake.models import Inbound, Lane, Progress
from helpsage.jobs.retries import described
from helpsage.mail import address as addresses
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.schema import ticket as schema
from helpsage.schema.events import KeptTicket
from helpsage.tickets import categories, service
from helpsage.tickets import words as texts
from helpsage.tokens import answers
from helpsage.tokens.answers import Keyed, KeyReused
from helpsage.web.accounts.forms import network
from helpsage.web.api import route, seen, uploads, words
from helpsage.web.api.access import Caller
from helpsage.web.api.answers import json
from helpsage.web.api.changing import normal_tag
from helpsage.web.api.models import Accepted, NewTicket
from helpsage.web.api.once import Done, again, finish
from helpsage.web.api.problems import Refused, in_body
from helpsage.web.api.seen import Seen

log = logging.getLogger(__name__)


def open_ticket(request: Request, who: Caller, new: NewTicket, body: bytes, key: Keyed | None) -> Response:
    """Keep it, then make a ticket of it.

    Raises:
        Refused, answers.InProgress, answers.KeyReused: nothing was kept.
    """
    with transaction() as session:
        kept = answers.claim(session, key) if key is not None else None
        if kept is not None:
            return again(kept)
        _refuse_unknown(session, who, new)
        record = _accept(session, request, who, new, body, key)
        inbound_id, waits = record.id, record.state == Progress.WAITING and intake.is_behind(session, record)
    # From here on it is ours: whatever happens, the worker makes a ticket of it.
    try:
        with transaction() as session:
            kept = answers.claim(session, key) if key is not None else None
            if kept is not None:
                return again(kept)
            if not waits:
                intake.work(session, inbound_id)
            return _told(session, who, inbound_id, key)
    except (OperationalError, answers.InProgress):
        raise
    except Exception as error:
        log.exception("record %s could not be worked off at once", inbound_id)
        with transaction() as session:
            intake.failed(session, inbound_id, described(error), attempts=1)
            return _accepted(intake.by_id(session, inbound_id))


def _refuse_unknown(session: Session, who: Caller, new: NewTicket) -> None:
    """What the schema cannot say: whether the words mean anything here."""
    texts.body(new.description)
    if new.category is not None and new.category not in categories.load():
        raise in_body(words.NO_SUCH["category"], "category")
    home = departments.by_key(session, new.department) if new.department is not None else None
    if new.department is not None and (home is None or home.archived_at is not None):
        raise in_body(words.NO_SUCH["department"], "department")
    for number, tag in enumerate(new.tags):
        try:
            normal_tag(tag)
        except Refused as refused:
            raise in_body(refused.detail, "tags", number) from refused
    if new.requester.email:
        try:
            addresses.parse(new.requester.email)
        except addresses.InvalidAddress as error:
            raise in_body(words.NO_ADDRESS, "requester", "email") from error
    if not who.is_staff and _names_another(who, new.requester):
        raise Refused("forbidden", words.ONLY_OWN)
    if new.tags:
        permissions.require(who, Action.TAG)
    if who.own_person_id is None and not (new.requester.email or texts.visible(new.requester.name)):
        raise in_body(words.NO_SUCH["requester"], "requester")


def _names_another(who: Caller, asker: schema.Requester) -> bool:
    return (asker.email or who.email).lower() != who.email.lower() or (asker.name or who.name) != who.name


def _accept(session: Session, request: Request, who: Caller, new: NewTicket, body: bytes, key: Keyed | None) -> Inbound:
    meta: dict[str, Any] = {
        "token": str(who.token_id),
        "token_name": who.token_name,
        "client": network(request),
        "browser": request.headers.get("user-agent", "")[:300],
        "fingerprint": key.fingerprint if key is not None else "",
    }
    for_self = not (new.requester.email or new.requester.name) or not who.is_staff
    if new.attachments:
        meta["attachments"] = [asdict(file) for file in uploads.held(who, new.attachments)]
        meta["uploaded_by"] = str(who.person_id)
    if for_self:
        meta["person_id"] = str(who.person_id)
    if not who.is_staff:
        # What the person says of urgency is weighed, and not taken as it is.
        meta["asked_by"] = "requester"
    named = f"{who.token_id}:{key.key if key is not None else secrets.token_urlsafe(16)}"
    sender = who.email if for_self else new.requester.email
    record = intake.accept(session, Lane.API, named, _raw(new, body), "application/json", meta, sender, new.subject)
    if key is not None and record.meta.get("fingerprint") != key.fingerprint:
        raise KeyReused
    return record


def _raw(new: NewTicket, body: bytes) -> bytes:
    """As it came; what came in another encoding (RFC 8259 has UTF-8 only), or with files, as it was understood."""
    try:
        schema.Ticket.model_validate_json(body)
        as_it_came = NewTicket.model_validate_json(body) == new
    except ValidationError:
        as_it_came = False
    return body if as_it_came else new.model_dump_json(exclude_unset=True, exclude={"attachments"}).encode()


def _told(session: Session, who: Caller, inbound_id: int, key: Keyed | None) -> Response:
    record = intake.by_id(session, inbound_id)
    if record.ticket_id is None:
        return _accepted(record)
    ticket = service.by_id(session, record.ticket_id)
    model: KeptTicket = seen.shown(session, Seen(ticket, who.is_staff))
    headers = {
        "Location": f"{settings.get().web_url}{route.BASE}/tickets/{ticket.reference}",
        "ETag": seen.etag(model),
    }
    return finish(session, key, Done(model, 201, headers, ticket.id))


def _accepted(record: Inbound) -> Response:
    """Not kept as the answer: asked again with the same key, there may be a ticket."""
    location = f"{settings.get().web_url}{route.BASE}/submissions/{record.id}"
    return json(Accepted(id=record.id, status=Progress(record.state).value), 202, {"Location": location})
