"""What stands in `data/` already: every example with its place, and its vector, to compare with.

The vectors are made once for each state of the files, in some seconds, and kept under `var`.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from assistant.nlu.patterns import Patterns, collect
from encoder.model import Encoder, Vectors
from helpsage import settings
from helpsage.settings import ROOT
from helpsage.training import blocks
from helpsage.training.blocks import Files, Written

DOMAIN = "domain.yml"
FOLDER = "data"
#: Examples that are shown beside an item.
NEAREST = 5
#: Examples that vote for a suggestion, and the likeness below which none is made.
VOTERS, LEAST_LIKENESS = 7, 0.55

_making = threading.Lock()


@dataclass(frozen=True)
class Near:
    """An example that lies near."""

    example: Written
    likeness: float

    def as_json(self) -> dict[str, Any]:
        """As an item keeps it."""
        each = self.example
        return {
            "text": each.text,
            "intent": each.intent,
            "file": each.path,
            "line": each.line,
            "likeness": round(self.likeness, 3),
        }


@dataclass(frozen=True)
class Taught:
    """The files as they are, their examples, and the vectors of these."""

    files: Files
    examples: tuple[Written, ...]
    vectors: Vectors
    version: str

    def nearest(self, vector: Vectors, most: int = NEAREST) -> list[Near]:
        """The examples nearest to a vector."""
        cosines = self.vectors @ vector
        order = np.argsort(-cosines, kind="stable")[:most]
        return [Near(self.examples[number], float(cosines[number])) for number in order]

    def suggestion(self, vector: Vectors, but: str = "") -> str:
        """The intent that the nearest examples speak for; empty when none is near.

        Parameters:
            but: an intent that it certainly is not.
        """
        votes: dict[str, float] = {}
        for near in self.nearest(vector, VOTERS):
            if near.likeness >= LEAST_LIKENESS and near.example.intent != but:
                votes[near.example.intent] = votes.get(near.example.intent, 0.0) + near.likeness**4
        return max(votes, key=lambda intent: (votes[intent], intent), default="")

    @cached_property
    def known(self) -> dict[str, Written]:
        """Examples by what makes two of them the same."""
        return {blocks.same(each.text): each for each in reversed(self.examples)}

    @cached_property
    def intents(self) -> list[str]:
        """Every intent that has examples."""
        return sorted({each.intent for each in self.examples})


def files() -> Files:
    """The trainers' files as they lie here."""
    paths = [ROOT / DOMAIN, *sorted((ROOT / FOLDER).glob("**/*.yml"))]
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths if path.is_file()}


def now(encoder: Encoder) -> Taught:
    """What is taught now; encodes the examples when they changed."""
    return _made(_frozen(files()), encoder)


def ready(encoder: Encoder) -> Taught | None:
    """The same if its vectors lie there, for pages that cannot wait."""
    there = files()
    if not _path(_version(blocks.written(there), encoder)).exists():
        return None
    return _made(_frozen(there), encoder)


def _frozen(there: Files) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(there.items()))


def _version(examples: Sequence[Written], encoder: Encoder) -> str:
    read = hashlib.sha256(encoder.version.encode())
    for each in examples:
        read.update(f"\0{each.intent}\0{each.text}".encode())
    return read.hexdigest()[:16]


def _path(version: str) -> Path:
    return settings.get().var / "training" / f"taught-{version}.npz"


@lru_cache(maxsize=2)
def _made(there: tuple[tuple[str, str], ...], encoder: Encoder) -> Taught:
    kept = dict(there)
    examples = tuple(blocks.written(kept))
    version = _version(examples, encoder)
    return Taught(kept, examples, _vectors(_path(version), examples, encoder), version)


def _vectors(path: Path, examples: Sequence[Written], encoder: Encoder) -> Vectors:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _making, (path.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            partly = path.with_suffix(".part")
            with partly.open("wb") as file:
                np.savez(file, vectors=encoder.encode([each.text for each in examples]))
            partly.replace(path)
            for other in path.parent.glob("taught-*.npz"):
                if other != path:
                    other.unlink(missing_ok=True)
        with np.load(path) as kept:
            vectors: Vectors = kept["vectors"]
            return vectors


@lru_cache(maxsize=2)
def _patterns(there: tuple[tuple[str, str], ...], encoder: Encoder) -> Patterns:
    regexes: list[tuple[str, str]] = []
    tables: list[tuple[str, list[str]]] = []
    synonyms: dict[str, str] = {}
    for path, text in there:
        if not path.startswith("data/lookups/"):
            continue
        for entry in (yaml.load(text, Loader=yaml.CSafeLoader) or {}).get("nlu", ()):
            lines = [line[1:].strip() for line in str(entry.get("examples", "")).splitlines() if line[:1] == "-"]
            if "regex" in entry:
                regexes += [(entry["regex"], line) for line in lines]
            elif "lookup" in entry:
                tables.append((entry["lookup"], lines))
            elif "synonym" in entry:
                synonyms |= dict.fromkeys(lines, entry["synonym"])
    examples = [marks(each.marked) for each in blocks.written(dict(there))]
    return collect(regexes, tables, synonyms, examples, encoder.words)


def marks(marked: str) -> tuple[str, list[tuple[str, int, int]]]:
    """The plain text of an example, and its entities with their places in it."""
    plain, found, end = "", [], 0
    for entity in _MARK.finditer(marked):
        plain += marked[end : entity.start()]
        found.append((entity[2], len(plain), len(plain) + len(entity[1])))
        plain += entity[1]
        end = entity.end()
    return plain + marked[end:], found


_MARK = re.compile(r"\[([^\]]+)\]\((\w+)\)")


def annotated(text: str, there: Files, encoder: Encoder) -> str:
    """An example with its entities marked as those in `data/` are: `[yesterday](date)`."""
    shown, end = "", 0
    for each in _patterns(_frozen(there), encoder).find(text):
        written = text[each.start : each.end]
        if "[" in written or "]" in written:
            continue
        shown += f"{text[end : each.start]}[{written}]({each.entity})"
        end = each.end
    return shown + text[end:]
