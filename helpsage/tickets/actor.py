"""Who does something with a ticket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

ActorKind = Literal["requester", "agent", "assistant", "system"]


@dataclass(frozen=True)
class Actor:
    """Who does something, for the log."""

    kind: ActorKind
    name: str = ""
    person_id: UUID | None = None
