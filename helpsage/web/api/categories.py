"""What the desk takes care of, and the departments and teams that do."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from helpsage.db.session import reading
from helpsage.departments import service as departments
from helpsage.people.permissions import Action
from helpsage.tickets import categories
from helpsage.web.api import models, route
from helpsage.web.api.access import TicketReader, require
from helpsage.web.api.answers import json
from helpsage.web.api.problems import Refused, responses

router = route.router("categories")

Key = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,39}$", examples=["double_charge"])]


@router.get("/categories", response_model=models.CategoryList)
def list_categories(who: TicketReader) -> Response:
    """Every kind of problem, and what is asked for each."""
    found = categories.load().values()
    return json(models.CategoryList(items=[_category(one, who.is_staff) for one in found]))


@router.get("/categories/{key}", response_model=models.Category, responses=responses(404))
def get_category(who: TicketReader, key: Key) -> Response:
    """One kind of problem."""
    found = categories.load().get(key)
    if found is None:
        raise Refused("not_found")
    return json(_category(found, who.is_staff))


def _category(found: categories.Category, for_staff: bool) -> models.Category:
    return models.Category(
        key=found.name,
        title=found.title,
        group=found.group.title,
        priority=found.priority.value,
        team=found.team if for_staff else None,
        questions=[
            models.CategoryQuestion(
                name=question.name,
                label=question.label,
                kind=question.kind,
                required=question.required,
                choices=[models.Choice(value=each.value, title=each.title) for each in question.choices],
            )
            for question in found.questions
        ],
    )


@router.get("/departments", response_model=models.DepartmentList)
def list_departments(who: TicketReader) -> Response:
    """The departments in use."""
    with reading() as session:
        found = [
            models.Department(key=one.key, name=one.brand_name or one.name, is_default=one.is_default)
            for one in departments.departments(session)
        ]
    return json(models.DepartmentList(items=found))


@router.get("/teams", response_model=models.TeamList)
def list_teams(who: TicketReader) -> Response:
    """The teams in use; for staff."""
    require(who, Action.SEE_QUEUE)
    with reading() as session:
        homes = {one.id: one.key for one in departments.departments(session, archived=True)}
        found = [
            models.Team(key=one.key, name=one.name, department=homes[one.department_id])
            for one in departments.teams(session)
        ]
    return json(models.TeamList(items=found))
