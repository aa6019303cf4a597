"""What is known of a ticket beyond its words: its category, and the answers to that category's questions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from helpsage.tickets import categories, changing, words
from helpsage.tickets.actor import Actor
from helpsage.tickets.categories import Question
from helpsage.tickets.errors import TicketError
from helpsage.tickets.models import Ticket

LONGEST_ANSWER = 2_000


class UnknownCategory(TicketError):
    """The desk has no such category."""


class InvalidDetails(TicketError):
    """Answers that cannot be kept.

    Attributes:
        problems: by question: `too_long`, `no_date` or `no_choice`.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(", ".join(f"{name}: {problem}" for name, problem in problems.items()))


def change(
    session: Session,
    ticket: Ticket,
    answers: Mapping[str, str],
    actor: Actor,
    expected_version: int | None = None,
) -> Ticket:
    """Set answers; an empty one removes what was there. What was asked and is answered now is no gap any more.

    Parameters:
        answers: by question, those of the ticket's category or those that the ticket already has. Others are ignored.

    Raises:
        InvalidDetails, TicketNotFound, StaleTicket
    """
    ticket = changing.locked(session, ticket, expected_version)
    questions = questions_of(ticket)
    known = {name: words.clean(value) for name, value in answers.items() if name in questions or name in ticket.details}
    changed = {name: value for name, value in known.items() if value != str(ticket.details.get(name, ""))}
    problems = {name: found for name, value in changed.items() if (found := _problem(questions.get(name), value))}
    if problems:
        raise InvalidDetails(problems)
    if not changed:
        return ticket
    before = {name: ticket.details.get(name, "") for name in changed}
    at = changing.touch(ticket)
    kept = {**ticket.details, **changed}
    ticket.details = {name: value for name, value in kept.items() if value != ""}
    ticket.gaps = [name for name in ticket.gaps if not ticket.details.get(str(name))]
    changing.log(session, ticket, actor, "details", before, changed, "", at)
    changing.tell(session, ticket, "ticket.details_changed", actor, {"questions": sorted(changed)})
    return ticket


def questions_of(ticket: Ticket) -> dict[str, Question]:
    """What the ticket's category asks, by name."""
    category = categories.load().get(ticket.category)
    return {question.name: question for question in category.questions} if category else {}


def _problem(question: Question | None, value: str) -> str | None:
    if not value:
        return None
    if len(value) > LONGEST_ANSWER:
        return "too_long"
    if question is not None and question.kind == "date" and not _is_date(value):
        return "no_date"
    if question is not None and question.kind == "choice" and value not in {each.value for each in question.choices}:
        return "no_choice"
    return None


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def change_category(
    session: Session,
    ticket: Ticket,
    to: str,
    actor: Actor,
    reason: str = "",
    expected_version: int | None = None,
) -> Ticket:
    """Say what the problem really is about. Team, priority and answers stay: each is changed by itself.

    Raises:
        UnknownCategory, TicketNotFound, StaleTicket
    """
    if to not in categories.load():
        raise UnknownCategory(to)
    ticket = changing.locked(session, ticket, expected_version)
    if ticket.category == to:
        return ticket
    before = ticket.category
    at = changing.touch(ticket)
    ticket.category = to
    changing.log(session, ticket, actor, "category", {"category": before}, {"category": to}, words.reason(reason), at)
    changing.tell(session, ticket, "ticket.category_changed", actor, {"from": before, "to": to})
    return ticket
