"""Intents with too few examples to be learned, and intents whose examples are about too many things."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from helpsage.training.checks.finding import Finding, Project, Severity

#: Fewer teach an intent badly; with one example nothing can be left out to measure it.
FEW, FEW_OF_ANSWER, TOO_FEW = 12, 5, 2
#: How far above the others a spread must be: times the usual distance from the middle one (median, scaled deviation).
FAR = 3.5
#: The scaled deviation of a normal distribution is its standard deviation.
SCALE = 1.4826
#: Labels below which there are no "others" to compare with.
ENOUGH_LABELS = 8


def look(project: Project) -> Iterator[Finding]:
    """Both."""
    yield from _small(project)
    yield from _broad(project.told_by_meaning)


def _small(project: Project) -> Iterator[Finding]:
    for label, numbers in project.labels.items():
        enough = FEW_OF_ANSWER if "/" in label else FEW
        if len(numbers) < enough:
            few = "1 example" if len(numbers) == 1 else f"{len(numbers)} examples"
            severity = Severity.ERROR if len(numbers) < TOO_FEW else Severity.WARNING
            words = f"{label} has {few}; {enough} are the least that teach it"
            yield Finding(severity, "few-examples", project.lines[numbers[0]].place, words, label)


def _broad(project: Project) -> Iterator[Finding]:
    spreads = {
        label: float(1 - np.linalg.norm(project.vectors[numbers].mean(axis=0)))
        for label, numbers in project.labels.items()
        if len(numbers) >= FEW_OF_ANSWER
    }
    if len(spreads) < ENOUGH_LABELS:
        return
    values = np.array(list(spreads.values()))
    middle = float(np.median(values))
    usual = SCALE * float(np.median(np.abs(values - middle)))
    for label, spread in spreads.items():
        if spread - middle > FAR * max(usual, 1e-3):
            place = project.lines[project.labels[label][0]].place
            words = f"{label} is about many things at once: its examples spread {spread:.2f}, the others' {middle:.2f}"
            yield Finding(Severity.HINT, "broad", place, words, label)
