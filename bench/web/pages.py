"""The pages that are measured, in one place."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from bench.web.data import PLACES, THINGS, TROUBLES


@dataclass(frozen=True)
class Page:
    """A kind of page.

    Attributes:
        path: a new one of its kind at each call.
        target_ms: the 95th percentile that it has to reach at a million tickets; None: no target.
        flat: also at most 1.5 times what it takes at ten thousand.
    """

    name: str
    path: Callable[[random.Random, int], str]
    target_ms: float | None
    flat: bool = False


def _two_words(dice: random.Random, _: int) -> str:
    return f"/agent?status=all&q={dice.choice(THINGS)}+{dice.choice(TROUBLES)}"


def _one_word(dice: random.Random, _: int) -> str:
    return f"/agent?status=all&q={dice.choice(THINGS + PLACES)}"


def _mistyped(dice: random.Random, _: int) -> str:
    word = dice.choice(THINGS)
    cut = dice.randrange(1, len(word))
    return f"/agent?status=all&q={word[:cut]}{word[cut + 1 :]}+{dice.choice(PLACES)}"


PAGES = (
    Page("queue", lambda dice, n: "/agent", 60, flat=True),
    Page("queue, all, by creation", lambda dice, n: "/agent?status=all&sort=newest", 60, flat=True),
    Page(
        "queue, filtered",
        lambda dice, n: (
            f"/agent?status=all&category={dice.choice(('login_error', 'wifi_problem', 'double_charge'))}"
            f"&priority={dice.choice(('low', 'normal', 'high', 'urgent'))}"
        ),
        60,
        flat=True,
    ),
    Page("queue, mine", lambda dice, n: "/agent?who=mine", 60, flat=True),
    Page("search, two words", _two_words, 150),
    Page("search, one word", _one_word, 150),
    Page("search, mistyped", _mistyped, 150),
    Page("search, code", lambda dice, n: f"/agent?status=all&q=ERR{dice.randint(1, n)}", 150),
    Page("ticket", lambda dice, n: f"/agent/tickets/HS-{1000 + dice.randint(1, n)}", 60, flat=True),
    Page("analytics, 30 days", lambda dice, n: "/analytics", 300),
    Page("analytics, 52 weeks", lambda dice, n: "/analytics?range=364", 300),
    Page("analytics, categories, 52 weeks", lambda dice, n: "/analytics/by/category?range=364", 300),
    Page("analytics, agents, 52 weeks", lambda dice, n: "/analytics/by/agent?range=364", 300),
    Page("analytics, satisfaction, 52 weeks", lambda dice, n: "/analytics/satisfaction?range=364", 300),
    Page("analytics, assistant, 52 weeks", lambda dice, n: "/analytics/assistant?range=364", 300),
    Page("analytics, tickets behind", lambda dice, n: "/analytics/tickets?what=resolved&range=364", 300),
)
#: The same of the peer, where it has one.
PEER_PAGES = (
    Page("queue", lambda dice, n: "list", None),
    Page("queue, filtered", lambda dice, n: f"filter:{dice.randint(1, 4)}", None),
    Page("search, two words", lambda dice, n: f"search:{dice.choice(THINGS)} {dice.choice(TROUBLES)}", None),
    Page("search, code", lambda dice, n: f"search:ERR{dice.randint(1, n)}", None),
    Page("ticket", lambda dice, n: f"ticket:{dice.randint(1, n)}", None),
)
