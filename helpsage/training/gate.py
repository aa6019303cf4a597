"""Whether a model may be put to work: nothing worse than the one in use gets there by accident.

A model is worse when it loses more messages against the one in use than chance explains (one-sided exact McNemar test,
`statistics.Paired.p_worse` below `CHANCE`): on the held-out messages, and on what people really wrote in the last month
where somebody confirmed what it meant. A model that is equal, or better, or worse by no more than chance, passes: with
some thousand messages that lets a loss of about one in a hundred through, and `./sage compare` shows each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from helpsage.training import statistics
from helpsage.training.examples import Line
from helpsage.training.real import Message
from helpsage.training.statistics import Paired
from helpsage.training.understanding import Understood

#: How often a model that is as good may be turned away by bad luck.
CHANCE = 0.05
WORSE = (
    "worse on {what}: {right} of {messages} right, {right_before} before; it loses {lost} and gains {gained} (chance: "
    "{p:.1%})"
)
HELD_OUT, REAL = "the held-out messages", "what people wrote in the last month"


@dataclass(frozen=True)
class Verdict:
    """What the gate found.

    Attributes:
        reasons: why not; empty when it may.
        real: None: nobody confirmed anything in the last month.
        alike: share of the last month's messages of which both say the same; None: there were none.
    """

    reasons: tuple[str, ...]
    held_out: Paired
    real: Paired | None
    messages: int
    alike: float | None

    @property
    def allowed(self) -> bool:
        """Whether it may be put to work."""
        return not self.reasons

    def as_json(self) -> dict[str, Any]:
        """For the history, for scripts."""
        return {
            "allowed": self.allowed,
            "reasons": list(self.reasons),
            "held_out": _as_json(self.held_out),
            "real": _as_json(self.real) if self.real is not None else None,
            "messages": self.messages,
            "alike": round(self.alike, 4) if self.alike is not None else None,
        }


def judge(held_out: Paired, real: Paired | None, messages: int, alike: float | None) -> Verdict:
    """Decide."""
    reasons = []
    for what, found in ((HELD_OUT, held_out), (REAL, real)):
        if found is not None and found.p_worse < CHANCE:
            reasons.append(WORSE.format(what=what, p=found.p_worse, **asdict(found)))
    return Verdict(tuple(reasons), held_out, real, messages, alike)


def on_held_out(lines: Sequence[Line], before: Sequence[Understood], after: Sequence[Understood]) -> Paired:
    """Count full labels: of a question also its answer must be right."""
    return statistics.paired(
        [line.label == one.label for line, one in zip(lines, before, strict=True)],
        [line.label == one.label for line, one in zip(lines, after, strict=True)],
    )


def on_real(messages: Sequence[Message], before: Sequence[Understood], after: Sequence[Understood]) -> Paired | None:
    """Count those whose meaning somebody confirmed; None when nobody did."""
    told = [(old, new, one) for one, old, new in zip(messages, before, after, strict=True) if one.meanings]
    if not told:
        return None
    return statistics.paired(
        [one.is_met_by(old.label) for old, _, one in told], [one.is_met_by(new.label) for _, new, one in told]
    )


def _as_json(found: Paired) -> dict[str, Any]:
    return {**asdict(found), "p_worse": round(found.p_worse, 6), "p_different": round(found.p_different, 6)}
