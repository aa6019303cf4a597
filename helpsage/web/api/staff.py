"""What administrators decide about people: who they are here, in which teams, and who is asked to come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Path
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from helpsage.configuration import service as configuration
from helpsage.configuration.service import Content, InvalidContent
from helpsage.configuration.staff import REQUESTERS_HAVE_NO_TEAM, AccountDocument
from helpsage.db.session import reading, transaction
from helpsage.departments.models import Team
from helpsage.people import accounts, changes, directory, invitations
from helpsage.people.errors import AccountExists, InvalidEmail, InvalidName, LinkUnknown
from helpsage.people.models import Account, Person, Role
from helpsage.people.permissions import Action, Forbidden, may
from helpsage.web.api import models, route, words
from helpsage.web.api.access import Caller, PeopleReader, PeopleWriter, require
from helpsage.web.api.answers import json
from helpsage.web.api.once import Done, MaybeKeyed, once
from helpsage.web.api.problems import Refused, in_body, responses
from helpsage.web.settings import words as settings_words

router = route.router("invitations")

InvitationId = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[0-9a-f]+$", examples=["d9b2cf3a0c1d4e5f"])]
#: What only administrators decide, and of an account.
_OF_ACCOUNT = ("role", "disabled", "teams")


@router.get("/invitations", response_model=models.InvitationList)
def list_invitations(who: PeopleReader) -> Response:
    """Letters that were not answered yet; for administrators."""
    require(who, Action.MANAGE_PEOPLE)
    with reading() as session:
        items = [_invitation(session, one) for one in invitations.waiting(session)]
        return json(models.InvitationList(items=items))


@router.post("/invitations", status_code=201, response_model=models.Invitation, responses=responses(409, 413, 415))
def invite_person(who: PeopleWriter, new: models.NewInvitation, key: MaybeKeyed) -> Response:
    """Ask somebody by letter to work here: behind its link they choose a password. A second one to the same address
    takes the place of the first. For administrators.
    """
    require(who, Action.MANAGE_PEOPLE)

    def work(session: Session) -> Done:
        if new.teams and new.role == Role.REQUESTER.value:
            raise in_body(REQUESTERS_HAVE_NO_TEAM, "teams")
        teams = team_ids(session, new.teams)
        try:
            made = invitations.invite(session, new.email, new.name, new.role, teams, who)
        except AccountExists as error:
            raise Refused("exists", settings_words.HAS_ACCOUNT) from error
        except InvalidEmail as error:
            raise in_body(str(error), "email") from error
        return Done(_invitation(session, made))

    return once(key, work)


@router.delete("/invitations/{invitation_id}", status_code=204, responses=responses(404))
def withdraw_invitation(who: PeopleWriter, invitation_id: InvitationId) -> Response:
    """The link opens nothing any more. For administrators."""
    require(who, Action.MANAGE_PEOPLE)
    with transaction() as session:
        try:
            invitations.withdraw(session, invitation_id)
        except LinkUnknown as error:
            raise Refused("not_found") from error
    return Response(status_code=204)


def change(session: Session, who: Caller, person: Person, asked: models.PersonChange) -> None:
    """Make every change to a person, all of them or none.

    Raises:
        Refused, Forbidden, InvalidContent
    """
    given = asked.model_fields_set
    _require(who, person, given)
    for name in sorted(given - {"contact_email"}):
        if getattr(asked, name) is None:
            raise in_body(words.NOT_NULL, name)
    account = session.scalar(select(Account).where(Account.person_id == person.id))
    if "contact_email" in given:
        if account is not None:
            raise in_body(words.HAS_ACCOUNT, "contact_email")
        person.contact_email = _address(asked.contact_email) if asked.contact_email is not None else None
    if asked.name is not None:
        _rename(session, person, account, asked.name)
    if asked.locale is not None:
        person.locale = asked.locale
    if given & set(_OF_ACCOUNT):
        if account is None:
            raise in_body(words.NO_ACCOUNT, next(name for name in _OF_ACCOUNT if name in given))
        _decide(session, who, account, asked)
    session.flush()


def _require(who: Caller, person: Person, given: set[str]) -> None:
    """One's own name and language are one's own affair; everything else is the administrators'."""
    own = who.own_person_id == person.id and given <= {"name", "locale"}
    if not (may(who, Action.MANAGE_PEOPLE) or (own and may(who, Action.MANAGE_OWN_ACCOUNT))):
        raise Forbidden(Action.MANAGE_PEOPLE)


def _rename(session: Session, person: Person, account: Account | None, name: str) -> None:
    try:
        if account is not None:
            changes.rename(session, account, name)
        else:
            person.name = directory.given_name(name)
    except InvalidName as error:
        raise in_body(str(error), "name") from error


def _address(written: str) -> str:
    try:
        return accounts.parsed_email(written)
    except InvalidEmail as error:
        raise in_body(str(error), "contact_email") from error


def _decide(session: Session, who: Caller, account: Account, asked: models.PersonChange) -> None:
    """Role, teams, whether they may log in: by the same rules and in the same history as on the pages."""
    teams = [str(team) for team in team_ids(session, asked.teams)] if asked.teams is not None else None

    def changed(content: Content | None) -> Content:
        before = content or {}
        after = {
            **before,
            **({"role": asked.role} if asked.role is not None else {}),
            **({"disabled": asked.disabled} if asked.disabled is not None else {}),
            **({"teams": sorted(teams)} if teams is not None else {}),
        }
        # Also of a program's token: whoever made it cannot make themselves more than they are.
        if account.id == who.account_id and (after["role"] != before.get("role") or after["disabled"]):
            raise InvalidContent({"role": settings_words.NOT_YOURSELF})
        return after

    summary = settings_words.PERSON_CHANGED.format(name=account.person.name or account.email)
    configuration.edit(session, AccountDocument(account.id), changed, who.who, summary)


def team_ids(session: Session, keys: Sequence[str]) -> list[UUID]:
    """The teams in use that go by these keys.

    Raises:
        Refused
    """
    found = {
        row[0]: row[1]
        for row in session.execute(select(Team.key, Team.id).where(Team.key.in_(keys), Team.archived_at.is_(None)))
    }
    for number, key in enumerate(keys):
        if key not in found:
            raise in_body(words.NO_SUCH["team"], "teams", number)
    return list(found.values())


def _invitation(session: Session, found: invitations.Invitation) -> models.Invitation:
    teams = session.scalars(select(Team.key).where(Team.id.in_(found.team_ids)).order_by(Team.key))
    return models.Invitation(
        id=found.id,
        email=found.email,
        name=found.name,
        role=found.role.value,
        teams=list(teams),
        sent_at=found.sent_at,
        expires_at=found.expires_at,
    )
