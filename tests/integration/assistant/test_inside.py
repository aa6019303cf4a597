"""Stores, windows and fast paths, tried inside Rasa's environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from helpsage.setup import steps
from tests.channels.harness import train
from tests.conftest import fresh_database

pytestmark = [pytest.mark.rasa]

INSIDE = Path(__file__).parent / "inside"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model."""
    return train(tmp_path_factory.mktemp("model"))


def run_inside(script: str, *arguments: str) -> None:
    """Run a script of asserts in Rasa's environment."""
    environment = steps.rasa_environment()
    finished = subprocess.run(
        [str(steps.rasa_python()), str(INSIDE / script), *arguments],
        env={**environment, "PYTHONPATH": os.pathsep.join((str(steps.ROOT), str(INSIDE)))},
        cwd=steps.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    assert finished.returncode == 0, f"{finished.stdout[-1500:]}\n{finished.stderr[-4000:]}"


def test_fast_paths_give_what_rasa_gives(model: Path) -> None:
    run_inside("fast_paths.py", str(model))


def test_windows_behave_like_the_whole_conversation(model: Path) -> None:
    run_inside("windows.py", str(model))


def test_stores_keep_order_and_lose_nothing(model: Path, worker_id: str) -> None:
    run_inside("stores.py", str(model), fresh_database(f"inside_{worker_id}"))


def test_a_loaded_model_is_left_out_of_garbage_collection(model: Path) -> None:
    run_inside("memory.py", str(model))


def test_chat_applications_speak_the_conversations_language(worker_id: str) -> None:
    run_inside("spoken.py", fresh_database(f"spoken_{worker_id}"))


@pytest.mark.parametrize("script", ["sender.py", "listener.py"])
def test_a_wake_up_call_keeps_nobody_from_stopping(script: str) -> None:
    run_inside(script)
