"""`./sage articles`: the help centre's articles from a folder, and into one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from helpsage.cli.output import AsJson, print_json, print_table
from helpsage.db.session import transaction
from helpsage.knowledge import importing
from helpsage.knowledge.importing import SHIPPED, Outcome

app = typer.Typer(help="Import, export and find articles.", no_args_is_help=True)


@app.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(help="Markdown files with front matter.")] = SHIPPED,
    as_json: AsJson = False,
) -> None:
    """Import a folder: new files become articles, changed ones versions. What was edited here since is kept."""
    if not folder.is_dir():
        raise RuntimeError(f"there is no folder {folder}")
    with transaction() as session:
        results = importing.folder(session, folder)
    if as_json:
        for result in results:
            print_json({"file": result.name, "outcome": result.outcome.value, "problem": result.problem})
    else:
        told = [result for result in results if result.outcome is not Outcome.SAME]
        rows = [[result.name, result.outcome.value, result.problem] for result in told]
        print_table(["file", "outcome", "problem"], rows, f"{len(results)} files, all as they are here.")
    if any(result.outcome is Outcome.BAD for result in results):
        raise typer.Exit(1)


@app.command()
def export(folder: Annotated[Path, typer.Argument(help="Made when it is missing.")], as_json: AsJson = False) -> None:
    """Write every published article as a file."""
    with transaction() as session:
        names = importing.export(session, folder)
    if as_json:
        print_json({"folder": str(folder), "files": names})
    else:
        typer.echo(f"{len(names)} articles in {folder}")
