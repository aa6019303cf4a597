"""How good a model is: on messages it has never seen, on its own examples by cross-validation, in dialogues."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from helpsage import clock
from helpsage.setup import steps
from helpsage.training import examples, statistics, understanding
from helpsage.training.examples import Line
from helpsage.training.statistics import Bin, Class
from helpsage.training.understanding import Understood

STORIES = steps.ROOT / "tests" / "conversations" / "core"
FEWEST_FOLDS, MOST_FOLDS = 2, 20
#: Misunderstood messages that a report lists.
MOST_MISTAKES = 200


@dataclass(frozen=True)
class Mistake:
    """One message that was taken for something else."""

    place: str
    text: str
    meant: str
    said: str
    confidence: float


@dataclass(frozen=True)
class Measured:
    """A model on one set of messages.

    Attributes:
        what: `held-out messages`, `cross-validation, 5 folds`.
        right: share of right intents; `right_answers`: of a question the answer, too.
        interval: of 95 %, for `right`.
        asked_back: share of messages of which it is not sure enough; None where nothing decides that.
        unknown: intents of the messages that the model cannot know: they have no example.
    """

    what: str
    messages: int
    right: float
    interval: tuple[float, float]
    right_answers: float
    macro_f1: float
    asked_back: float | None
    right_when_sure: float | None
    classes: Sequence[Class]
    confusions: Sequence[tuple[str, str, int]]
    bins: Sequence[Bin]
    calibration_error: float
    mistakes: Sequence[Mistake]
    unknown: Sequence[str] = ()


@dataclass(frozen=True)
class Dialogues:
    """The test conversations: how many go as they should."""

    conversations: int
    passed: int
    failures: str = ""


@dataclass(frozen=True)
class Evaluation:
    """All that was measured of one model."""

    model: str
    at: str
    measured: Sequence[Measured] = ()
    dialogues: Dialogues | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        """For scripts, and for the console."""
        return asdict(self)


def evaluate(model: Path, folds: int = 0, dialogues: bool = False, *, idly: bool = False) -> Evaluation:
    """Measure.

    Parameters:
        folds: of the cross-validation; 0 leaves it out.
        dialogues: run the test conversations too.
        idly: ask the model only with what the processor has left over.

    Raises:
        NotUnderstood: the model cannot be loaded.
        Unreadable: messages or examples cannot be read.
        ValueError: so many folds make no sense.
    """
    if folds and not FEWEST_FOLDS <= folds <= MOST_FOLDS:
        raise ValueError(f"between {FEWEST_FOLDS} and {MOST_FOLDS} folds, not {folds}")
    lines = examples.held_out()
    written = examples.written()
    known = {line.intent for line in written}
    answers = understanding.ask(model, [line.text for line in lines], idly=idly)
    measured = [measure("held-out messages", lines, answers, known)]
    if folds:
        said = understanding.cross_validate([line.text for line in written], [line.label for line in written], folds)
        measured.append(measure(f"cross-validation, {folds} folds", written, said, known, decides=False))
    talked = talk(model) if dialogues else None
    return Evaluation(model.name, clock.now().isoformat(timespec="seconds"), measured, talked, _notes(lines, known))


def measure(
    what: str, lines: Sequence[Line], said: Sequence[Understood], known: set[str], *, decides: bool = True
) -> Measured:
    """The numbers of one set.

    Parameters:
        known: intents with examples.
        decides: whether falling back was decided for these.
    """
    meant, taken = [line.intent for line in lines], [one.intent for one in said]
    right = [truth == claim for truth, claim in zip(meant, taken, strict=True)]
    sure = [hit for hit, one in zip(right, said, strict=True) if not one.fell_back]
    found = statistics.bins([one.confidence for one in said], right)
    classes = statistics.by_class(meant, taken)
    return Measured(
        what=what,
        messages=len(lines),
        right=_share(right),
        interval=statistics.wilson(sum(right), len(right)),
        right_answers=_share([line.label == one.label for line, one in zip(lines, said, strict=True)]),
        macro_f1=statistics.macro_f1(classes),
        asked_back=1 - len(sure) / len(said) if decides and said else None,
        right_when_sure=_share(sure) if decides else None,
        classes=classes,
        confusions=statistics.confusions(meant, taken),
        bins=found,
        calibration_error=statistics.calibration_error(found),
        mistakes=[
            Mistake(line.place, line.text, line.label, one.label, one.confidence)
            for line, one in zip(lines, said, strict=True)
            if line.intent != one.intent
        ][:MOST_MISTAKES],
        unknown=sorted({line.intent for line in lines} - known),
    )


def talk(model: Path) -> Dialogues:
    """Play the test conversations (`rasa test core`).

    Raises:
        NotUnderstood: they could not be played.
    """
    with tempfile.TemporaryDirectory(prefix="helpsage-") as folder:
        arguments = ["test", "core", "--stories", STORIES, "--model", model, "--out", folder, "--no-plot"]
        finished = subprocess.run(
            [str(each) for each in (steps.rasa_python(), "-m", "rasa", *arguments)],
            cwd=steps.ROOT,
            env=steps.rasa_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        report = Path(folder) / "story_report.json"
        if finished.returncode != 0 or not report.exists():
            last = [line for line in (finished.stdout + finished.stderr).splitlines() if line.strip()][-1:]
            raise understanding.NotUnderstood(f"the test conversations could not be played: {' '.join(last)}")
        counted = json.loads(report.read_text("utf-8"))["conversation_accuracy"]
        failed = Path(folder) / "failed_test_stories.yml"
        failures = failed.read_text("utf-8") if failed.exists() and counted["correct"] < counted["total"] else ""
    return Dialogues(counted["total"], counted["correct"], failures)


def _notes(lines: Sequence[Line], known: set[str]) -> list[str]:
    """What a reader of the numbers has to know."""
    strange = [line for line in lines if line.intent not in known]
    seen: dict[str, Line] = {}
    for line in strange:
        seen.setdefault(line.intent, line)
    return [
        f"{line.place}: intent {intent!r} has no example in data/: its messages count as misunderstood"
        for intent, line in seen.items()
    ]


def _share(truths: Sequence[bool]) -> float:
    return sum(truths) / len(truths) if truths else 0.0
