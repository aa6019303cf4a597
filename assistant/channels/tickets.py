"""Somebody's tickets as cards (docs/webchat-protocol.md), for places outside of the conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from assistant.channels.installations import Installation

MOST = 20
#: The same words as in the dialogue (actions/words.py).
STATUS: Final[Mapping[str, str]] = {
    "open": "Open",
    "in_progress": "In progress",
    "waiting": "Waiting for you",
    "escalated": "Escalated",
    "resolved": "Solved",
    "closed": "Closed",
}

#: Tickets that began in the person's conversations there, and those of the person that it is known to be.
OF_PERSON = """
with here as (
  select conversation.id, conversation.person_id
    from channel_conversation place join conversation on conversation.id = place.conversation_id
   where place.installation = $1 and place.external_id = $2
)
select number, subject, status, priority, created_at from ticket
 where merged_into_id is null
   and (conversation_id in (select id from here) or requester_id in (select person_id from here))
 order by created_at desc limit $3
"""


async def of_person(pool: Any, installation: Installation, external_id: str) -> list[dict[str, Any]]:
    """The newest first."""
    rows = await pool.fetch(OF_PERSON, installation.key, external_id, MOST)
    return [
        {
            "reference": f"HS-{row['number']}",
            "subject": row["subject"],
            "status": row["status"],
            "status_label": STATUS.get(row["status"], row["status"]),
            "priority": row["priority"],
            "opened_at": row["created_at"].isoformat(),
        }
        for row in rows
    ]
