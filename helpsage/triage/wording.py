"""The words of a text as numbers: hashed, so that a stored model holds no word that anybody wrote.

Words, neighbouring pairs of words, and the first letters of long words (so that "printing" helps "printer") each fall
into one of `SIZE` places.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from helpsage.tickets.search.words import fold

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

SIZE = 1 << 14
#: Characters that are read.
MOST_CHARACTERS = 1_500
#: Letters of a word's beginning, for words at least two longer.
BEGINNING = 5


def places(text: str) -> list[int]:
    """Where the terms of a text fall, some more than once."""
    words = [word for word in fold(text[:MOST_CHARACTERS]).split() if len(word) > 1 and not word.isdigit()]
    terms = [*words, *(f"{one} {other}" for one, other in pairwise(words))]
    terms += [f"{word[:BEGINNING]}*" for word in words if len(word) >= BEGINNING + 2]
    return [zlib.crc32(term.encode()) % SIZE for term in terms]


@dataclass(frozen=True)
class Rows:
    """Weighted terms of many texts, a row each: those of row i stand from starts[i] to starts[i + 1]."""

    columns: Places
    weights: Floats
    starts: Places

    def times(self, matrix: npt.NDArray[Any]) -> Floats:
        """Rows times a matrix of (SIZE, n)."""
        some = np.zeros((len(self.starts) - 1, matrix.shape[1]), np.float32)
        if len(self.columns):
            gathered = matrix[self.columns].astype(np.float32, copy=False) * self.weights[:, None]
            filled = np.flatnonzero(np.diff(self.starts))
            some[filled] = np.add.reduceat(gathered, self.starts[filled], axis=0)
        return some


def rarity(counted: Sequence[Sequence[int]]) -> Floats:
    """What each place is worth: the more of these texts use it, the less."""
    seen = np.zeros(SIZE, np.float32)
    for each in counted:
        seen[list(set(each))] += 1
    worth: Floats = (np.log((1 + len(counted)) / (1 + seen)) + 1).astype(np.float32)
    return worth


def weighed(counted: Sequence[Sequence[int]], worth: Floats) -> Rows:
    """Rows of length 1 of texts given by their places."""
    columns, weights, starts = [], [], [0]
    for each in counted:
        terms = Counter(each)
        row = np.fromiter(terms.keys(), np.int64, len(terms))
        values = (1 + np.log(np.fromiter(terms.values(), np.float32, len(terms)))) * worth[row]
        length = float(np.sqrt(values @ values))
        columns.append(row)
        weights.append((values / length if length else values).astype(np.float32))
        starts.append(starts[-1] + len(row))
    none = np.zeros(0)
    return Rows(
        np.concatenate([none.astype(np.int64), *columns]),
        np.concatenate([none.astype(np.float32), *weights]),
        np.array(starts, np.int64),
    )
