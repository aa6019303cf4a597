"""The same words, or nearly, under two intents; and examples that lie among those of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from helpsage.training.checks.finding import Finding, Project, Severity
from helpsage.training.examples import Line, normal

#: Cosine from which two texts say the same.
NEARLY = 0.93
#: Nearest examples that are asked, and how many of them must belong to one other label.
NEIGHBOURS, CLAIMING = 6, 5
#: By how much another label's middle must be nearer than one's own without the example.
MARGIN = 0.12
#: Rows of the table of cosines at a time.
ROWS = 512


def look(project: Project) -> Iterator[Finding]:
    """All three."""
    yield from _same(project)
    yield from _nearly(project.told_by_meaning)
    yield from _claimed(project.told_by_meaning)


def _same(project: Project) -> Iterator[Finding]:
    """Within a language: "no" is a word of several."""
    first: dict[tuple[str, str], Line] = {}
    for line in project.lines:
        before = first.setdefault((line.language, normal(line.text)), line)
        if before is line:
            continue
        about = f"{line.text} | {' '.join(sorted({before.label, line.label}))}"
        if before.label != line.label:
            words = f"{line.text!r} is an example of {line.label} and, in {before.place}, of {before.label}"
            yield Finding(Severity.ERROR, "duplicate", line.place, words, about)
        else:
            words = f"{line.text!r} stands twice in {line.label} (also {before.place})"
            yield Finding(Severity.WARNING, "repeated", line.place, words, about)


def _nearly(project: Project) -> Iterator[Finding]:
    vectors, lines = project.vectors, project.lines
    worded = _worded(lines)
    for start in range(0, len(lines), ROWS):
        cosines = vectors[start : start + ROWS] @ vectors.T
        for row, column in zip(*np.nonzero(cosines >= NEARLY), strict=True):
            one, other = lines[column], lines[start + row]
            if not (worded[column] and worded[start + row]):
                continue
            if column >= start + row or one.label == other.label or normal(one.text) == normal(other.text):
                continue
            words = (
                f"{other.text!r} ({other.label}) says nearly the same as {one.text!r} ({one.label}, {one.place}); "
                f"cosine {cosines[row, column]:.2f}"
            )
            about = " | ".join(sorted([f"{one.label}: {one.text}", f"{other.label}: {other.text}"]))
            yield Finding(Severity.WARNING, "near-duplicate", other.place, words, about)


def _claimed(project: Project) -> Iterator[Finding]:
    """Leave each example out and ask whose it is: the nearest examples, and the middle of every label."""
    vectors, lines = project.vectors, project.lines
    worded = _worded(lines)
    names = sorted(project.labels)
    sums = np.stack([vectors[project.labels[name]].sum(axis=0) for name in names])
    middles = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    for start in range(0, len(lines), ROWS):
        some = vectors[start : start + ROWS]
        cosines = some @ vectors.T
        to_middles = some @ middles.T
        for row in range(len(some)):
            number = start + row
            if not worded[number]:
                continue
            cosines[row, number] = -1.0  # itself
            nearest = np.argpartition(-cosines[row], NEIGHBOURS)[:NEIGHBOURS] if len(lines) > NEIGHBOURS else ()
            counted = Counter(lines[near].label for near in nearest).most_common(1)
            if not counted or counted[0][1] < CLAIMING or counted[0][0] == lines[number].label:
                continue
            own = names.index(lines[number].label)
            without = sums[own] - vectors[number]
            length = float(np.linalg.norm(without))
            at_home = float(some[row] @ without) / length if length > 1e-6 else 0.0
            there = float(to_middles[row, names.index(counted[0][0])])
            if there - at_home >= MARGIN:
                yield _as_claimed(lines[number], *counted[0])


def _worded(lines: Sequence[Line]) -> list[bool]:
    """Which have a letter or digit: the encoder gives all others the same vector."""
    return [any(character.isalnum() for character in line.text) for line in lines]


def _as_claimed(line: Line, label: str, count: int) -> Finding:
    words = f"{line.text!r} ({line.label}) lies among the examples of {label}: {count} of its {NEIGHBOURS} nearest"
    return Finding(Severity.HINT, "claimed", line.place, words, f"{line.label}: {line.text} | {label}")
