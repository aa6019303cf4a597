"""The trainers' workbench: measure a model, compare two, put one to work, take it back, let one read along."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import OperationalError

from helpsage.cli.output import AsJson, print_json, print_table
from helpsage.db.session import transaction
from helpsage.setup import steps
from helpsage.training import attempts, comparison, evaluation, library, promotions, report, shadow, signing
from helpsage.training import gate as gates
from helpsage.training.comparison import Change, Comparison
from helpsage.training.promotions import Who
from helpsage.training.real import Message

#: How long the running assistants get to change over before the command says that it does not know.
PATIENCE_S = 60.0
MOST_SHOWN = 10

ModelName = Annotated[
    str, typer.Argument(help="A file, a model's name, the beginning of its version, or 'current'.", show_default=False)
]


def evaluate(
    model: Annotated[str, typer.Argument(help="A file, a name, a version; 'current' is the one in use.")] = "current",
    cross_validate: Annotated[
        int, typer.Option("--cross-validate", metavar="N", help="Also the classifier on its own examples, in N folds.")
    ] = 0,
    conversations: Annotated[bool, typer.Option("--conversations", help="Also the test conversations.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model on messages that it has never seen; the report is one HTML file under var/reports."""
    if cross_validate and not evaluation.FEWEST_FOLDS <= cross_validate <= evaluation.MOST_FOLDS:
        raise typer.BadParameter(f"between {evaluation.FEWEST_FOLDS} and {evaluation.MOST_FOLDS} folds")
    steps.ensure_encoder()
    found = evaluation.evaluate(_model(model), cross_validate, conversations)
    path = report.of_evaluation(found)
    if as_json:
        print_json({**found.as_json(), "report": str(path)})
        return
    for note in found.notes:
        typer.echo(note)
    print_table(
        ["", "messages", "right", "95 %", "with answer", "macro F1", "asked back", "calibration error"],
        [_measured(each) for each in found.measured],
        "Nothing was measured.",
    )
    for each in found.measured:
        worst = ", ".join(f"{meant} for {said} ({count})" for meant, said, count in each.confusions[:5])
        typer.echo(f"{each.what}: most confused: {worst or 'nothing'}")
    if found.dialogues is not None:
        typer.echo(
            f"Test conversations: {found.dialogues.passed} of {found.dialogues.conversations} go as they should."
        )
    typer.echo(f"Report: {path}")


def compare(before: ModelName, after: ModelName, as_json: AsJson = False) -> None:
    """Ask two models the same messages (held-out ones, and last month's): what changed for better, worse, sideways."""
    found = comparison.compare(_model(before), _model(after), _lately())
    path = report.of_comparison(found)
    if as_json:
        print_json({**found.as_json(), "report": str(path)})
        return
    typer.echo(f"{found.after} beside {found.before}:")
    _tell(found)
    for change in (Change.WORSE, Change.BETTER):
        for each in found.of(change)[:MOST_SHOWN]:
            typer.echo(f"  {change.value:6} {each.place}: {each.text!r}: {each.before} -> {each.after}")
    typer.echo(f"Report: {path}")


def promote(
    model: ModelName,
    anyway: Annotated[bool, typer.Option("--anyway", help="Although the gate says no; needs --why.")] = False,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Kept in the history.")] = "",
    as_json: AsJson = False,
) -> None:
    """Put a model to work, unless it is worse than the one in use. Running assistants change over; nobody notices."""
    if anyway and not why.strip():
        raise typer.BadParameter("--anyway needs --why: the history keeps the reason")
    attempt = attempts.promote(_model(model), _who(), why, anyway=anyway)
    gate = attempt.found.verdict.as_json() if attempt.found is not None else None
    if attempt.found is not None and not as_json:
        _tell(attempt.found)
    if attempt.line is None:
        if as_json:
            print_json({"promoted": False, "gate": gate})
        else:
            typer.echo("Not promoted. When you know better: --anyway --why TEXT")
        raise typer.Exit(1)
    _changed_over(attempt.line.id, attempt.line.model, as_json, {"promoted": True, "gate": gate})


def rollback(
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Kept in the history.")] = "",
    as_json: AsJson = False,
) -> None:
    """Put the model to work again that was there before."""
    with transaction() as session:
        line = promotions.roll_back(session, _who(), why)
    _changed_over(line.id, line.model, as_json, {"rolled_back": True})


def models(as_json: AsJson = False) -> None:
    """List the models, and which of them answered people, when and why."""
    with transaction() as session:
        newest, lines = promotions.current(session), promotions.history(session)
    found = library.all_models()
    if as_json:
        print_json(
            {
                "in_use": newest.model if newest is not None else None,
                "models": [asdict(each) for each in found],
                "history": [_line(line) for line in lines],
            }
        )
        return
    in_use = newest.model if newest is not None else None
    print_table(
        ["model", "made", "MB", ""],
        [
            [each.name, f"{each.made_at:%Y-%m-%d %H:%M}", f"{each.megabytes:.1f}", _standing(each, in_use)]
            for each in found
        ],
        "No model yet: ./sage train makes one.",
    )
    print_table(
        ["when", "what", "model", "who", "why"],
        [
            [
                f"{line.at:%Y-%m-%d %H:%M}",
                "promote anyway" if line.anyway else line.kind,
                line.model,
                line.by_name,
                line.problem or line.why,
            ]
            for line in lines
        ],
        "Nothing was promoted yet.",
    )


def sign(model: ModelName) -> None:
    """Say of a model that came from elsewhere that it may be used here. A model is code: know where it comes from."""
    path = _model(model)
    signing.sign(path, steps.code_version())
    typer.echo(f"{path.name} is signed.")


def shadow_run(
    model: Annotated[str, typer.Argument(help="The candidate.", show_default=False)] = "",
    days: Annotated[int, typer.Option("--days", metavar="N", help="How long it reads along.")] = 7,
    show: Annotated[bool, typer.Option("--report", help="What the newest run has found so far.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End the run.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Do not wait for the worker: read now what waits.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a candidate read along with what people write, without answering; --report tells the difference."""
    if sum((bool(model), show, stop, now)) != 1 and not (model and now):
        raise typer.BadParameter("give a model, or one of --report, --stop, --now")
    if not 1 <= days <= shadow.MOST_DAYS:
        raise typer.BadParameter(f"between 1 and {shadow.MOST_DAYS} days")
    if model:
        path = _model(model)
        with transaction() as session:
            run = shadow.begin(session, path, days, _who().name)
        if as_json:
            print_json({"model": run.model, "until": run.until})
        else:
            typer.echo(f"{run.model} reads along until {run.until:%Y-%m-%d %H:%M} UTC.")
    if now:
        read = 0
        while count := shadow.read_along():
            read += count
        typer.echo(f"{read} messages read.", err=as_json)
    if stop:
        with transaction() as session:
            stopped = shadow.stop(session, _who().name)
        typer.echo("It reads no longer." if stopped else "Nothing reads along.", err=as_json)
    if show:
        _show_shadow(as_json)


def _show_shadow(as_json: bool) -> None:
    with transaction() as session:
        run = shadow.newest(session)
        found = shadow.report(session, run) if run is not None else None
    if as_json:
        print_json(asdict(found) if found is not None else None)
        return
    if found is None:
        typer.echo("No candidate has read along yet: ./sage shadow MODEL --days 7")
        return
    ended = f"ended {found.ended_at:%Y-%m-%d %H:%M} UTC ({found.why_ended})" if found.ended_at else "goes on"
    typer.echo(f"{found.model}, from {found.started_at:%Y-%m-%d %H:%M} until {found.until:%Y-%m-%d %H:%M} UTC; {ended}")
    if not found.messages:
        typer.echo("Nothing was read yet.")
        return
    typer.echo(
        f"{found.messages} messages, {found.alike:.1%} understood alike. Not sure: {found.asked_back:.1%} before,"
        f" {found.asks_back:.1%} with it ({found.answers_now} answered only by it, {found.asks_now} only by the one in "
        f"use). Mean confidence {found.confidence_before:.2f} before, {found.confidence:.2f} with."
    )
    print_table(
        ["before", "with it", "times"],
        [[before, after, str(times)] for before, after, times in found.changes[:MOST_SHOWN]],
        "No difference.",
    )
    for each in found.differences[:MOST_SHOWN]:
        typer.echo(f"  {each.text!r}: {each.before} {each.confidence_before:.2f} -> {each.after} {each.confidence:.2f}")


def _model(name: str) -> Path:
    current = None
    if name == library.CURRENT:
        current = _in_use()
    return library.find(name, current)


def _in_use() -> Path | None:
    """Without a database nothing was promoted, and today's model is the one."""
    try:
        with transaction() as session:
            return promotions.in_use(session)
    except (RuntimeError, OperationalError):
        return steps.model_path()


def _lately() -> list[Message]:
    """Last month's messages; none where there is no database, which is said."""
    try:
        with transaction() as session:
            return comparison.lately(session)
    except (RuntimeError, OperationalError):
        steps.tell("The database does not answer: only the held-out messages are compared.")
        return []


def _who() -> Who:
    try:
        return Who(getpass.getuser())
    except (KeyError, OSError):
        return Who("./sage")


def _tell(found: Comparison) -> None:
    for what, paired in ((gates.HELD_OUT, found.verdict.held_out), (gates.REAL, found.verdict.real)):
        if paired is not None:
            typer.echo(
                f"On {what}: {paired.right} of {paired.messages} right, {paired.right_before} before; {paired.gained} "
                f"gained, {paired.lost} lost (p = {paired.p_different:.3f})"
            )
    if found.verdict.alike is not None:
        typer.echo(f"Of last month's {found.verdict.messages} messages {found.verdict.alike:.1%} are understood alike.")
    counts = ", ".join(f"{len(found.of(change))} {change.value}" for change in Change)
    typer.echo(f"Changed: {counts}.")
    for reason in found.verdict.reasons:
        typer.echo(f"The gate says no: {reason}")


def _changed_over(promotion_id: int, model: str, as_json: bool, about: dict[str, Any]) -> None:
    """Wait for the running assistants, when there are any, and say how it went."""
    line = promotions.wait_until_loaded(promotion_id, PATIENCE_S if promotions.assistant_answers() else 0)
    problem = line.problem if line is not None else ""
    if as_json:
        loaded = line is not None and line.loaded_at is not None
        print_json({**about, "model": model, "loaded": loaded, "problem": problem})
    elif problem:
        typer.echo(f"The assistant stays with its model: {problem}")
    elif line is not None and line.loaded_at is not None:
        typer.echo(f"{model} answers now.")
    else:
        typer.echo(f"{model} is chosen; an assistant takes it when it starts or is next in reach of the database.")
    if problem:
        raise typer.Exit(1)


def _measured(each: evaluation.Measured) -> list[str]:
    return [
        each.what,
        str(each.messages),
        f"{each.right:.3f}",
        f"{each.interval[0]:.3f}-{each.interval[1]:.3f}",
        f"{each.right_answers:.3f}",
        f"{each.macro_f1:.3f}",
        f"{each.asked_back:.3f}" if each.asked_back is not None else "",
        f"{each.calibration_error:.3f}",
    ]


def _standing(model: library.Model, in_use: str | None) -> str:
    parts = [
        "in use" if model.name == in_use else "",
        "of today's data" if model.today else "",
        model.trouble,
    ]
    return "; ".join(part for part in parts if part)


def _line(line: Any) -> dict[str, Any]:
    shown = ("at", "kind", "model", "sha256", "by_name", "why", "anyway", "gate", "loaded_at", "problem")
    return {name: getattr(line, name) for name in shown}
