"""`./sage ticket`: the agents' side from a terminal or a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.orm import Session

from helpsage.cli.output import AsJson, print_json, print_table
from helpsage.db.session import transaction
from helpsage.tickets import service
from helpsage.tickets.errors import TicketError
from helpsage.tickets.models import Entry, Priority, Status, Ticket

Result = TypeVar("Result")

app = typer.Typer(help="List, show, answer and change tickets.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(help="For example HS-1042.")]
Who = Annotated[str, typer.Option("--as", help="Name shown to the person.")]


@app.command("list")
def list_tickets(
    status: Annotated[list[Status] | None, typer.Option(help="Only these; may be given several times.")] = None,
    text: Annotated[str, typer.Option(help="Only tickets with these words.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    as_json: AsJson = False,
) -> None:
    """List tickets, the one changed last first."""
    with transaction() as session:
        page = service.queue(session, service.Filters(statuses=tuple(status or ()), text=text), limit=limit)
        if as_json:
            for ticket in page.tickets:
                print_json(summary(ticket))
            return
        rows = [[t.reference, t.status, t.priority, t.category, t.subject[:70]] for t in page.tickets]
    print_table(["ticket", "status", "priority", "category", "subject"], rows, "No tickets.")


@app.command()
def show(reference: Reference, as_json: AsJson = False) -> None:
    """Show one ticket with its thread."""
    with transaction() as session:
        ticket = _find(session, reference)
        entries = service.thread(session, ticket)
        if as_json:
            print_json({**summary(ticket), **_whole(ticket), "thread": [_entry(entry) for entry in entries]})
            return
        typer.echo(f"{ticket.reference}  {ticket.status}  {ticket.priority}  {ticket.category}\n{ticket.subject}\n")
        typer.echo(ticket.description)
        for name, value in ticket.details.items():
            typer.echo(f"  {name}: {value}")
        for entry in entries:
            mark = "note" if entry.visibility == "internal" else entry.author_kind
            typer.echo(f"\n{entry.created_at:%Y-%m-%d %H:%M} {entry.author_name} ({mark})\n{entry.body}")


@app.command()
def reply(
    reference: Reference,
    text: Annotated[str, typer.Argument(help="The words for the person.")],
    who: Who = "Help desk",
    status: Annotated[Status | None, typer.Option(help="Set the status in the same step.")] = None,
    key: Annotated[str, typer.Option(help="Idempotency key: the second call with it changes nothing.")] = "",
    as_json: AsJson = False,
) -> None:
    """Answer the person; the words reach them in their chat."""
    with transaction() as session:
        ticket = _find(session, reference)
        entry = _refuse_kindly(
            lambda: service.reply(
                session,
                ticket,
                text,
                service.Actor("agent", who),
                key=key or None,
                status=status,
                source="command line",
            )
        )
        answer = _entry(entry)
    if as_json:
        print_json(answer)
    else:
        typer.echo(f"Answered {ticket.reference}.")


@app.command("set")
def set_fields(
    reference: Reference,
    status: Annotated[Status | None, typer.Option()] = None,
    priority: Annotated[Priority | None, typer.Option()] = None,
    reason: Annotated[str, typer.Option(help="Kept in the ticket's log.")] = "",
    who: Who = "Help desk",
    as_json: AsJson = False,
) -> None:
    """Change a ticket's status or priority."""
    with transaction() as session:
        ticket = _find(session, reference)
        actor = service.Actor("agent", who)
        if status is not None:
            _refuse_kindly(lambda: service.change_status(session, ticket, status, actor, reason))
        if priority is not None:
            _refuse_kindly(lambda: service.change_priority(session, ticket, priority, actor, reason))
        session.flush()
        session.refresh(ticket)
        changed = summary(ticket)
    if as_json:
        print_json(changed)
    else:
        typer.echo(f"{changed['reference']}: {changed['status']}, {changed['priority']}")


def summary(ticket: Ticket) -> dict[str, Any]:
    """What a list shows of a ticket."""
    return {
        "reference": ticket.reference,
        "id": str(ticket.id),
        "subject": ticket.subject,
        "category": ticket.category,
        "priority": ticket.priority,
        "status": ticket.status,
        "channel": ticket.channel,
        "created_at": ticket.created_at.isoformat(),
        "updated_at": ticket.updated_at.isoformat(),
    }


def _whole(ticket: Ticket) -> dict[str, Any]:
    return {
        "description": ticket.description,
        "details": ticket.details,
        "gaps": ticket.gaps,
        "priority_reason": ticket.priority_reason,
        "requester": {"name": ticket.requester.name, "contact_email": ticket.requester.contact_email},
        "version": ticket.version,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "author_kind": entry.author_kind,
        "author": entry.author_name,
        "visibility": entry.visibility,
        "body": entry.body,
        "created_at": entry.created_at.isoformat(),
        "delivered_at": entry.delivered_at and entry.delivered_at.isoformat(),
    }


def _find(session: Session, reference: str) -> Ticket:
    return _refuse_kindly(lambda: service.by_reference(session, reference))


def _refuse_kindly(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except TicketError as error:
        raise RuntimeError(str(error)) from error
