"""Commands about the assistant's model: train it, check its data, ask what it understands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from helpsage.cli.output import AsJson, print_json
from helpsage.setup import steps
from helpsage.training import catalogues


def train(
    force: Annotated[
        bool, typer.Option("--force", help="Train even when there is a model of exactly this data.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train the assistant from data/, domain.yml and config.yml."""
    path = steps.ensure_model(force=force)
    if as_json:
        print_json({"model": path.name, "bytes": path.stat().st_size})
    else:
        typer.echo(f"{path.relative_to(steps.ROOT)} ({path.stat().st_size / 1e6:.1f} MB)")


def check(as_json: AsJson = False) -> None:
    """Validate data/, domain.yml and config.yml with warnings as errors."""
    arguments = [steps.rasa_python(), "-m", "rasa", "data", "validate", "--fail-on-warnings", "--data", "data"]
    finished = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=steps.ROOT,
        env=steps.rasa_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    problems = [
        line for line in (finished.stdout + finished.stderr).splitlines() if "Warning" in line or "ERROR" in line
    ]
    untranslated = catalogues.findings()
    problems += untranslated
    ok = finished.returncode == 0 and not untranslated
    if as_json:
        print_json({"ok": ok, "problems": problems})
    else:
        typer.echo("\n".join(problems) or ("Nothing to complain about." if ok else finished.stderr))
    raise typer.Exit(0 if ok else 1)


def parse(
    text: Annotated[str, typer.Argument(help="What somebody might say.")] = "",
    file: Annotated[
        Path | None, typer.Option("--file", help="A file with one text a line; - for standard input.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the assistant understands: intent, confidence, ranking, entities."""
    if not text and file is None:
        raise typer.BadParameter("give a text, or --file")
    if file is not None and str(file) != "-" and not file.is_file():
        raise typer.BadParameter(f"no such file: {file}")
    if file is None:
        lines = text.replace("\n", " ")
    else:
        lines = sys.stdin.read() if str(file) == "-" else file.read_text(errors="replace")
    model = steps.ensure_model()
    arguments = [
        str(steps.rasa_python()),
        "-m",
        "assistant.parse",
        "--model",
        str(model),
        *(["--json"] if as_json else []),
    ]
    # Rasa's libraries grumble on standard error at every start: shown only when something went wrong.
    finished = subprocess.run(
        arguments,
        input=lines,
        text=True,
        cwd=steps.ROOT,
        env=steps.rasa_environment(),
        stderr=subprocess.PIPE,
        check=False,
    )
    if finished.returncode != 0:
        raise RuntimeError(f"could not parse: {' '.join(finished.stderr.split())[-400:]}")
