"""`./sage`: the list of commands."""

from __future__ import annotations

import sys

import typer
from sqlalchemy.exc import OperationalError

from helpsage import __version__
from helpsage.cli import (
    articles,
    bench,
    chat,
    db,
    dead_letters,
    demo,
    figures,
    model,
    review,
    status,
    test,
    ticket,
    token,
    training,
    up,
    user,
)
from helpsage.db.embedded import EmbeddedDatabaseError
from helpsage.setup.steps import SetupError

app = typer.Typer(
    name="sage",
    help="Help Sage: a help desk that people talk to.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("status")(status.status)
app.command("chat")(chat.chat)
app.command("parse")(model.parse)
app.add_typer(ticket.app, name="ticket")
app.add_typer(user.app, name="user")
app.add_typer(token.app, name="token")
app.add_typer(articles.app, name="articles")
app.command("train")(model.train)
app.command("check")(model.check)
app.command("evaluate")(training.evaluate)
app.command("compare")(training.compare)
app.command("promote")(training.promote)
app.command("rollback")(training.rollback)
app.command("models")(training.models)
app.command("sign")(training.sign)
app.command("shadow")(training.shadow_run)
app.command(
    "test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)(test.test)
app.command("lint")(test.lint)
app.command(
    "bench", context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)(bench.bench)
app.add_typer(db.app, name="db")
app.add_typer(figures.app, name="figures")
app.add_typer(review.app, name="review")
app.add_typer(dead_letters.app, name="dead-letters")
app.command("demo")(demo.demo)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run a command; trouble the operator can act on becomes one line and exit code 1."""
    try:
        app(prog_name="./sage")
    except (SetupError, EmbeddedDatabaseError, RuntimeError) as error:
        _fail(str(error))
    except OperationalError as error:
        _fail(f"the database does not answer: {' '.join(str(error.orig).split())}")
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            _fail(f"disk full: {error.filename or error.strerror}")
        raise


def _fail(words: str) -> None:
    sys.stderr.write(f"sage: {words}\n")
    raise SystemExit(1)


if __name__ == "__main__":
    main()
