"""Held-out messages measure only what was not trained on, and only intents that exist."""

from __future__ import annotations

from collections.abc import Iterator

from helpsage.training import examples
from helpsage.training.checks.finding import Finding, Project, Severity
from helpsage.training.examples import Unreadable, normal


def look(project: Project) -> Iterator[Finding]:
    """Both."""
    try:
        kept = examples.held_out(project.root / "tests" / "nlu")
    except Unreadable as error:
        if list((project.root / "tests" / "nlu").glob("held_out_*.yml")):
            raise
        yield Finding(Severity.HINT, "nothing-held-out", "tests/nlu:1", str(error), "held out")
        return
    trained = {normal(line.text): line for line in project.lines}
    for line in kept:
        twin = trained.get(normal(line.text))
        if twin is not None:
            words = f"{line.text!r} is held out and trained on ({twin.place}): it measures nothing"
            yield Finding(Severity.ERROR, "trained-on-held-out", line.place, words, line.text)
    known = {line.label for line in project.lines}
    for label, place in {line.label: line.place for line in reversed(kept)}.items():
        if label not in known:
            words = f"{label} has no example: its held-out messages always count as misunderstood"
            yield Finding(Severity.ERROR, "unknown-intent", place, words, label)
