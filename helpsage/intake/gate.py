"""Keeping what comes in on many connections at once: those who come while a commit is under way share the next one.

Nobody waits for others to come: who finds the gate free goes through alone. Each hears that its record was kept only
when that is committed; one that cannot be kept keeps none of the others out.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from sqlalchemy.exc import OperationalError

from helpsage.db.session import transaction
from helpsage.intake import service
from helpsage.intake.models import Lane
from helpsage.intake.service import Arrival, Kept

#: Records and bytes of one commit; a larger record goes alone.
MOST, MOST_BYTES = 64, 8 * 2**20


class _Waiting:
    """A record, and whoever waits until it is kept.

    Attributes:
        batch: what its thread is to commit, this record among it; empty when another thread does that.
    """

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.kept: Kept | None = None
        self.error: Exception | None = None
        self.batch: list[_Waiting] = []
        # A lock is the cheapest thing to wait for: `wake` opens it.
        self._closed = threading.Lock()
        self._closed.acquire()

    def wait(self) -> None:
        """Wait for the answer, or for one's turn to commit."""
        self._closed.acquire()

    def wake(self) -> None:
        """Let it go on."""
        self._closed.release()


class Gate:
    """One for all threads of a program: one at a time commits for all who wait, the others sleep."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        #: Whether somebody commits. While nobody does, nobody waits.
        self._taken = False
        self._queue: list[_Waiting] = []

    def keep(self, arrival: Arrival) -> Kept:
        """Keep a record, and say where when that is committed.

        Raises:
            whatever kept it from being kept.
        """
        mine = _Waiting(arrival)
        with self._guard:
            if self._taken:
                self._queue.append(mine)
            else:
                self._taken = True
                mine.batch = [mine]
        if not mine.batch:
            mine.wait()
        if mine.batch:
            self._take_turn(mine)
        if mine.error is not None:
            raise mine.error
        assert mine.kept is not None
        return mine.kept

    def _take_turn(self, mine: _Waiting) -> None:
        try:
            _commit(mine.batch)
        except BaseException as error:  # of this thread alone, which is being ended
            for waiting in mine.batch:
                waiting.error = waiting.error or RuntimeError(f"not kept: {type(error).__name__}")
            raise
        finally:
            self._pass_on()
            for waiting in mine.batch:
                if waiting is not mine:
                    waiting.wake()

    def _pass_on(self) -> None:
        """The turn goes to the first who waits, with what waits behind it."""
        with self._guard:
            some = _together(self._queue)
            del self._queue[: len(some)]
            if not some:
                self._taken = False
                return
        some[0].batch = some
        some[0].wake()


def _together(queue: Sequence[_Waiting]) -> list[_Waiting]:
    size = 0
    some: list[_Waiting] = []
    keys: set[tuple[Lane, str]] = set()
    for waiting in queue[:MOST]:
        size += len(waiting.arrival.raw)
        key = (waiting.arrival.lane, waiting.arrival.key)
        # The second of a key is to hear that it is the second.
        if some and (size > MOST_BYTES or key in keys):
            break
        keys.add(key)
        some.append(waiting)
    return some


def _commit(some: Sequence[_Waiting]) -> None:
    try:
        with transaction() as session:
            kept = service.accept_all(session, [waiting.arrival for waiting in some])
    except Exception as error:
        if len(some) == 1 or isinstance(error, OperationalError):
            for waiting in some:
                waiting.error = error
            return
        for waiting in some:
            _commit([waiting])
        return
    for waiting, each in zip(some, kept, strict=True):
        waiting.kept = each


_GATE = Gate()


def keep(arrival: Arrival) -> Kept:
    """Keep a record, and say where when that is committed.

    Raises:
        whatever kept it from being kept.
    """
    return _GATE.keep(arrival)
