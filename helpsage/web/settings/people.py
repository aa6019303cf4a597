"""Accounts: who there is, what they may do, in which teams they work, and whether they may log in."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Query
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.configuration import service as configuration
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content, InvalidContent
from helpsage.configuration.staff import REQUESTERS_HAVE_NO_TEAM, AccountDocument
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.departments.models import Team, TeamMember
from helpsage.people import directory, identities, invitations, two_factor
from helpsage.people.directory import LONGEST_NAME
from helpsage.people.errors import AccountExists, InvalidAccount, LinkUnknown
from helpsage.people.identities import ProvenBy
from helpsage.people.models import Account, ChannelIdentity, Person, Role
from helpsage.people.words import PLACES
from helpsage.web.access import Confirmed, FreshViewer
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import PeopleManager, Stale

router = APIRouter(include_in_schema=False, prefix="/settings/people")

PAGE_SIZE = 50


@dataclass
class Typed:
    """What stands in the form."""

    role: str = ""
    disabled: bool = False
    teams: list[str] = field(default_factory=list)
    seen: str = ""


def typed(
    role: Annotated[str, Form()] = "",
    disabled: Annotated[str, Form()] = "",
    teams: Annotated[list[str] | None, Form()] = None,
    seen: Annotated[str, Form()] = "",
) -> Typed:
    """Read the form."""
    return Typed(role, bool(disabled), sorted(set(teams or [])), seen)


@dataclass
class Invited:
    """What stands in the form of an invitation."""

    email: str = ""
    name: str = ""
    role: str = Role.AGENT.value
    teams: list[str] = field(default_factory=list)


def invited(
    email: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "",
    teams: Annotated[list[str] | None, Form()] = None,
) -> Invited:
    """Read the form."""
    return Invited(email.strip(), name.strip()[:LONGEST_NAME], role, sorted(set(teams or [])))


@router.get("")
def index(
    request: Request,
    viewer: PeopleManager,
    q: Annotated[str, Query(max_length=200)] = "",
    role: Annotated[str, Query(max_length=20)] = "staff",
    page: Annotated[int, Query(ge=1, le=2_000)] = 1,
    saved: int | None = None,
) -> Response:
    """Accounts, by name."""
    with transaction() as session:
        asked = select(Account).join(Person, Person.id == Account.person_id)
        if role == "staff":
            asked = asked.where(Account.role != Role.REQUESTER.value)
        elif role in list(Role):
            asked = asked.where(Account.role == role)
        sought = q.replace("\0", "").strip()
        if sought:
            asked = asked.where(
                or_(Account.email.icontains(sought, autoescape=True), Person.name.icontains(sought, autoescape=True))
            )
        asked = asked.order_by(func.lower(Person.name), Account.email).offset((page - 1) * PAGE_SIZE)
        found = session.scalars(asked.limit(PAGE_SIZE + 1)).all()
        shown = found[:PAGE_SIZE]
        further = urlencode({"q": sought, "role": role, "page": page + 1})
        context = {
            "people": shown,
            "teams": _teams_of(session, [one.id for one in shown]),
            "roles": words.ROLES,
            "q": sought,
            "role": role,
            "page": page,
            "further": f"/settings/people?{further}" if len(found) > PAGE_SIZE else None,
        }
        return forms.page(request, session, "people", context, saved)


@router.get("/invite")
def invite(request: Request, viewer: PeopleManager, sent: Annotated[str, Query(max_length=254)] = "") -> Response:
    """The form, and the invitations that wait to be accepted."""
    with transaction() as session:
        return _invite_page(request, session, Invited(), invited=sent)


@router.post("/invite", dependencies=forms.checked)
def send_invitation(
    request: Request, viewer: PeopleManager, confirmed: Confirmed, typed: Annotated[Invited, Depends(invited)]
) -> Response:
    """Send a letter with a link."""
    problems: dict[str, str] = {}
    if typed.role not in list(Role):
        problems["role"] = words.CHOOSE
    if any(not _is_id(team) for team in typed.teams):
        problems["teams"] = words.CHOOSE
    elif typed.teams and typed.role == Role.REQUESTER:
        problems["teams"] = REQUESTERS_HAVE_NO_TEAM
    if not problems:
        try:
            with transaction() as session:
                teams = [UUID(team) for team in typed.teams]
                made = invitations.invite(session, typed.email, typed.name, typed.role, teams, viewer)
            query = urlencode({"sent": made.email})
            return RedirectResponse(f"/settings/people/invite?{query}", status_code=303)
        except AccountExists:
            problems["email"] = words.HAS_ACCOUNT
        except InvalidAccount as error:
            problems["email"] = str(error)
    with transaction() as session:
        return _invite_page(request, session, typed, problems, status=422)


@router.post("/invitations/{invitation_id}/withdraw", dependencies=forms.checked)
def withdraw(request: Request, viewer: PeopleManager, invitation_id: str) -> Response:
    """The link opens nothing any more; one that was accepted or withdrawn already stays so."""
    with contextlib.suppress(LinkUnknown), transaction() as session:
        invitations.withdraw(session, invitation_id)
    return RedirectResponse("/settings/people/invite", status_code=303)


@router.get("/{account_id}")
def show(request: Request, viewer: PeopleManager, account_id: UUID, saved: int | None = None) -> Response:
    """One account."""
    with transaction() as session:
        account = _found(session, account_id)
        content = AccountDocument(account.id).read(session) or {}
        sent = Typed(content["role"], content["disabled"], content["teams"], configuration.digest(content))
        return _page(request, session, viewer, account, sent, saved=saved)


@router.post("/{account_id}", dependencies=forms.checked)
def change(
    request: Request,
    viewer: PeopleManager,
    confirmed: Confirmed,
    account_id: UUID,
    sent: Annotated[Typed, Depends(typed)],
) -> Response:
    """Change it."""
    with transaction() as session:
        account = _found(session, account_id)
        called = account.person.name or account.email
    document = AccountDocument(account_id)

    def work(session: Session) -> SettingChange | None:
        def changed(before: Content | None) -> Content:
            forms.refuse_stale(session, document.name, before, sent.seen)
            mine = account_id == viewer.account_id
            if mine and before is not None and (sent.role != before["role"] or sent.disabled):
                raise InvalidContent({"role": words.NOT_YOURSELF})
            if any(not _is_id(team) for team in sent.teams):
                raise InvalidContent({"teams": words.CHOOSE})
            return {"role": sent.role, "disabled": sent.disabled, "teams": sent.teams}

        summary = words.PERSON_CHANGED.format(name=called)
        return configuration.edit(session, document, changed, forms.who(viewer), summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            sent.seen = configuration.digest(document.read(session))
            return _page(request, session, viewer, _found(session, account_id), sent, problems, stale, status=status)

    return forms.send(work, redraw, f"/settings/people/{account_id}")


@router.get("/{account_id}/two-factor")
def reset_codes_form(request: Request, viewer: PeopleManager, fresh: FreshViewer, account_id: UUID) -> Response:
    """Asks whether the second factor of somebody shall go."""
    with transaction() as session:
        return forms.page(request, session, "person_codes", {"person": _found(session, account_id)})


@router.post("/{account_id}/two-factor", dependencies=forms.checked)
def reset_codes(request: Request, viewer: PeopleManager, fresh: FreshViewer, account_id: UUID) -> Response:
    """Take the second factor away from somebody who has lost it. One's own is managed on the page of the account."""
    if account_id == viewer.account_id:
        return RedirectResponse("/account/two-factor", status_code=303)
    with transaction() as session:
        two_factor.reset(session, _found(session, account_id), session.get_one(Account, viewer.account_id))
    return RedirectResponse(f"/settings/people/{account_id}", status_code=303)


@router.post("/{account_id}/chats/{identity_id}", dependencies=forms.checked)
def change_chat(
    request: Request,
    viewer: PeopleManager,
    confirmed: Confirmed,
    account_id: UUID,
    identity_id: UUID,
    email: Annotated[str, Form(max_length=400)] = "",
    disconnect: Annotated[str, Form()] = "",
) -> Response:
    """Take a chat off somebody, or give it to whoever has proven another address. It is logged who did."""
    with transaction() as session:
        account = _found(session, account_id)
        identity = session.get(ChannelIdentity, identity_id)
        if identity is None or identity.person_id != account.person_id:
            raise HTTPException(404)
        other = directory.with_proven_email(session, email) if not disconnect else None
        if disconnect:
            identities.unlink(session, identity, viewer.account_id)
        elif other is not None:
            identities.link(session, identity, other, ProvenBy.STAFF, viewer.account_id)
        else:
            content = AccountDocument(account.id).read(session) or {}
            sent = Typed(content["role"], content["disabled"], content["teams"], configuration.digest(content))
            problems = {"chat": words.NOBODY_HAS_ADDRESS}
            return _page(request, session, viewer, account, sent, problems, status=422)
    return RedirectResponse(f"/settings/people/{account_id}", status_code=303)


def _invite_page(
    request: Request,
    session: Session,
    typed: Invited,
    problems: dict[str, str] | None = None,
    invited: str = "",
    status: int = 200,
) -> Response:
    context = {
        "form": typed,
        "problems": problems or {},
        "invited": invited,
        "waiting": invitations.waiting(session),
        "roles": words.ROLES,
        "departments": departments.departments(session),
        "teams": departments.teams(session),
    }
    return forms.page(request, session, "invite", context, status=status)


def _found(session: Session, account_id: UUID) -> Account:
    found = session.get(Account, account_id)
    if found is None:
        raise HTTPException(404)
    return found


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _teams_of(session: Session, accounts: list[UUID]) -> dict[UUID, list[str]]:
    rows = session.execute(
        select(TeamMember.account_id, Team.name)
        .join(Team, Team.id == TeamMember.team_id)
        .where(TeamMember.account_id.in_(accounts), Team.archived_at.is_(None))
        .order_by(func.lower(Team.name))
    )
    found: dict[UUID, list[str]] = {}
    for account, name in rows:
        found.setdefault(account, []).append(name)
    return found


def _page(
    request: Request,
    session: Session,
    viewer: PeopleManager,
    account: Account,
    sent: Typed,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    context = {
        "person": account,
        "form": sent,
        "problems": problems or {},
        "stale": stale,
        "myself": account.id == viewer.account_id,
        "two_factor": two_factor.is_on(session, account),
        "roles": words.ROLES,
        "departments": departments.departments(session),
        "teams": departments.teams(session),
        "document": AccountDocument(account.id).name,
        "chats": identities.of_person(session, account.person_id),
        "places": PLACES,
    }
    return forms.page(request, session, "person", context, saved, status)
