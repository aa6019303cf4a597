"""Who somebody on a chat application is: `helpsage/people/identities.py` for those who write for the first time.

The application says who writes, so that somebody is one person in all of their conversations there; whose address that
is gets proven elsewhere. A profile's address is only noted here, and only where the workspace is trusted.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from assistant.channels.connector import Place

LONGEST_NAME = 200
LONGEST_EMAIL = 254
#: One person although two first messages come at once.
ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended('identity ' || $1 || ' ' || $2, 1004))"
KNOWN = "select id from identity where channel = $1 and external_id = $2"
MEET = """
with met as (
  insert into person (id, name) values (gen_random_uuid(), $3) returning id
)
insert into identity (id, channel, external_id, person_id, name)
select gen_random_uuid(), $1, $2, met.id, $3 from met returning id
"""
SETTLE = """
update conversation set identity_id = identity.id, person_id = identity.person_id, shared = $3
  from identity where conversation.id = $1 and identity.id = $2
"""
#: Nobody has proven anything, and nothing was taken off anybody.
UNKNOWN = """
select identity.id from conversation join identity on identity.id = conversation.identity_id
 where conversation.id = $1 and identity.proven_by is null and not identity.profile_refused
   and identity.profile_email is null
"""
LOOKED_AT = """
select true from identity where channel = $1 and external_id = $2
   and (proven_by is not null or profile_refused or profile_email is not null)
"""
NOTE_PROFILE = """
with noted as (
  update identity set profile_email = $2 where id = $1 and proven_by is null and not profile_refused returning id
)
insert into outbox_event (kind, subject_id, payload) select 'identity.profile_read', id, '{}' from noted
"""


async def settle(connection: Any, channel: str, place: Place, conversation: UUID) -> None:
    """Make a new conversation that of whoever talks there. To be called in a transaction."""
    identity = await meet(connection, channel, place)
    await connection.execute(SETTLE, conversation, identity, place.shared)


async def meet(connection: Any, channel: str, place: Place) -> UUID:
    """The identity of whoever talks there, a new one when they are new. To be called in a transaction."""
    identity: UUID | None = await connection.fetchval(KNOWN, channel, place.external_id)
    if identity is None:
        await connection.execute(ONE_AT_A_TIME, channel, place.external_id)
        identity = await connection.fetchval(KNOWN, channel, place.external_id)
    if identity is None:
        identity = await connection.fetchval(MEET, channel, place.external_id, clean(place.name))
    assert identity is not None
    return identity


async def is_unknown(pool: Any, channel: str, external_id: str) -> bool:
    """Whether a look at this one's profile could tell us who they are."""
    return not await pool.fetchval(LOOKED_AT, channel, external_id)


async def unknown(pool: Any, conversation: UUID) -> UUID | None:
    """The identity whose profile is worth reading; None when it is known whose it is."""
    found: UUID | None = await pool.fetchval(UNKNOWN, conversation)
    return found


async def note_profile(pool: Any, identity: UUID, email: str) -> None:
    """Keep the address of a profile and let the help desk act on it."""
    if 0 < len(email) <= LONGEST_EMAIL and email.isprintable():
        await pool.execute(NOTE_PROFILE, identity, email)


def clean(name: str) -> str:
    """A name as it is kept: one line."""
    return " ".join("".join(one if one.isprintable() else " " for one in name).split())[:LONGEST_NAME]
