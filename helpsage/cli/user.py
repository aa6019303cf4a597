"""`./sage user`: accounts of those who answer."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.cli.output import AsJson, print_json, print_table
from helpsage.configuration import service as configuration
from helpsage.configuration.service import Content, InvalidContent, Who
from helpsage.configuration.staff import AccountDocument
from helpsage.db.session import transaction
from helpsage.people import accounts, changes, invitations, two_factor
from helpsage.people.errors import AccountError
from helpsage.people.models import Account, Role

app = typer.Typer(help="Make, list and change accounts.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="Address of the account.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
COMMAND_LINE = Who(None, "the command line")


def generated_password() -> str:
    """A password nobody will guess: 96 random bits in 16 characters."""
    return secrets.token_urlsafe(12)


@app.command()
def add(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option(help="Shown to the people they answer.")] = "",
    role: Annotated[Role, typer.Option()] = Role.AGENT,
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
) -> None:
    """Make an account. Without --password-stdin a password is made and printed once."""
    password = _password(password_stdin)
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


@app.command()
def invite(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option(help="Shown to the people they answer.")] = "",
    role: Annotated[Role, typer.Option()] = Role.AGENT,
) -> None:
    """Send a letter with a link behind which someone chooses their password."""
    with transaction() as session:
        try:
            made = invitations.invite(session, email, name, role)
        except AccountError as error:
            raise RuntimeError(str(error)) from error
        typer.echo(f"{made.email} is invited ({made.role}), until {made.expires_at:%-d %B %Y, %H:%M} UTC")


@app.command()
def password(email: Email, password_stdin: PasswordStdin = False) -> None:
    """Set a new password and log the account out everywhere. Without --password-stdin one is made and printed once."""
    chosen = _password(password_stdin)
    with transaction() as session:
        account = _found(session, email)
        try:
            changes.give_password(session, account, chosen)
        except AccountError as error:
            raise RuntimeError(str(error)) from error
        typer.echo(account.email + ("" if password_stdin else f"  password: {chosen}"))


@app.command("reset-two-factor")
def reset_two_factor(email: Email) -> None:
    """Take the one-time codes away from someone who has lost them, and log them out everywhere."""
    with transaction() as session:
        account = _found(session, email)
        two_factor.reset(session, account)
        typer.echo(f"{account.email}: logging in asks for no one-time code until it is set up anew")


@app.command()
def role(email: Email, role: Annotated[Role, typer.Argument()]) -> None:
    """Give an account another role. One who becomes a requester leaves all teams."""
    _edit(email, lambda found: {**found, "role": role.value, "teams": [] if role is Role.REQUESTER else found["teams"]})


@app.command()
def disable(email: Email) -> None:
    """Switch an account off and log it out everywhere."""
    _edit(email, lambda found: {**found, "disabled": True})


@app.command()
def enable(email: Email) -> None:
    """Let a switched-off account log in again."""
    _edit(email, lambda found: {**found, "disabled": False})


def _edit(email: str, change: Callable[[Content], Content]) -> None:
    """The same way as in the settings: checked, logged, and undone there."""
    with transaction() as session:
        account = _found(session, email)
        summary = f"Changed the account of {account.person.name or account.email}"
        try:
            configuration.edit(
                session, AccountDocument(account.id), lambda found: change(found or {}), COMMAND_LINE, summary
            )
        except InvalidContent as error:
            raise RuntimeError(str(error)) from error
        typer.echo(f"{account.email} ({account.role}{', switched off' if account.disabled_at else ''})")


def _found(session: Session, email: str) -> Account:
    account = accounts.by_email(session, email)
    if account is None:
        raise RuntimeError(f"no account has the address {email}")
    return account


def _password(from_stdin: bool) -> str:
    return sys.stdin.readline().rstrip("\n") if from_stdin else generated_password()
