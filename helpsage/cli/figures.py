"""`./sage figures`: the figures of analytics, made anew or checked."""

from __future__ import annotations

import time

import typer

from helpsage.analytics import upkeep
from helpsage.cli.output import AsJson, print_json
from helpsage.db.session import transaction

app = typer.Typer(help="Fold, rebuild and check the figures of analytics.", no_args_is_help=True)


@app.command()
def fold(as_json: AsJson = False) -> None:
    """Add what changed into the figures now. The worker does it every minute."""
    changes = upkeep.fold_all()
    if as_json:
        print_json({"changes": changes})
    else:
        typer.echo(f"{changes} changes folded.")


@app.command()
def rebuild(as_json: AsJson = False) -> None:
    """Make every figure anew from tickets and conversations, while the programs run."""
    begun = time.monotonic()
    upkeep.rebuild()
    with transaction() as session:
        zone = upkeep.zone(session).key
    seconds = round(time.monotonic() - begun, 1)
    if as_json:
        print_json({"zone": zone, "seconds": seconds})
    else:
        typer.echo(f"Figures made anew in {seconds} s; their days begin at midnight in {zone}.")


@app.command()
def check(as_json: AsJson = False) -> None:
    """Compare the figures with a count over all tickets."""
    with transaction() as session:
        wrong = upkeep.differences(session)
    if as_json:
        print_json({"differences": wrong})
    else:
        typer.echo(f"{wrong} figures differ from the tickets." if wrong else "Every figure is right.")
    raise typer.Exit(1 if wrong else 0)
