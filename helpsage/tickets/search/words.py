"""How search reads: the same folding for what people wrote and for what is asked, and what of a text to show."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

#: Words of a query that are looked at; the rest of a pasted page would not make the answer better.
MOST_WORDS = 12
LONGEST_WORD = 60
#: From so many letters on a word is found by its beginning.
SHORTEST_BEGINNING = 3

# The same as `search_text` in migration 0006.
_ACCENTS = re.compile(r"[\u0300-\u036f]+")
_BETWEEN = re.compile(r"[\u0001-\u002f\u003a-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+")
#: A word with its accents, as it stands in a text.
_WRITTEN = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*")


def fold(text: str) -> str:
    """Lower case, without accents, words parted by single spaces."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).lower())
    return _BETWEEN.sub(" ", plain).strip()


def asked(text: str) -> list[str]:
    """The words of a query, folded, each once, in order."""
    found = (word[:LONGEST_WORD] for word in fold(text.replace("\0", " ")).split() if any(map(str.isalnum, word)))
    return list(dict.fromkeys(found))[:MOST_WORDS]


@dataclass(frozen=True)
class Piece:
    """A part of a text: found words stand apart from what is between them."""

    text: str
    found: bool = False


def marked(text: str, words: Iterable[str]) -> list[Piece]:
    """The text cut into what a query found and the rest, in order."""
    sought = tuple(words)
    pieces: list[Piece] = []
    end = 0
    for match in _WRITTEN.finditer(text):
        if not _fits(match[0], sought):
            continue
        if match.start() > end:
            pieces.append(Piece(text[end : match.start()]))
        pieces.append(Piece(match[0], found=True))
        end = match.end()
    if end < len(text):
        pieces.append(Piece(text[end:]))
    return pieces


def excerpt(text: str, words: Iterable[str], length: int = 160) -> list[Piece]:
    """About `length` characters around the first found word, marked; nothing when there is none."""
    sought = tuple(words)
    line = " ".join(text.split())
    first = next((match for match in _WRITTEN.finditer(line) if _fits(match[0], sought)), None)
    if first is None:
        return []
    begin = max(0, first.start() - length // 3)
    begin = line.rfind(" ", 0, begin) + 1 if begin else 0
    end = begin + length
    if end < len(line):
        end = max(line.rfind(" ", begin, end), first.end())
    shown = ("…" if begin else "") + line[begin:end] + ("…" if end < len(line) else "")
    return marked(shown, sought)


def _fits(written: str, sought: tuple[str, ...]) -> bool:
    folded = fold(written)
    return any(folded == word or (len(word) >= SHORTEST_BEGINNING and folded.startswith(word)) for word in sought)
