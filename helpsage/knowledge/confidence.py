"""How sure it is that a passage answers a question, from its meaning and its words. Knows no database.

A logistic formula, fitted on one half of the questions in `bench/knowledge/questions.yml` and measured on the other
(`./sage bench knowledge --fit`); docs/articles.md has the figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

VERSION = "passages-1"
#: From here on a passage may be quoted to somebody who asks in the chat.
QUOTED = 0.5


@dataclass(frozen=True)
class Signs:
    """What speaks for a passage.

    Attributes:
        cosine: of the question and the piece nearest to it.
        share: of the question's words, those that the passage has, the rarer the heavier; 0 to 1.
        ahead: how much nearer it is than the next article.
        length: words of the question that mean something.
    """

    cosine: float
    share: float
    ahead: float
    length: int

    def numbers(self) -> list[float]:
        """As the formula takes them."""
        short = 1.0 if self.length < 2 else 0.0
        return [self.cosine, self.share, self.cosine * self.share, self.ahead, short]


_BIAS = -6.0
_WEIGHTS = (9.0, 1.5, 0.0, 3.0, -0.5)


def of(signs: Signs) -> float:
    """0 to 1."""
    total = _BIAS + sum(weight * number for weight, number in zip(_WEIGHTS, signs.numbers(), strict=True))
    return 1 / (1 + math.exp(-total))
