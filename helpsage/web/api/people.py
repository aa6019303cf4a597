"""Who asks, who answers, and who the token speaks for."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from pydantic import Field
from sqlalchemy import ColumnElement, func, literal, or_, select, true
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage import settings
from helpsage.configuration import service as configuration
from helpsage.db.session import reading, transaction
from helpsage.departments.models import Team, TeamMember
from helpsage.intake import people as mail_people
from helpsage.intake.models import MailIdentity
from helpsage.people import accounts, directory, permissions
from helpsage.people.errors import InvalidEmail, InvalidName
from helpsage.people.models import Account, Person, Role
from helpsage.people.permissions import Action
from helpsage.schema.ticket import Email
from helpsage.tickets import placing
from helpsage.tickets.models import Ticket
from helpsage.web.api import models, route, staff, words
from helpsage.web.api.access import Anybody, Caller, PeopleReader, PeopleWriter, require
from helpsage.web.api.answers import (
    USUAL_PAGE,
    Asked,
    IfMatch,
    IfNoneMatch,
    Limit,
    etag,
    json,
    next_link,
    refuse_stale,
    unchanged,
)
from helpsage.web.api.once import Done, MaybeKeyed, once
from helpsage.web.api.problems import Refused, in_address, in_body, responses

router = route.router("people")

Id = Annotated[UUID, Path()]


class PeopleAsked(Asked):
    """Which people to show."""

    email: Email | None = Field(None, min_length=3, description="Whose address this is, proven or not.")
    cursor: UUID | None = Field(None, description="`next_cursor` of the page before.")
    limit: Limit = USUAL_PAGE


@router.get("/me", response_model=models.Me)
def get_me(who: Anybody) -> Response:
    """Who the token speaks for, and what it may do. Needs no scope."""
    with reading() as session:
        own = session.get(Person, who.own_person_id) if who.own_person_id is not None else None
        told = models.Me(
            person=_people(session, [own])[0] if own is not None else None,
            role=who.role.value,
            token=who.token_name,
            kind=who.kind.value,
            scopes=sorted(who.scopes),
            expires_at=who.expires_at,
        )
    return json(told)


@router.get("/people", response_model=models.PersonPage)
def list_people(request: Request, who: PeopleReader, asked: Annotated[PeopleAsked, Query()]) -> Response:
    """Administrators see everybody; staff those whose tickets they see; everyone else themselves."""
    conditions = [_visible(who)]
    if asked.email is not None:
        conditions.append(_has_address(asked.email))
    if asked.cursor is not None:
        conditions.append(Person.id > asked.cursor)
    with reading() as session:
        asked_for = select(Person).where(*conditions).order_by(Person.id).limit(asked.limit + 1)
        found = list(session.scalars(asked_for))
        cursor = str(found[asked.limit - 1].id) if len(found) > asked.limit else None
        page = models.PersonPage(items=_people(session, found[: asked.limit]), next_cursor=cursor)
    return json(page, headers=next_link(request, cursor))


@router.post("/people", status_code=201, response_model=models.Person, responses=responses(409, 413, 415))
def add_person(who: PeopleWriter, new: models.NewPerson, key: MaybeKeyed) -> Response:
    """Make somebody known by an address: what comes from there is theirs. They get no account; `POST /invitations` asks
    colleagues. For administrators.
    """
    require(who, Action.MANAGE_PEOPLE)

    def work(session: Session) -> Done:
        try:
            address, name = accounts.parsed_email(new.email), directory.given_name(new.name)
        except InvalidEmail as error:
            raise in_body(str(error), "email") from error
        except InvalidName as error:
            raise in_body(str(error), "name") from error
        if session.scalar(select(Person.id).where(_has_address(address)).limit(1)) is not None:
            raise Refused("exists", words.KNOWN_ADDRESS)
        person = mail_people.by_mail(session, address.lower(), name)
        person.locale = new.locale
        session.flush()
        made = _people(session, [person])[0]
        address = f"{settings.get().web_url}{route.BASE}/people/{person.id}"
        return Done(made, headers={"Location": address, "ETag": etag(_version(made))})

    return once(key, work)


@router.get(
    "/people/{person_id}",
    response_model=models.Person,
    responses={**responses(404), 304: {"description": "It is still the one with that ETag."}},
)
def get_person(who: PeopleReader, person_id: Id, if_none_match: IfNoneMatch = None) -> Response:
    """One person."""
    with reading() as session:
        told = _people(session, [_existing(session, who, person_id)])[0]
    headers = {"ETag": etag(_version(told))}
    if unchanged(if_none_match, _version(told)):
        return Response(status_code=304, headers=headers)
    return json(told, headers=headers)


@router.patch("/people/{person_id}", response_model=models.Person, responses=responses(404, 409, 412, 413, 415, 428))
def change_person(who: PeopleWriter, person_id: Id, if_match: IfMatch, change: models.PersonChange) -> Response:
    """Change a person, all of it or nothing: everybody their own name and language, administrators anybody. Nobody
    changes their own role, and the last administrator stays one.
    """
    with transaction() as session:
        found = _existing(session, who, person_id, locked=True)
        refuse_stale(if_match, _version(_people(session, [found])[0]))
        staff.change(session, who, found, change)
        told = _people(session, [found])[0]
        return json(told, headers={"ETag": etag(_version(told))})


def _existing(session: Session, who: Caller, person_id: UUID, locked: bool = False) -> Person:
    asked = select(Person).where(Person.id == person_id, _visible(who))
    found = session.scalar(asked.with_for_update(of=Person) if locked else asked)
    if found is None:
        raise Refused("not_found")
    return found


def _version(told: models.Person) -> str:
    return configuration.digest(told.model_dump(mode="json"))


@router.get("/agents", response_model=models.AgentList)
def list_agents(who: PeopleReader) -> Response:
    """Everyone who can be given a ticket; for staff."""
    require(who, Action.SEE_QUEUE)
    with reading() as session:
        staff = placing.colleagues(session, None)
        addresses = _addresses(session, [one.account_id for one in staff])
        items = [models.Agent(email=addresses[one.account_id], name=one.name, away=one.away) for one in staff]
    return json(models.AgentList(items=items))


def _visible(who: Caller) -> ColumnElement[bool]:
    if permissions.may(who, Action.MANAGE_PEOPLE):
        return true()
    themselves = Person.id == who.person_id
    if not who.is_staff:
        return themselves
    # Of each person one ticket is looked for, in the order of the page: with EXISTS beside OR, PostgreSQL would collect
    # the requesters of all tickets first.
    one = select(literal(1)).where(Ticket.requester_id == Person.id, permissions.visible_tickets(who)).limit(1)
    return or_(themselves, one.correlate(Person).scalar_subquery().is_not(None))


def _has_address(email: str) -> ColumnElement[bool]:
    if "\x00" in email:
        raise in_address("This is no e-mail address.", "email")
    small = email.lower()
    proven = select(Person.id).where(func.lower(Person.email) == small)
    # As one list of ids, each read from its index.
    return Person.id.in_(proven.union_all(select(MailIdentity.person_id).where(MailIdentity.address == small)))


def _people(session: Session, found: list[Person]) -> list[models.Person]:
    ids = [one.id for one in found]
    accounts_of = select(Account.person_id, Account.role, Account.disabled_at).where(Account.person_id.in_(ids))
    known = {row[0]: row for row in session.execute(accounts_of)}
    teams = _teams(session, ids)
    return [
        models.Person(
            id=one.id,
            name=one.name,
            email=one.email,
            contact_email=one.contact_email,
            locale=one.locale,
            role=Role(known[one.id].role).value if one.id in known else None,
            disabled=one.id in known and known[one.id].disabled_at is not None,
            teams=teams.get(one.id, []),
            created_at=one.created_at,
        )
        for one in found
    ]


def _teams(session: Session, ids: list[UUID]) -> dict[UUID, list[str]]:
    asked = (
        select(Account.person_id, Team.key)
        .join(TeamMember, TeamMember.account_id == Account.id)
        .join(Team, Team.id == TeamMember.team_id)
        .where(Account.person_id.in_(ids), Team.archived_at.is_(None))
    )
    found: dict[UUID, list[str]] = {}
    for person_id, key in session.execute(asked.order_by(Team.key)):
        found.setdefault(person_id, []).append(key)
    return found


def _addresses(session: Session, ids: list[UUID]) -> dict[UUID, str]:
    rows = session.execute(select(Account.id, Account.email).where(Account.id.in_(ids)))
    return {row[0]: row[1] for row in rows}
