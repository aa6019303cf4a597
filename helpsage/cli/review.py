"""`./sage review`: what people accepted as examples, as a change that is read before it counts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from helpsage import clock, settings
from helpsage.cli.output import AsJson, print_json
from helpsage.db.session import transaction
from helpsage.settings import ROOT
from helpsage.training import branches, patches, review, taught
from helpsage.training.patches import Edit

app = typer.Typer(help="Examples that people accepted, as a change to data/ to be reviewed.", no_args_is_help=True)

MESSAGE = "Teach what was misunderstood"


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """What was accepted and is not merged and trained yet."""
    with transaction() as session:
        items = [{"id": each.id, "label": each.label, "text": each.text} for each in review.accepted(session)]
    if as_json:
        print_json({"accepted": items})
        return
    for each in items:
        typer.echo(f"{each['label']}: {each['text']}")
    typer.echo(f"{len(items)} accepted." if items else "Nothing was accepted that is not merged yet.")


@app.command()
def find(as_json: AsJson = False) -> None:
    """Look for what was misunderstood now. The worker does it every ten minutes."""
    from helpsage.jobs.review import look  # the queue's library is for this command only

    seen = look()
    if as_json:
        print_json({"messages": seen})
    else:
        typer.echo(f"{seen} messages looked through.")


@app.command()
def export(
    to: Annotated[Path | None, typer.Option("--to", help="The file; one under var/reviews when not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the change as a patch: read it, then `git apply` it."""
    with transaction() as session:
        edit = review.change(session, taught.files())
    if not edit.changed:
        _told_nothing(as_json)
        return
    path = written(edit, to)
    if as_json:
        print_json({"patch": str(path), "files": list(edit.changed)})
    else:
        typer.echo(f"{path}\nRead it, then: git apply {path}")


@app.command()
def apply(
    branch: Annotated[str, typer.Option("--branch", help="Name of a new branch.")],
    as_json: AsJson = False,
) -> None:
    """Commit the change on a branch of its own. The files you are working on stay as they are."""
    files = branches.files_at_head(ROOT)
    with transaction() as session:
        edit = review.change(session, files)
    if not edit.changed:
        _told_nothing(as_json)
        return
    commit = branches.commit(ROOT, branch, edit, f"{MESSAGE}\n")
    if as_json:
        print_json({"branch": branch, "commit": commit, "files": list(edit.changed)})
    else:
        typer.echo(f"Branch {branch} holds the change ({len(edit.changed)} files). Read it: git diff HEAD...{branch}")


def written(edit: Edit, to: Path | None = None) -> Path:
    """The patch as a file."""
    path = to or settings.get().var / "reviews" / f"review-{clock.now():%Y%m%d-%H%M%S}.patch"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(patches.unified(edit), encoding="utf-8", newline="")
    return path


def _told_nothing(as_json: bool) -> None:
    if as_json:
        print_json({"files": []})
    else:
        typer.echo("There is nothing to write: data/ has everything that was accepted.")
