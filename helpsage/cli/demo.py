"""`./sage demo`: a year of history to look at."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.cli.db import running
from helpsage.cli.output import AsJson, print_json
from helpsage.cli.user import generated_password
from helpsage.db import migrate
from helpsage.db.session import engine, transaction
from helpsage.demo import fill
from helpsage.demo.people import DOMAIN


def demo(
    tickets: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many tickets.")] = fill.TICKETS,
    seed: Annotated[int, typer.Option(help="Another number, another year.")] = fill.SEED,
    yes: Annotated[bool, typer.Option("--yes", help="Also into an installation that has tickets.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fill this installation with believable departments, people, tickets and a year of history."""
    began = time.monotonic()
    password = generated_password()
    with running():
        migrate.upgrade(engine())
        with transaction() as session:
            there = fill.tickets_there(session)
            if there and not yes:
                raise fill.NotEmpty(
                    f"this installation has {there:,}{' or more' if there == 1_000 else ''} tickets already; "
                    "--yes adds the demonstration to them"
                )
            made = fill.fill(session, tickets, seed, password, _say_nothing if as_json else _say)
        if not as_json:
            _say("search and figures")
        _settle()
    seconds = round(time.monotonic() - began, 1)
    logins = {
        "lead": f"eleanor.hughes@{DOMAIN}",
        "agent": f"priya.raman@{DOMAIN}",
        "administrator": f"olivia.santos@{DOMAIN}",
    }
    if as_json:
        print_json({**vars(made), "seconds": seconds, "logins": logins, "password": password})
        return
    typer.echo(
        f"{made.tickets:,} tickets, {made.conversations:,} conversations, {made.people:,} people, {made.staff} staff "
        f"in {made.departments} departments and {made.teams} teams, after {seconds:.0f} s.\n"
        f"Log in at {settings.get().web_url}/login with the password {password} as\n"
        + "\n".join(f"  {address}  ({role})" for role, address in logins.items())
    )


def _settle() -> None:
    with Session(engine()) as session, session.begin():
        fill.settle(session)
    fill.fold_figures()


def _say(what: str) -> None:
    sys.stderr.write(f"  {what}\n")


def _say_nothing(what: str) -> None:
    """For scripts."""
