"""Weighs the words and word parts of a text (tf-idf), quickly and without pickled objects.

Terms are words, pairs of words, and runs of 2 to 5 characters inside each word with a space on either side, so that a
typo spoils a few terms and not the word. Weights are 1 + log(count), times log((1 + texts) / (1 + texts with the term))
+ 1, and each of the two kinds of terms is scaled to length 1: what scikit-learn's `TfidfVectorizer` does with
`sublinear_tf`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

#: Characters read of a text: as far as the encoder reads, and then some.
MAX_CHARACTERS = 1000
SHORTEST, LONGEST = 2, 5
_WORD = re.compile(r"\w\w+")
#: Told apart from runs of characters by this sign, which no text holds after `clean`.
_WORD_MARK = "\x00"

Indices = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float32]


def clean(text: str) -> str:
    """Lower case, control characters away, every run of white space one space, at most MAX_CHARACTERS."""
    head = text[: 2 * MAX_CHARACTERS].lower().replace(_WORD_MARK, " ")
    return " ".join(head.split())[:MAX_CHARACTERS]


def is_worded(text: str) -> bool:
    """Whether there is a letter or digit in the text."""
    return any(character.isalnum() for character in text)


def words_of(text: str) -> list[str]:
    """The word terms of a cleaned text: words of two letters and more, and neighbouring pairs of them."""
    words = _WORD.findall(text)
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def parts_of(text: str) -> list[str]:
    """The character terms of a cleaned text."""
    found: list[str] = []
    for word in text.split():
        padded = f" {word} "
        length = len(padded)
        for size in range(SHORTEST, LONGEST + 1):
            found.extend([padded[start : start + size] for start in range(max(1, length - size + 1))])
            if size >= length:
                break
    return found


@dataclass(frozen=True)
class Lexicon:
    """The terms of the training texts and what each is worth."""

    #: Number of each term; word terms begin with a NUL.
    numbers: dict[str, int]
    rarity: Weights

    @classmethod
    def of(cls, texts: Sequence[str], seen_in: int = 1) -> Lexicon:
        """Count the terms of these texts, leaving out those seen in fewer than `seen_in` of them."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(set(_terms(clean(text))))
        kept = sorted(term for term, count in counts.items() if count >= seen_in)
        rarity = np.array([math.log((1 + len(texts)) / (1 + counts[term])) + 1 for term in kept], np.float32)
        return cls({term: number for number, term in enumerate(kept)}, rarity)

    @classmethod
    def from_terms(cls, terms: Iterable[str], rarity: Weights) -> Lexicon:
        """Rebuild a stored lexicon; terms in the order of their numbers."""
        return cls({term: number for number, term in enumerate(terms)}, rarity)

    def __len__(self) -> int:
        return len(self.numbers)

    def weigh(self, text: str) -> tuple[Indices, Weights]:
        """The numbers of the text's known terms and their weights. Both are empty when none is known."""
        cleaned = clean(text)
        words = self._half([_WORD_MARK + word for word in words_of(cleaned)])
        parts = self._half(parts_of(cleaned))
        return np.concatenate([words[0], parts[0]]), np.concatenate([words[1], parts[1]])

    def _half(self, terms: Sequence[str]) -> tuple[Indices, Weights]:
        known = Counter(number for number in map(self.numbers.get, terms) if number is not None)
        indices = np.fromiter(known.keys(), np.int32, len(known))
        counts = np.fromiter(known.values(), np.float32, len(known))
        weights = (1 + np.log(counts)) * self.rarity[indices]
        length = float(np.sqrt(weights @ weights))
        return indices, weights / length if length else weights


def _terms(cleaned: str) -> list[str]:
    return [_WORD_MARK + word for word in words_of(cleaned)] + parts_of(cleaned)
