"""Commands about the assistant's model: train it, check its data, ask what it understands."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from helpsage.cli.output import AsJson, print_json
from helpsage.setup import steps
from helpsage.training import catalogues, checks, report


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


def check(
    quick: Annotated[bool, typer.Option("--quick", help="Without Rasa's own validation, which takes a while.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Accept today's warnings and hints: they are not shown again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look for what is wrong in data/, domain.yml and config/: examples, answers, rules, questions."""
    steps.ensure_encoder()
    checked = checks.run()
    if accept:
        checks.accept(checked)
        checked = checks.run()
    problems = [] if quick else [f"rasa: error {problem}" for problem in _validated()]
    problems += [f"{problem} (error)" for problem in catalogues.findings()]
    about = report.of_check(checked, problems)
    if as_json:
        print_json(about)
    else:
        for finding in checked.findings:
            typer.echo(f"{finding.place}: {finding.severity.value} [{finding.rule}] {finding.words}")
        for problem in problems:
            typer.echo(problem)
        typer.echo(_summary(checked, problems))
    raise typer.Exit(0 if about["ok"] else 1)


def _summary(checked: checks.Checked, problems: list[str]) -> str:
    counts = Counter(finding.severity for finding in checked.findings)
    counts[checks.Severity.ERROR] += len(problems)
    found = ", ".join(
        f"{counts[each]} {each.value}{'s' * (counts[each] != 1)}" for each in checks.Severity if counts[each]
    )
    accepted = f" {len(checked.accepted)} accepted ones are not shown." if checked.accepted else ""
    return f"{found or 'Nothing to complain about'}.{accepted}"


def _validated() -> list[str]:
    """What Rasa's own validation complains about."""
    arguments = [steps.rasa_python(), "-m", "rasa", "data", "validate", "--fail-on-warnings", "--data", "data"]
    finished = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=steps.ROOT,
        env=steps.rasa_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode == 0:
        return []
    told = [line.strip() for line in (finished.stdout + finished.stderr).splitlines() if line.strip()]
    return [line for line in told if "Warning" in line or "ERROR" in line] or told[-3:]


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
