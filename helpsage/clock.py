"""The one clock. Everything that asks for the time asks here, so that tests can set it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_source: Callable[[], datetime] | None = None


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _source() if _source is not None else datetime.now(UTC)


@contextmanager
def frozen(at: datetime | Callable[[], datetime]) -> Iterator[None]:
    """Set the clock inside a test: to one moment, or to a function that gives the moment.

    Raises:
        ValueError: a moment without a time zone.
    """
    global _source
    if isinstance(at, datetime) and at.tzinfo is None:
        raise ValueError("the clock is UTC: give an aware datetime")
    before = _source
    _source = (lambda: at) if isinstance(at, datetime) else at
    try:
        yield
    finally:
        _source = before
