"""What every channel does with a person's words before they are kept: read, count, put in order.

Whose conversation it is (architecture rule 3) is asked when they are kept (`assistant/conversations.py`) and again when
they are answered (`inbox.py`); no channel asks by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import UUID

from assistant.channels import text as texts
from assistant.channels import words
from assistant.channels.inbox import LONGEST_QUEUE, Inbox
from assistant.channels.limits import Allowance


class NotTaken(Exception):
    """Words that are not kept, and why.

    Attributes:
        error: `empty`, `too_long` or `too_fast`.
        words: what the person is told.
    """

    def __init__(self, error: str, said: str) -> None:
        super().__init__(error)
        self.error = error
        self.words = said


def readable(typed: str) -> str:
    """The words as they are kept.

    Raises:
        NotTaken: `empty` or `too_long`.
    """
    cleaned = texts.clean(typed)
    if not cleaned:
        raise NotTaken("empty", words.EMPTY)
    if len(cleaned) > texts.LONGEST_TEXT:
        raise NotTaken("too_long", words.TOO_LONG.format(length=len(cleaned), limit=texts.LONGEST_TEXT))
    return cleaned


class Taking:
    """The limits and the order of one process's conversations."""

    def __init__(self, inbox: Inbox, allowance: Allowance) -> None:
        """
        Args:
            inbox: Knows how many words wait for their answers.
            allowance: How many one conversation may send.
        """
        self._inbox = inbox
        self._allowance = allowance
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    def count(self, conversation: UUID) -> None:
        """Use up one of what this conversation may send.

        Raises:
            NotTaken: `too_fast`.
        """
        if self._inbox.waiting(conversation) >= LONGEST_QUEUE or not self._allowance.take(str(conversation)):
            raise NotTaken("too_fast", words.TOO_FAST)

    @contextlib.asynccontextmanager
    async def in_order(self, key: str) -> AsyncIterator[None]:
        """Messages of one conversation are kept in the order in which they came."""
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            _, users = self._locks[key]
            if users == 1:
                del self._locks[key]
            else:
                self._locks[key] = (lock, users - 1)
