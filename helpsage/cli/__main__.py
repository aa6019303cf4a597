"""`./sage`: the list of commands."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import typer
from sqlalchemy.exc import OperationalError

from helpsage import __version__
from helpsage.db.embedded import EmbeddedDatabaseError
from helpsage.setup.steps import SetupError

#: What stands behind each command. Only the module of the one that is asked for is imported: all of them together take
#: longer than most have to do.
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "up": "up:up",
        "status": "status:status",
        "chat": "chat:chat",
        "parse": "model:parse",
        "ticket": "ticket:app",
        "user": "user:app",
        "token": "token:app",
        "articles": "articles:app",
        "train": "model:train",
        "check": "model:check",
        "evaluate": "training:evaluate",
        "compare": "training:compare",
        "promote": "training:promote",
        "rollback": "training:rollback",
        "models": "training:models",
        "sign": "training:sign",
        "shadow": "training:shadow_run",
        "test": "test:test",
        "lint": "test:lint",
        "bench": "bench:bench",
        "db": "db:app",
        "figures": "figures:app",
        "review": "review:app",
        "dead-letters": "dead_letters:app",
        "demo": "demo:demo",
    }
)
#: Commands whose arguments are another program's.
_PASSED_ON = ("test", "bench")


def build(wanted: str = "") -> typer.Typer:
    """The command line: with one command of `COMMANDS`, or with all of them."""
    app = typer.Typer(
        name="sage",
        help="Help Sage: a help desk that people talk to.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name in [wanted] if wanted in COMMANDS else COMMANDS:
        module, _, attribute = COMMANDS[name].partition(":")
        _add(app, name, getattr(import_module(f"helpsage.cli.{module}"), attribute))
    app.command()(version)
    return app


def _add(app: typer.Typer, name: str, found: Any) -> None:
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
    elif name in _PASSED_ON:
        passed_on = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
        app.command(name, context_settings=passed_on)(found)
    else:
        app.command(name)(found)


def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run a command; trouble the operator can act on becomes one line and exit code 1."""
    try:
        build(sys.argv[1] if len(sys.argv) > 1 else "")(prog_name="./sage")
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
