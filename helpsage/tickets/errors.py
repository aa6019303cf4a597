"""What can go wrong with a ticket, one type for each thing a caller can act on."""

from __future__ import annotations

from collections.abc import Iterable

from helpsage.tickets.models import Status


class TicketError(Exception):
    """Anything the ticket package refuses."""


class TicketNotFound(TicketError):
    """No such ticket, or none that may be shown to the one who asks. The two are alike on purpose."""


class IllegalTransition(TicketError):
    """A move the lifecycle does not have.

    Attributes:
        origin: where the ticket stands.
        target: where it was to go.
        allowed: where it may go from here, in the order of `Status`.
    """

    def __init__(self, origin: Status, target: Status, allowed: Iterable[Status], why: str = "") -> None:
        self.origin = origin
        self.target = target
        self.allowed = tuple(status for status in Status if status in set(allowed))
        super().__init__(why or f"a ticket that is {origin.value} cannot become {target.value}")


class TicketMerged(IllegalTransition):
    """The ticket goes on as another one; whatever was meant for it belongs there.

    Attributes:
        survivor: reference of the ticket that it was merged into.
    """

    def __init__(self, survivor: str) -> None:
        self.survivor = survivor
        super().__init__(Status.CLOSED, Status.CLOSED, (), f"the ticket goes on as {survivor}")


class InvalidMerge(TicketError):
    """These two cannot become one, or this one cannot be taken apart. The message says why, for the agent.

    Attributes:
        problem: `itself`, `merged_already`, `other_person`, `not_merged`, `not_split`,
            `nothing_chosen`, `foreign_entry`.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class StaleTicket(TicketError):
    """The ticket has changed since the writer read it.

    Attributes:
        current_version: what a writer has to have read.
    """

    def __init__(self, current_version: int) -> None:
        self.current_version = current_version
        super().__init__(f"the ticket has changed and is now at version {current_version}")


class AlreadyRated(TicketError):
    """A ticket is rated once."""


class InvalidRating(TicketError):
    """A score outside 1 to 5."""


class InvalidText(TicketError):
    """Words that cannot be kept. The message says what is wrong, for the person who wrote them.

    Attributes:
        problem: `empty` or `too_long`.
    """

    def __init__(self, problem: str, message: str) -> None:
        self.problem = problem
        super().__init__(message)
