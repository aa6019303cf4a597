"""How much one address or one conversation may ask for."""

from __future__ import annotations

import time
from collections import OrderedDict

#: Keys that are remembered; the one unused longest is forgotten first.
REMEMBERED = 20_000


class Allowance:
    """A token bucket for each key: `burst` at once, then `per_minute` a minute."""

    def __init__(self, burst: int, per_minute: int) -> None:
        self._burst = float(burst)
        self._per_second = per_minute / 60
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> bool:
        """Use one up; False when none is left."""
        now = time.monotonic()
        left, at = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        allowed = left >= 1
        self._left[key] = (left - 1 if allowed else left, now)
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return allowed
