"""`./sage dead-letters`: what was given up after all its tries, to be looked at and sent once more."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from helpsage.cli.output import AsJson, print_json, print_table
from helpsage.db.session import transaction
from helpsage.events.models import DeadLetter
from helpsage.jobs import retries
from helpsage.webhooks import service as webhooks
from helpsage.webhooks.models import Message, Stage

app = typer.Typer(help="Look at jobs and webhook messages that were given up, and replay them.", no_args_is_help=True)

#: Before the id of a webhook's message; jobs have plain numbers.
MESSAGE = "msg_"

Name = Annotated[str, typer.Argument(help="As `list` shows it: 12 for a job, msg_... for a webhook's message.")]
Limit = Annotated[int, typer.Option(min=1, max=1000)]


@app.command("list")
def list_letters(limit: Limit = 100, as_json: AsJson = False) -> None:
    """What was given up and not replayed, the newest first."""
    with transaction() as session:
        found = [_job(one) for one in retries.waiting_letters(session, limit)]
        found += [_message(session, one) for one in webhooks.messages(session, stage=Stage.DEAD, limit=limit)]
    if as_json:
        for one in found:
            print_json(one)
        return
    rows = [
        [one["id"], one["what"], f"{one['at']:%Y-%m-%d %H:%M}", str(one["attempts"]), one["error"]] for one in found
    ]
    print_table(["id", "what", "given up", "tries", "why"], rows, "No dead letters.")


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """One of them in full."""
    with transaction() as session:
        found = _shown(session, name)
    if as_json:
        print_json(found)
        return
    for key, value in found.items():
        typer.echo(f"{key}: {value}")


@app.command()
def replay(
    names: Annotated[list[str] | None, typer.Argument(help="Ids as `list` shows them.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that were given up.")] = False,
    as_json: AsJson = False,
) -> None:
    """Do it once more, with all its tries. What was replayed already stays as it is."""
    if everything == bool(names):
        raise typer.BadParameter("give ids, or --all")
    with transaction() as session:
        wanted = names or [
            *(str(one.id) for one in retries.waiting_letters(session, 100_000)),
            *(f"{MESSAGE}{one.id.hex}" for one in webhooks.messages(session, stage=Stage.DEAD, limit=100_000)),
        ]
        for name in wanted:
            _replay(session, name)
    if as_json:
        print_json({"replayed": wanted})
    else:
        typer.echo(f"{len(wanted)} put in again." if wanted else "No dead letters.")


def _replay(session: Session, name: str) -> None:
    found = _found(session, name)
    if isinstance(found, DeadLetter):
        retries.replay(session, found.id)
        return
    try:
        webhooks.replay(session, found)
    except webhooks.WebhookNotFound as error:
        raise typer.BadParameter(f"the webhook of {name} was removed") from error


def _found(session: Session, name: str) -> DeadLetter | Message:
    unknown = typer.BadParameter(f"there is no dead letter {name}")
    try:
        if name.startswith(MESSAGE):
            return webhooks.message(session, UUID(name.removeprefix(MESSAGE)))
        letter = session.get(DeadLetter, int(name))
    except (ValueError, webhooks.WebhookNotFound) as error:
        raise unknown from error
    if letter is None:
        raise unknown
    return letter


def _shown(session: Session, name: str) -> dict[str, Any]:
    found = _found(session, name)
    if isinstance(found, DeadLetter):
        return {**_job(found), "arguments": found.arguments, "lock": found.lock, "replayed_at": found.replayed_at}
    tries = [
        {"at": one.at, "status": one.status, "error": one.error, "milliseconds": one.milliseconds}
        for one in webhooks.attempts(session, found.id)
    ]
    return {**_message(session, found), "webhook": found.webhook_id, "stage": found.stage, "tried": tries}


def _job(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": str(letter.id),
        "what": letter.task,
        "at": letter.failed_at,
        "attempts": letter.attempts,
        "error": letter.error,
    }


def _message(session: Session, message: Message) -> dict[str, Any]:
    tries = webhooks.attempts(session, message.id)
    return {
        "id": f"{MESSAGE}{message.id.hex}",
        "what": message.kind,
        "at": message.done_at or message.created_at,
        "attempts": message.attempts,
        "error": tries[0].error if tries else "",
    }
