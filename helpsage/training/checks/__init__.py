"""Is what trainers wrote sound: examples, answers, rules, questions. Each module looks at one of them.

Findings that were looked at and accepted stand in `config/check-accepted.txt`, one a line; `./sage check --accept`
writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helpsage.settings import ROOT
from helpsage.training.checks import alike, answers, dialogue, held_out, sizes
from helpsage.training.checks.finding import ORDER, Finding, Project, Severity
from helpsage.training.examples import Unreadable

__all__ = ["Checked", "Finding", "Project", "Severity", "accept", "run"]

ACCEPTED = ROOT / "config" / "check-accepted.txt"
HEADING = """\
# Findings of `./sage check` that somebody looked at and accepted: rule, tab, what it is about.
# Written by `./sage check --accept`. A line whose finding is gone may go.
"""
LOOKS = (alike.look, sizes.look, answers.look, dialogue.look, held_out.look)


@dataclass(frozen=True)
class Checked:
    """What was found.

    Attributes:
        accepted: findings left out because somebody accepted them.
    """

    findings: Sequence[Finding]
    accepted: Sequence[Finding]

    @property
    def sound(self) -> bool:
        """Whether there is no error."""
        return all(each.severity is not Severity.ERROR for each in self.findings)


def run(root: Path = ROOT, accepted: Path | None = None) -> Checked:
    """Look at everything. A file that cannot be read is the only finding then.

    Raises:
        encoder.model.EncoderMissing
    """
    try:
        project = Project.read(root)
        found = [finding for look in LOOKS for finding in look(project)]
    except Unreadable as error:
        place, _, words = str(error).partition(": ")
        return Checked([Finding(Severity.ERROR, "unreadable", place, words or str(error), str(error))], [])
    known = _accepted(accepted or root / ACCEPTED.relative_to(ROOT))
    found.sort(key=lambda each: (ORDER[each.severity], each.rule, each.place))
    return Checked(
        [each for each in found if each.line not in known or each.severity is Severity.ERROR],
        [each for each in found if each.line in known and each.severity is not Severity.ERROR],
    )


def accept(checked: Checked, path: Path = ACCEPTED) -> int:
    """Accept every finding that is no error; returns how many there are now."""
    lines = sorted(
        {each.line for each in (*checked.findings, *checked.accepted) if each.severity is not Severity.ERROR}
    )
    path.write_text(HEADING + "".join(f"{line}\n" for line in lines), "utf-8")
    return len(lines)


def _accepted(path: Path) -> set[str]:
    if not path.exists():
        return set()
    return {line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")}
