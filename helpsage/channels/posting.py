"""Changing what was posted: the help desk's side of `assistant/channels/posts.py`."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_CHANGE = text(
    """
    update channel_post post
       set changed = coalesce(post.changed, '{}') || cast(:changed as jsonb), state = 'waiting',
           next_at = case post.state when 'sent' then now() else post.next_at end,
           attempts = case post.state when 'sent' then 0 else post.attempts end
     where post.message_id = :message_id and post.state in ('sent', 'waiting')
       and post.part = (select max(part) from channel_post where message_id = :message_id)
       and coalesce(post.changed, '{}') || cast(:changed as jsonb) is distinct from post.changed
    returning pg_notify('post', post.installation)
    """
)


def change(session: Session, message_id: int, changed: dict[str, Any]) -> None:
    """Show a message differently from now on, in place.

    Parameters:
        changed: stands instead of these parts of the message's data: `ticket`, `pressed` (words instead of its buttons;
            None: the buttons again).
    """
    session.flush()
    session.execute(_CHANGE, {"message_id": message_id, "changed": json.dumps(changed)})
