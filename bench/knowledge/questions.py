"""The questions, and the two halves that they fall into by their text: one to set the threshold by, one to report."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).parent / "questions.yml"


@dataclass(frozen=True)
class Question:
    """What somebody asks.

    Attributes:
        articles: addresses of those that answer it; none: nothing we have does.
    """

    text: str
    articles: frozenset[str]

    @property
    def fitted(self) -> bool:
        """Whether it is of the half by which weights and threshold are set."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 0


def read() -> list[Question]:
    """All of them."""
    raw = yaml.safe_load(FILE.read_text("utf-8"))
    answerable = [Question(each["q"], _slugs(each["article"])) for each in raw["answerable"]]
    return answerable + [Question(each["q"], frozenset()) for each in raw["out_of_scope"]]


def _slugs(given: str | list[str]) -> frozenset[str]:
    return frozenset([given] if isinstance(given, str) else given)
