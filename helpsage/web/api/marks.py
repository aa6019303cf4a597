"""What stands on a ticket besides its words: single tags, and who follows it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from helpsage.db.session import reading, transaction
from helpsage.people import permissions
from helpsage.people.models import Account, Person
from helpsage.people.permissions import Action
from helpsage.tickets import changing, followers, tags
from helpsage.tickets.models import Ticket
from helpsage.tickets.tags import LONGEST_TAG
from helpsage.web.api import models, route, seen, words
from helpsage.web.api.access import Caller, TicketReader, TicketWriter
from helpsage.web.api.answers import json
from helpsage.web.api.changing import normal_tag
from helpsage.web.api.problems import Refused, in_address, responses
from helpsage.web.api.route import Reference

router = route.router("marks")

Tag = Annotated[str, Path(min_length=1, max_length=LONGEST_TAG, examples=["fees"])]


@router.get("/tickets/{reference}/tags", response_model=models.TagList, responses=responses(404))
def list_tags(who: TicketReader, reference: Reference) -> Response:
    """The tags of a ticket; for staff."""
    with reading() as session:
        return json(models.TagList(items=list(_ticket(session, who, reference, Action.SEE_TICKET).tags)))


@router.put("/tickets/{reference}/tags/{tag}", response_model=models.TagList, responses=responses(404, 409))
def add_tag(who: TicketWriter, reference: Reference, tag: Tag) -> Response:
    """Put one tag on, whatever else others put on meanwhile. Twice is once."""
    with transaction() as session:
        ticket = _ticket(session, who, reference, Action.TAG)
        return json(models.TagList(items=list(tags.change(session, ticket, who.actor, add=[_normal(tag)]).tags)))


@router.delete("/tickets/{reference}/tags/{tag}", response_model=models.TagList, responses=responses(404, 409))
def remove_tag(who: TicketWriter, reference: Reference, tag: Tag) -> Response:
    """Take one tag off; one that is not there stays away."""
    with transaction() as session:
        ticket = _ticket(session, who, reference, Action.TAG)
        return json(models.TagList(items=list(tags.change(session, ticket, who.actor, remove=[_normal(tag)]).tags)))


@router.get("/tickets/{reference}/followers", response_model=models.FollowerList, responses=responses(404))
def list_followers(who: TicketReader, reference: Reference) -> Response:
    """Staff who hear of a ticket without working on it; for staff."""
    with reading() as session:
        return json(_followers(session, who, _ticket(session, who, reference, Action.SEE_TICKET)))


@router.put("/tickets/{reference}/followers/me", response_model=models.FollowerList, responses=responses(404, 409))
def follow_ticket(who: TicketWriter, reference: Reference) -> Response:
    """Follow a ticket, as the person whose token it is. Twice is once."""
    with transaction() as session:
        ticket = changing.locked(session, _followable(session, who, reference))
        followers.follow(session, ticket, who.account_id)
        return json(_followers(session, who, ticket))


@router.delete("/tickets/{reference}/followers/me", response_model=models.FollowerList, responses=responses(404))
def unfollow_ticket(who: TicketWriter, reference: Reference) -> Response:
    """Follow it no longer."""
    with transaction() as session:
        ticket = _followable(session, who, reference)
        followers.unfollow(session, ticket, who.account_id)
        return json(_followers(session, who, ticket))


def _ticket(session: Session, who: Caller, reference: str, action: Action) -> Ticket:
    found = seen.ticket(session, who, reference)
    if not found.as_staff:
        raise permissions.Forbidden(action)
    permissions.require(who, action, found.ticket)
    return found.ticket


def _followable(session: Session, who: Caller, reference: str) -> Ticket:
    ticket = _ticket(session, who, reference, Action.FOLLOW)
    if who.own_person_id is None:
        raise Refused("forbidden", words.NOBODY_FOLLOWS)
    return ticket


def _followers(session: Session, who: Caller, ticket: Ticket) -> models.FollowerList:
    ids = followers.followers(session, ticket.id)
    asked = select(Account.email, Person.name).join(Person, Person.id == Account.person_id).where(Account.id.in_(ids))
    rows = session.execute(asked.order_by(Account.email)).all() if ids else []
    items = [models.Follower(email=row[0], name=row[1] or row[0]) for row in rows]
    return models.FollowerList(items=items, following=who.own_person_id is not None and who.account_id in ids)


def _normal(tag: str) -> str:
    try:
        return normal_tag(tag)
    except Refused as refused:
        raise in_address(refused.detail, "tag") from refused
