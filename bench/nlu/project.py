"""Makes a Rasa project of a set of questions, trains it and asks it, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bench.nlu.datasets import Dataset
from bench.nlu.pipelines import ROOT

MODEL = "model"


def write(folder: Path, dataset: Dataset, pipeline: list[dict[str, Any]]) -> None:
    """Write training data and configuration."""
    examples: dict[str, list[str]] = {}
    for text, intent in dataset.train:
        examples.setdefault(intent, []).append(text)
    data = {"version": "3.1", "nlu": [{"intent": name, "examples": _lines(texts)} for name, texts in examples.items()]}
    config = {"recipe": "default.v1", "assistant_id": "bench", "language": "en", "pipeline": pipeline}
    yaml = YAML()
    yaml.width = 100_000
    with (folder / "nlu.yml").open("w", encoding="utf-8") as file:
        yaml.dump(data, file)
    with (folder / "config.yml").open("w", encoding="utf-8") as file:
        yaml.dump(config, file)


def _lines(texts: list[str]) -> str:
    """Examples as Rasa reads them; brackets would be taken for marks of entities."""
    plain = (" ".join(text.replace("[", "(").replace("]", ")").split()) for text in texts)
    return "".join(f"- {text}\n" for text in plain)


def train(folder: Path) -> float:
    """Train the project and return the seconds that the whole command took.

    Raises:
        RuntimeError: the training failed.
    """
    began = time.monotonic()
    command = [sys.executable, "-m", "rasa", "train", "nlu", "--nlu", "nlu.yml", "--config", "config.yml"]
    finished = _run([*command, "--out", ".", "--fixed-model-name", MODEL], folder)
    if not (folder / f"{MODEL}.tar.gz").is_file():
        raise RuntimeError(f"training failed: {finished.stderr[-2000:]}")
    return time.monotonic() - began


def ask(folder: Path, texts: list[str]) -> dict[str, Any]:
    """Parse the texts in a process that does nothing else; intents, confidences, milliseconds, resident megabytes.

    Raises:
        RuntimeError: the process failed.
    """
    (folder / "texts.json").write_text(json.dumps(texts), "utf-8")
    finished = _run([sys.executable, "-m", "bench.nlu.asked", MODEL, "texts.json", "answers.json"], folder)
    if finished.returncode != 0:
        raise RuntimeError(f"parsing failed: {finished.stderr[-2000:]}")
    answers: dict[str, Any] = json.loads((folder / "answers.json").read_text("utf-8"))
    return answers


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    quiet = {
        "RASA_TELEMETRY_ENABLED": "false",
        "PYTHONWARNINGS": "ignore",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": str(ROOT),
        "RASA_CACHE_DIRECTORY": str(folder / "cache"),
    }
    return subprocess.run(command, cwd=folder, env={**os.environ, **quiet}, capture_output=True, text=True, check=False)
