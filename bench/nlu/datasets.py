"""Reads the public sets of questions: BANKING77 and cuts of it (CSV), CLINC150 (JSON)."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

#: How the sets mark questions that none of their intents covers.
UNKNOWN = ("oos", "OOS")

Rows = list[tuple[str, str]]


@dataclass(frozen=True)
class Dataset:
    """Texts with their intents. `unknown` are the test texts that belong to none."""

    name: str
    train: Rows
    test: Rows
    unknown: list[str]


def read(folder: Path) -> Dataset:
    """Read the set that lies in a folder.

    Raises:
        ValueError: the folder holds neither `data_small.json` nor `train.csv` and `test.csv`.
    """
    if (folder / "data_small.json").is_file():
        parts = json.loads((folder / "data_small.json").read_text("utf-8"))
        train, test = ([(text, intent) for text, intent in parts[part]] for part in ("train", "test"))
        unknown = [text for text, _ in parts["oos_test"]]
    elif (folder / "train.csv").is_file() and (folder / "test.csv").is_file():
        train, test = _csv(folder / "train.csv"), _csv(folder / "test.csv")
        unknown = [text for text, intent in test if intent in UNKNOWN]
    else:
        raise ValueError(f"no train.csv and test.csv, and no data_small.json, in {folder}")
    known = [(text, intent) for text, intent in test if intent not in UNKNOWN]
    return Dataset(folder.resolve().name, train, known, unknown)


def _csv(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)  # the heading
        return [(text, intent) for text, intent in lines]
