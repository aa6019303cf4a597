"""Asking a model what it understands: in Rasa's environment, as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from helpsage.setup import steps
from helpsage.training import vectors

#: Exit code with which our programs there say, in one line, what stands in the way.
TOLD = 2
NO_ENVIRONMENT = "Rasa's environment is not on this machine: ./sage train makes it"


class NotUnderstood(RuntimeError):
    """The model could not be asked; the message says why in one line."""


@dataclass(frozen=True)
class Understood:
    """What a model makes of one message.

    Attributes:
        label: likeliest intent, sure or not; for an answer of the FAQ its full name.
        confidence: 0 to 1.
        fell_back: not sure enough: it would ask back.
    """

    label: str
    confidence: float
    fell_back: bool = False

    @property
    def intent(self) -> str:
        """`faq` of `faq/reset_password`, and any other label itself."""
        return self.label.partition("/")[0]


def ask(model: Path, texts: Sequence[str], *, idly: bool = False) -> list[Understood]:
    """What a model makes of these texts.

    Parameters:
        idly: only with what the processor has left over.

    Raises:
        NotUnderstood: the model is broken or of another version, or Rasa's environment is not here.
    """
    if not texts:
        return []
    said = _run(["assistant.understand", str(model)], json.dumps(list(texts)), idly=idly)
    return [Understood(one["label"], one["confidence"], one["fell_back"]) for one in said]


def cross_validate(texts: Sequence[str], labels: Sequence[str], folds: int) -> list[Understood]:
    """What is said of every example by a classifier that was trained without it and its fold.

    Raises:
        NotUnderstood
    """
    with TemporaryDirectory(prefix="helpsage-") as folder:
        kept = Path(folder) / "vectors.npy"
        np.save(kept, vectors.of(texts))
        given = {"texts": list(texts), "labels": list(labels), "vectors": str(kept), "encoder": "cross-validation"}
        said = _run(["assistant.cross_validation", str(folds)], json.dumps(given), idly=False, OMP_NUM_THREADS="1")
    return [Understood(one["label"], one["confidence"]) for one in said]


def _run(module: list[str], given: str, *, idly: bool, **environment: str) -> Any:
    python = steps.rasa_python()
    if not python.exists():
        raise NotUnderstood(NO_ENVIRONMENT)
    finished = subprocess.run(
        [str(python), "-m", *module],
        input=given,
        capture_output=True,
        text=True,
        cwd=steps.ROOT,
        env=steps.rasa_environment(**environment),
        check=False,
        preexec_fn=_stand_back if idly else None,
    )
    if finished.returncode != 0:
        lines = [line for line in finished.stderr.splitlines() if line.strip()] or ["it ended without a word"]
        raise NotUnderstood(lines[-1] if finished.returncode == TOLD else f"could not ask the model: {lines[-1]}")
    return json.loads(finished.stdout)


def _stand_back() -> None:
    """Run when nobody else wants the processor (sched(7), SCHED_IDLE); elsewhere politely."""
    os.nice(19)
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
