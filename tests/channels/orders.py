"""Deliveries that come again, in every order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from itertools import permutations

#: Two deliveries, each brought twice: every order in which they can come.
ORDERS = sorted(set(permutations("aabb")))


async def bring(order: tuple[str, ...], deliveries: dict[str, Callable[[], Awaitable[object]]]) -> list[str]:
    """Bring each delivery in this order; returns them in the order of their first coming."""
    for name in order:
        await deliveries[name]()
    return list(first(order))


def first(order: tuple[str, ...]) -> Iterator[str]:
    """Each name where it comes first."""
    seen: set[str] = set()
    for name in order:
        if name not in seen:
            seen.add(name)
            yield name
