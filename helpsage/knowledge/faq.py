"""The FAQ in `data/faq` as a source: an entry is as near as its nearest example question, or its answer.

Its questions are encoded once for each state of the files, and kept as a file under `var`; that takes some seconds, so
that it is done beside the requests, and until then there is nothing near.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from encoder.model import Encoder, Vectors
from helpsage import settings
from helpsage.configuration import assistant
from helpsage.knowledge.source import Asked, Suggestion
from helpsage.triage import examples

log = logging.getLogger(__name__)

PREFIX = "faq:"
_RESPONSE = "utter_faq/"
#: Below that likeness an entry is about something else.
NEAR = 0.5
_FOLDER = "knowledge"
_making = threading.Lock()


@dataclass(frozen=True)
class Index:
    """Every entry's questions and answer as vectors.

    Attributes:
        keys: of the entry that each row belongs to.
    """

    keys: tuple[str, ...]
    vectors: Vectors


def texts() -> list[tuple[str, str]]:
    """Entry and text: its example questions, and its answer."""
    answers = _answers()
    asked = [(key, text) for key, text in examples.of_faq() if key in answers]
    return [*asked, *answers.items()]


def _answers() -> dict[str, str]:
    found = assistant.taught()
    return {
        name.removeprefix(_RESPONSE): text
        for name, text in found.responses.items()
        if name.startswith(_RESPONSE) and text and name.removeprefix(_RESPONSE) in found.faqs
    }


def version_of(encoder: Encoder, some: Sequence[tuple[str, str]]) -> str:
    """Names the index of these texts."""
    read = hashlib.sha256(encoder.version.encode())
    for key, text in some:
        read.update(f"\0{key}\0{text}".encode())
    return read.hexdigest()[:16]


def index(encoder: Encoder) -> Index:
    """The index, made when it is missing."""
    some = texts()
    return _made(_path(version_of(encoder, some)), encoder, tuple(some))


def _path(version: str) -> Path:
    return settings.get().var / _FOLDER / f"faq-{version}.npz"


@lru_cache(maxsize=2)
def _made(path: Path, encoder: Encoder, some: tuple[tuple[str, str], ...]) -> Index:
    with _making:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            vectors = encoder.encode([text for _, text in some])
            partly = path.with_suffix(f".{threading.get_ident()}.part")
            with partly.open("wb") as file:
                np.savez(file, vectors=vectors)
            partly.replace(path)
            for other in path.parent.glob("faq-*.npz"):
                if other != path:
                    other.unlink(missing_ok=True)
        with np.load(path) as kept:
            return Index(tuple(key for key, _ in some), kept["vectors"])


class Faq:
    """The source."""

    def nearest(self, session: Session, asked: Asked, most: int) -> list[Suggestion]:
        """The nearest entries, by their nearest question."""
        found = self._ready(asked.encoder)
        if found is None:
            return []
        answers, best = _answers(), dict[str, float]()
        cosines = found.vectors @ asked.vector
        for key, likeness in zip(found.keys, cosines.tolist(), strict=True):
            best[key] = max(best.get(key, -1.0), likeness)
        near = sorted((key for key in best if best[key] >= NEAR and key in answers), key=lambda key: -best[key])
        return [Suggestion(f"{PREFIX}{key}", title(key), answers[key], best[key]) for key in near[:most]]

    def text_of(self, session: Session, key: str) -> str | None:
        """An entry's answer."""
        return _answers().get(key.removeprefix(PREFIX)) if key.startswith(PREFIX) else None

    def _ready(self, encoder: Encoder) -> Index | None:
        """The index if it was made; else it is begun."""
        if _path(version_of(encoder, texts())).exists():
            return index(encoder)
        if not _making.locked():
            threading.Thread(target=_make_quietly, args=(encoder,), daemon=True, name="faq index").start()
        return None


def _make_quietly(encoder: Encoder) -> None:
    try:
        index(encoder)
    except OSError as error:
        log.warning("the FAQ cannot be suggested: %s", error)


def title(key: str) -> str:
    """What people call an entry."""
    return key.replace("_", " ").capitalize()
