"""The model is as good as it was on messages it has never seen, and has indeed never seen them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpsage.setup import steps

HELD_OUT = sorted(Path(__file__).parent.glob("held_out_*.yml"))
DATA = [*sorted((steps.ROOT / "data").glob("nlu/*.yml")), *sorted((steps.ROOT / "data").glob("faq/*.yml"))]
MARK = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")


def examples(path: Path) -> set[str]:
    """The texts of a file without marks, case, punctuation and spaces, by which two spellings of one text are equal."""
    found = set()
    for entry in yaml.safe_load(path.read_text("utf-8"))["nlu"]:
        for line in entry.get("examples", "").splitlines() if "intent" in entry else []:
            text = MARK.sub(r"\1", line.strip().removeprefix("- "))
            found.add(re.sub(r"[\W_]+", "", text).lower() or text)
    return found


@pytest.mark.parametrize("path", HELD_OUT, ids=lambda path: path.stem)
def test_no_held_out_message_is_trained_on(path: Path) -> None:
    trained = set().union(*(examples(file) for file in DATA))
    assert examples(path) & trained == set()


@pytest.fixture(scope="module")
def measured(model: Path) -> dict[str, Any]:
    """The numbers of `bench.held_out` for today's model."""
    finished = subprocess.run(
        [steps.rasa_python(), "-m", "bench.held_out", "--model", model, "--json"],
        capture_output=True,
        text=True,
        cwd=steps.ROOT,
        env=steps.rasa_environment(),
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    numbers: dict[str, Any] = json.loads(finished.stdout)
    return numbers


@pytest.mark.rasa
@pytest.mark.parametrize(
    ("what", "floor"),
    [
        ("accuracy", 0.885),
        ("faq_answer_accuracy", 0.85),
        ("accuracy_when_answered", 0.92),
        ("out_of_scope_refused", 0.9),
    ],
)
def test_at_least_as_good_as_measured(measured: dict[str, Any], what: str, floor: float) -> None:
    assert measured[what] >= floor


@pytest.mark.rasa
def test_the_assistant_seldom_asks_back(measured: dict[str, Any]) -> None:
    assert measured["fallback_rate"] <= 0.12
