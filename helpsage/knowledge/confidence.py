"""How sure it is that a passage answers a question, from its meaning and its words. Knows no database.

A logistic formula, fitted on one half of the questions in `bench/knowledge/questions.yml` and measured on the other
(`./sage bench knowledge --fit`); docs/articles.md has the figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

VERSION = "passages-1"
#: From here on a passage may be quoted to somebody who asks in the chat.
QUOTED = 0.59


@dataclass(frozen=True)
class Signs:
    """What speaks for a passage.

    Attributes:
        cosine: of the question and the piece nearest to it.
        share: of the question's words, those that the passage has, the rarer the heavier; 0 to 1.
        ahead: how much nearer it is than the next article.
    """

    cosine: float
    share: float
    ahead: float

    def numbers(self) -> list[float]:
        """As the formula takes them."""
        return [self.cosine, self.share, self.cosine * self.share, self.ahead]


_BIAS = -4.39
_WEIGHTS = (7.87, 2.1, 2.32, 3.34)


def of(signs: Signs) -> float:
    """0 to 1."""
    total = _BIAS + sum(weight * number for weight, number in zip(_WEIGHTS, signs.numbers(), strict=True))
    return 1 / (1 + math.exp(-total))
