"""`./sage token`: what other programs show to use the API."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from helpsage import clock
from helpsage.cli.output import AsJson, print_json, print_table
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.people import accounts
from helpsage.people.models import Role
from helpsage.tokens import service
from helpsage.tokens.models import Kind, Token
from helpsage.tokens.scopes import Scope, of_role

app = typer.Typer(help="Make, list and revoke tokens for the API.", no_args_is_help=True)


@app.command()
def create(
    owner: Annotated[str, typer.Argument(help="E-mail address of the account that it acts for.")],
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[Scope] | None, typer.Option(help="May be given several times; left out: every one.")] = None,
    days: Annotated[int, typer.Option(help="How long it is good for; 0: until it is revoked.", min=0)] = 90,
    service_token: Annotated[
        bool, typer.Option("--service", help="A program's own; its owner is an administrator who answers for it.")
    ] = False,
    department: Annotated[str, typer.Option(help="Key: a service token for tickets of this department only.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once."""
    with transaction() as session:
        account = accounts.by_email(session, owner)
        if account is None:
            raise RuntimeError(f"nobody has the address {owner}: see `./sage user list`")
        home = departments.by_key(session, department) if department else None
        if department and home is None:
            raise RuntimeError(f"there is no department {department}")
        kind = Kind.SERVICE if service_token else Kind.PERSONAL
        wanted = [one.value for one in scope or of_role(Role(account.role))]
        try:
            token, written = service.create(
                session, account, name, wanted, days or None, kind, home.id if home is not None else None
            )
        except service.InvalidToken as error:
            raise RuntimeError(str(error)) from error
        made = {**_facts(token), "token": written}
    if as_json:
        print_json(made)
    else:
        typer.echo(written)


@app.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """List every token: whose, what for, when last used."""
    with transaction() as session:
        found = [_facts(token) for token in service.everyones(session)]
    if as_json:
        for one in found:
            print_json(one)
        return
    rows = [
        [str(one["id"]), one["name"], one["owner"], one["state"], _day(one["last_used_at"]), " ".join(one["scopes"])]
        for one in found
    ]
    print_table(["id", "name", "owner", "state", "last used", "scopes"], rows, "None yet.")


@app.command()
def revoke(token_id: Annotated[UUID, typer.Argument(help="As `list` shows it.")], as_json: AsJson = False) -> None:
    """End a token, at once."""
    with transaction() as session:
        token = service.by_id(session, token_id)
        if token is None:
            raise RuntimeError(f"there is no token {token_id}: see `./sage token list`")
        service.revoke(session, token)
        told = _facts(token)
    if as_json:
        print_json(told)
    else:
        typer.echo(f"{told['name']} is revoked.")


def _facts(token: Token) -> dict[str, Any]:
    good = service.is_good(token, clock.now())
    return {
        "id": token.id,
        "name": token.name,
        "kind": token.kind,
        "owner": token.account.email,
        "hint": token.hint,
        "scopes": list(token.scopes),
        "state": "good" if good else ("revoked" if token.revoked_at is not None else "over"),
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    }


def _day(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at is not None else "never"
