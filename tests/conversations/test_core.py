"""`rasa test core` over the stories in `core/`, and the project's own validation."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from helpsage.settings import ROOT
from helpsage.setup import steps

pytestmark = pytest.mark.rasa

STORIES = Path(__file__).parent / "core"


def rasa(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Rasa's own command line on this project."""
    return subprocess.run(
        [steps.rasa_python(), "-m", "rasa", *arguments],
        cwd=ROOT,
        env=steps.rasa_environment(),
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def test_every_story_is_predicted(tmp_path: Path) -> None:
    done = rasa(
        "test", "core", "--stories", STORIES, "--model", steps.ensure_model(), "--out", tmp_path,
        "--fail-on-prediction-errors", "--no-plot",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert not (tmp_path / "failed_test_stories.yml").exists() or "None of the test stories failed" in (
        tmp_path / "failed_test_stories.yml"
    ).read_text(encoding="utf-8")


def test_the_project_is_valid() -> None:
    done = rasa("data", "validate", "--fail-on-warnings")
    assert done.returncode == 0, re.sub(r"\x1b\[\d+m", "", done.stderr)[-2000:]
