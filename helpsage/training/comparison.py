"""Two models on the same messages: what changed for better, for worse, and sideways."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from helpsage.training import examples, gate, real, understanding
from helpsage.training.examples import Line
from helpsage.training.gate import Verdict
from helpsage.training.real import Message
from helpsage.training.understanding import Understood
from helpsage.triage.masking import masked


class Change(enum.StrEnum):
    """What another model does to one message."""

    BETTER = "better"
    WORSE = "worse"
    #: Another meaning, right or wrong as before, or nobody knows which is right.
    SIDEWAYS = "sideways"


@dataclass(frozen=True)
class Changed:
    """One message that the two models understand differently.

    Attributes:
        place: `file:line` of a held-out message, `message 17` of a real one.
    text: of a real one without addresses, numbers and secrets: reports outlive conversations.
        meant: what is right; empty when nobody knows.
    """

    change: Change
    place: str
    text: str
    meant: str
    before: str
    confidence_before: float
    after: str
    confidence: float


@dataclass(frozen=True)
class Comparison:
    """All of it."""

    before: str
    after: str
    held_out: int
    verdict: Verdict
    changed: Sequence[Changed]

    def of(self, change: Change) -> list[Changed]:
        """The changes of one kind."""
        return [each for each in self.changed if each.change is change]

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "before": self.before,
            "after": self.after,
            "held_out": self.held_out,
            **{change.value: len(self.of(change)) for change in Change},
            "gate": self.verdict.as_json(),
            "changed": [asdict(each) for each in self.changed],
        }


def compare(before: Path, after: Path, messages: Sequence[Message], *, idly: bool = False) -> Comparison:
    """Ask both models the held-out messages and the real ones.

    Parameters:
        idly: only with what the processor has left over.

    Raises:
        NotUnderstood: one of them cannot be loaded.
        Unreadable: the held-out messages cannot be read.
    """
    kept = examples.held_out()
    texts = [*(line.text for line in kept), *(message.text for message in messages)]
    old, new = (understanding.ask(model, texts, idly=idly) for model in (before, after))
    cut = len(kept)
    alike = _alike(old[cut:], new[cut:]) if messages else None
    verdict = gate.judge(
        gate.on_held_out(kept, old[:cut], new[:cut]), gate.on_real(messages, old[cut:], new[cut:]), len(messages), alike
    )
    changed = [
        *_changed_lines(kept, old[:cut], new[:cut]),
        *_changed_messages(messages, old[cut:], new[cut:]),
    ]
    return Comparison(before.name, after.name, cut, verdict, changed)


def lately(session: Session) -> list[Message]:
    """The real messages to compare on."""
    return real.lately(session)


def heard(one: Understood) -> str:
    """What the person would notice: the meaning, or that it asks back."""
    return real.FALLBACK if one.fell_back else one.label


def _alike(old: Sequence[Understood], new: Sequence[Understood]) -> float:
    return sum(heard(one) == heard(other) for one, other in zip(old, new, strict=True)) / len(old)


def _changed_lines(lines: Sequence[Line], old: Sequence[Understood], new: Sequence[Understood]) -> list[Changed]:
    found = []
    for line, one, other in zip(lines, old, new, strict=True):
        if one.label != other.label:
            change = _change(line.label == one.label, line.label == other.label)
            found.append(_row(change, line.place, line.text, line.label, one, other))
    return found


def _changed_messages(
    messages: Sequence[Message], old: Sequence[Understood], new: Sequence[Understood]
) -> list[Changed]:
    found = []
    for message, one, other in zip(messages, old, new, strict=True):
        if heard(one) != heard(other):
            known = bool(message.meanings)
            change = _change(known and message.is_met_by(one.label), known and message.is_met_by(other.label))
            meant = ", ".join(sorted(message.meanings))
            found.append(_row(change, f"message {message.id}", masked(message.text), meant, one, other))
    return found


def _change(was_right: bool, is_right: bool) -> Change:
    if was_right == is_right:
        return Change.SIDEWAYS
    return Change.BETTER if is_right else Change.WORSE


def _row(change: Change, place: str, text: str, meant: str, old: Understood, new: Understood) -> Changed:
    return Changed(
        change, place, text, meant, heard(old), round(old.confidence, 4), heard(new), round(new.confidence, 4)
    )
