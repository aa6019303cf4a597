"""Teams: what they are called, which department they belong to, and who works in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, HTTPException
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.assignment import presence
from helpsage.configuration import service as configuration
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content
from helpsage.db.session import transaction
from helpsage.departments import service
from helpsage.departments.documents import TeamDocument, free_team_key
from helpsage.departments.models import Team, TeamMember
from helpsage.people.models import Account, Person, Role
from helpsage.tickets import categories
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import DepartmentManager, Stale

router = APIRouter(include_in_schema=False, prefix="/settings/teams")


@dataclass
class Typed:
    """What stands in the form."""

    name: str = ""
    department: str = ""
    members: list[str] = field(default_factory=list)
    archived: bool = False
    assignment: str = "pull"
    returns_after: str = "60"
    seen: str = ""


def typed(
    name: Annotated[str, Form()] = "",
    department: Annotated[str, Form()] = "",
    members: Annotated[list[str] | None, Form()] = None,
    archived: Annotated[str, Form()] = "",
    assignment: Annotated[str, Form()] = "pull",
    returns_after: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> Typed:
    """Read the form."""
    return Typed(name, department, sorted(set(members or [])), bool(archived), assignment, returns_after.strip(), seen)


Form_ = Annotated[Typed, Depends(typed)]


@router.get("")
def index(request: Request, viewer: DepartmentManager, saved: int | None = None) -> Response:
    """All teams, by department."""
    with transaction() as session:
        sizes = dict(session.execute(select(TeamMember.team_id, func.count()).group_by(TeamMember.team_id)).all())
        context = {
            "departments": service.departments(session, archived=True),
            "teams": service.teams(session, archived=True),
            "sizes": sizes,
        }
        return forms.page(request, session, "teams", context, saved)


@router.get("/new")
def new(request: Request, viewer: DepartmentManager, department: str = "") -> Response:
    """An empty form."""
    with transaction() as session:
        return _page(request, session, None, Typed(department=department))


@router.post("/new", dependencies=forms.checked)
def make(request: Request, viewer: DepartmentManager, sent: Form_) -> Response:
    """Make a team."""
    return _save(request, viewer, None, sent)


@router.get("/{team_id}")
def show(request: Request, viewer: DepartmentManager, team_id: UUID, saved: int | None = None) -> Response:
    """One team."""
    with transaction() as session:
        team = _found(session, team_id)
        content = TeamDocument(team.id).read(session) or {}
        sent = Typed(
            content["name"],
            content["department"],
            content["members"],
            content["archived"],
            content["assignment"],
            "" if content["returns_after"] is None else str(content["returns_after"]),
            configuration.digest(content),
        )
        return _page(request, session, team, sent, saved=saved)


@router.post("/{team_id}", dependencies=forms.checked)
def change(request: Request, viewer: DepartmentManager, team_id: UUID, sent: Form_) -> Response:
    """Change it."""
    with transaction() as session:
        team = _found(session, team_id)
    return _save(request, viewer, team, sent)


def _save(request: Request, viewer: DepartmentManager, team: Team | None, sent: Typed) -> Response:
    team_id = team.id if team is not None else uuid4()
    document = TeamDocument(team_id)

    def work(session: Session) -> SettingChange | None:
        def changed(before: Content | None) -> Content:
            if before is not None:
                forms.refuse_stale(session, document.name, before, sent.seen)
            return {
                "key": before["key"] if before is not None else _new_key(session, sent),
                "name": sent.name.strip(),
                "department": sent.department,
                "members": sent.members,
                "archived": sent.archived,
                "assignment": sent.assignment,
                "returns_after": _minutes(sent.returns_after),
            }

        summary = words.TEAM_CHANGED if team is not None else words.TEAM_MADE
        name = sent.name.strip()[:80]
        return configuration.edit(session, document, changed, forms.who(viewer), summary.format(name=name))

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            sent.seen = configuration.digest(document.read(session))
            return _page(request, session, team, sent, problems, stale, status=status)

    return forms.send(work, redraw, f"/settings/teams/{team_id}")


def _minutes(written: str) -> int | str | None:
    """A number, nothing, or what was written instead, for the check to refuse."""
    return int(written) if written.isdecimal() and len(written) < 8 else written or None


def _new_key(session: Session, sent: Typed) -> str:
    department = next((one for one in service.departments(session) if str(one.id) == sent.department), None)
    if department is None:  # the check of the whole says so, with whatever else is missing
        return ""
    return free_team_key(session, sent.name, department)


def _found(session: Session, team_id: UUID) -> Team:
    found = service.team(session, team_id)
    if found is None:
        raise HTTPException(404)
    return found


def _page(
    request: Request,
    session: Session,
    team: Team | None,
    sent: Typed,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    staff = session.scalars(
        select(Account)
        .join(Person, Person.id == Account.person_id)
        .where(Account.role != Role.REQUESTER.value)
        .order_by(func.lower(Person.name), Account.email)
    ).all()
    named = [one.title for one in categories.load().values() if team is not None and one.team.lower() == team.key]
    context = {
        "team": team,
        "form": sent,
        "problems": problems or {},
        "stale": stale,
        "staff": [one for one in staff if one.disabled_at is None or str(one.id) in sent.members],
        "roles": words.ROLES,
        "assignments": words.ASSIGNMENT,
        "away": presence.away_among(session, [one.id for one in staff]),
        "member_ids": [one.id for one in staff if str(one.id) in sent.members],
        "departments": service.departments(session),
        "categories": named,
        "document": TeamDocument(team.id).name if team is not None else "",
    }
    return forms.page(request, session, "team", context, saved, status)
