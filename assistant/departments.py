"""Departments, as the chat needs them: whose desk a key names, what it is called, which pages may embed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

#: Longer ones are no keys of ours.
LONGEST_KEY = 64

BY_KEY = """
select id, coalesce(nullif(brand_name, ''), name) as desk, allowed_origins
  from department where widget_key = $1 and archived_at is null
"""
ORIGINS_OF = """
select department.allowed_origins
  from conversation join department on department.id = conversation.department_id
 where conversation.id = $1 and department.archived_at is null
"""


@dataclass(frozen=True)
class Department:
    """A department whose chat someone opens."""

    id: UUID
    desk: str
    allowed_origins: tuple[str, ...]


async def of_key(pool: Any, key: object) -> Department | None:
    """The department that a chat's key names; None for a key that is not (or no longer) known."""
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY or "\0" in key:
        return None
    row = await pool.fetchrow(BY_KEY, key)
    return Department(row["id"], row["desk"], tuple(row["allowed_origins"])) if row is not None else None


async def origins_of(pool: Any, conversation: UUID) -> tuple[str, ...]:
    """Pages that may embed the chat in which this conversation began, besides those that the operator allowed."""
    return tuple(await pool.fetchval(ORIGINS_OF, conversation) or ())
