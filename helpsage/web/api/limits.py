"""How often a token may ask: a bucket of requests that fills again evenly.

Kept in this process, because a write for each request would cost more than most requests. Several web programs behind
one address allow as many times the number; `docs/api.md` says so.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_S = 60
#: Buckets that are looked after at once; full ones are forgotten when there are more.
MOST_BUCKETS = 10_000


@dataclass(frozen=True)
class Allowance:
    """What is left.

    Attributes:
        most: requests in a full bucket.
        left: requests that can be sent now.
        reset_s: seconds until the bucket is full.
        wait_s: seconds until one more can be sent; 0: this one is fine.
    """

    most: int
    left: int
    reset_s: int
    wait_s: int

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers-10 writes it."""
        found = {
            "RateLimit-Policy": f'"token";q={self.most};w={WINDOW_S}',
            "RateLimit": f'"token";r={self.left};t={self.reset_s}',
        }
        return found | ({"Retry-After": str(self.wait_s)} if self.wait_s else {})


class Limiter:
    """Buckets by name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: Requests that were in the bucket, and when.
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, name: str, most: int) -> Allowance:
        """Take one request out of a bucket of `most` that fills within `WINDOW_S`."""
        per_second = most / WINDOW_S
        with self._lock:
            now = self._clock()
            before, at = self._buckets.get(name, (float(most), now))
            there = min(float(most), before + (now - at) * per_second)
            taken = there >= 1
            left = there - 1 if taken else there
            self._buckets[name] = (left, now)
            if len(self._buckets) > MOST_BUCKETS:
                self._forget_full(now, per_second, most)
        return Allowance(
            most=most,
            left=int(left),
            reset_s=math.ceil((most - left) / per_second),
            wait_s=0 if taken else max(1, math.ceil((1 - left) / per_second)),
        )

    def clear(self) -> None:
        """Everybody may ask as if nobody had."""
        with self._lock:
            self._buckets.clear()

    def _forget_full(self, now: float, per_second: float, most: int) -> None:
        kept = {name: one for name, one in self._buckets.items() if one[0] + (now - one[1]) * per_second < most}
        self._buckets = kept if len(kept) <= MOST_BUCKETS else dict(list(kept.items())[MOST_BUCKETS // 2 :])
