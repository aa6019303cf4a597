"""Who wants to know what: which tasks follow which event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Subscription:
    """A task that follows a kind of event.

    Attributes:
        task: its registered name; it is called with `event_id`, `subject_id` and `payload`.
        stream: events of one subject are handled in order within a stream; a stream that hangs holds up no other.
    """

    task: str
    stream: str


SUBSCRIBERS: Mapping[str, tuple[Subscription, ...]] = MappingProxyType(
    {
        "ticket.replied": (Subscription("chat.deliver_reply", "chat"),),
        "ticket.status_changed": (Subscription("chat.tell_status", "chat"),),
        "conversation.person_wrote": (Subscription("chat.add_words_to_ticket", "ticket"),),
    }
)
