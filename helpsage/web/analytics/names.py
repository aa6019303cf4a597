"""What the values of a dimension are called."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.departments.models import Team
from helpsage.people.models import Account, Person
from helpsage.tickets import categories
from helpsage.web import words as shared
from helpsage.web.analytics import words


def names(session: Session, dimension: str, values: Iterable[str]) -> dict[str, str]:
    """A name for each value; for what has been removed since, one that says so."""
    wanted = set(values)
    found = {"": words.NONE.get(dimension, ""), **_known(session, dimension, wanted - {""})}
    gone = words.GONE if dimension in ("team", "agent") else ""
    return {value: found.get(value) or gone or value for value in wanted}


def _known(session: Session, dimension: str, values: set[str]) -> dict[str, str]:
    match dimension:
        case "category":
            return {name: category.title for name, category in categories.load().items()}
        case "priority":
            return {value: shared.priority(value) for value in values}
        case "channel":
            return {value: shared.channel(value) for value in values}
        case "team":
            teams = session.execute(select(Team.id, Team.name).where(Team.id.in_(map(UUID, values))))
            return {str(row.id): row.name for row in teams}
        case _:
            accounts = session.execute(
                select(Account.id, Person.name, Account.email)
                .join(Person, Person.id == Account.person_id)
                .where(Account.id.in_(map(UUID, values)))
            )
            return {str(row.id): row.name or row.email for row in accounts}


def question(name: str) -> str:
    """What a question of the ticket form is called."""
    if name in words.QUESTIONS:
        return words.QUESTIONS[name]
    for category in categories.load().values():
        found = category.question(name)
        if found is not None:
            return found.label
    return name
