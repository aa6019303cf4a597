"""`./sage user`: accounts of those who answer."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated

import typer
from sqlalchemy import select

from helpsage.cli.output import AsJson, print_json, print_table
from helpsage.db.session import transaction
from helpsage.people import accounts
from helpsage.people.errors import AccountError
from helpsage.people.models import Account, Role

app = typer.Typer(help="Make and list accounts.", no_args_is_help=True)


def generated_password() -> str:
    """A password nobody will guess: 96 random bits in 16 characters."""
    return secrets.token_urlsafe(12)


@app.command()
def add(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option(help="Shown to the people they answer.")] = "",
    role: Annotated[Role, typer.Option()] = Role.AGENT,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make an account. Without --password-stdin a password is made and printed once."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else generated_password()
    with transaction() as session:
        try:
            account = accounts.create(session, email, name or email.split("@")[0], password, role)
        except AccountError as error:
            raise RuntimeError(str(error)) from error
        made = {"email": account.email, "name": account.person.name, "role": account.role}
    if not password_stdin:
        made["password"] = password
    if as_json:
        print_json(made)
    else:
        typer.echo(f"{made['email']} ({made['role']})" + ("" if password_stdin else f"  password: {password}"))


@app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List the accounts."""
    with transaction() as session:
        found = [
            {"email": a.email, "name": a.person.name, "role": a.role, "disabled": a.disabled_at is not None}
            for a in session.scalars(select(Account).order_by(Account.email))
        ]
    if as_json:
        for account in found:
            print_json(account)
    else:
        print_table(
            ["e-mail", "name", "role"], [[str(a["email"]), str(a["name"]), str(a["role"])] for a in found], "None yet."
        )
