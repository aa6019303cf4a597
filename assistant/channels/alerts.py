"""What is said and pressed where teams are told of tickets (`helpsage/alerts`): for the help desk, not the dialogue.

A place is a channel or group; what is said under a message of ours about a ticket or a waiting chat belongs there, and
so does a code that connects a place. The help desk's worker decides what it means and who may do it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from assistant.channels import deliveries, identities
from assistant.channels import text as texts
from assistant.channels.connector import Connector, Delivery, Later, NotPosted
from assistant.channels.deliveries import Kept
from assistant.tracker_store import as_json

log = logging.getLogger(__name__)

HEARD = "alert.heard"
#: The vendor waits for its acknowledgement while a profile is looked at.
PROFILE_S = 1.5
#: How long another process has to tell somebody something before it is tried again, in seconds.
LEASE_S = 20.0
#: What could not be told within that many seconds is left: whoever pressed has looked elsewhere.
WORTH_S = 120.0

#: Letters and digits of `helpsage/alerts/places.py`.
_CONNECT = re.compile(r"[!/]?connect[:\s]+([0-9a-z]{4}[-\s]?[0-9a-z]{4})[.!]?", re.IGNORECASE)
#: Any message of ours in the place, by the vendor's id of it.
UNDER = """
select post.conversation_id
  from channel_post post
  join channel_conversation place on place.conversation_id = post.conversation_id
  join alert on alert.conversation_id = post.conversation_id
 where post.vendor_id = $3 and place.installation = $1 and place.external_id = $2 limit 1
"""
OFFERED_BY = """
select message.conversation_id from message join alert on alert.conversation_id = message.conversation_id
 where message.id = $1
"""
WRITE = """
insert into alert_word
  (installation, place, key, conversation_id, external_id, name, kind, text, button, address, aside, files)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11::jsonb, $12::jsonb)
on conflict (installation, place, key) do nothing returning id
"""
ASIDE = """
update alert_aside set next_at = now() + make_interval(secs => $2)
 where id = (
   select id from alert_aside where installation = $1 and next_at <= now() order by id limit 1 for update skip locked
 )
returning id, address, text, quiet, extract(epoch from now() - created_at)::float as age_s
"""
TOLD = "delete from alert_aside where id = $1"
ASK_AGAIN = "update alert_aside set next_at = now() + make_interval(secs => $2) where id = $1"
#: The thread from which somebody's agent talks with them.
THREAD_OF = """
select place.installation, place.address
  from handoff join channel_conversation place on place.conversation_id = handoff.thread_id
 where handoff.conversation_id = $1 and handoff.ended_at is null
"""


@dataclass(frozen=True)
class Meant:
    """That a delivery is for the help desk.

    Attributes:
        conversation: the alert's; None: a code connects the place.
        code: as it was typed.
        email: of the profile of somebody whom nobody knows yet, in a workspace that is trusted.
    """

    conversation: UUID | None = None
    code: str = ""
    email: str | None = None


async def meant(pool: Any, connector: Connector, delivery: Delivery) -> Meant | None:
    """Whether something belongs to a place of a team; None: it is said to the assistant, or to nobody.

    Raises:
        UNAVAILABLE
    """
    among, said = delivery.among, delivery.words
    if among is None or said is None or delivery.place is None:
        return None
    code = _CONNECT.fullmatch(said.text.strip()) if not said.change else None
    if code is not None:
        return Meant(code=code[1])
    key = connector.installation.key
    if said.pressed is not None:
        found = await pool.fetchval(OFFERED_BY, said.pressed.message_id)
    else:
        found = await pool.fetchval(UNDER, key, among.key, among.under) if among.under else None
    if found is None:
        return None
    return Meant(found, email=await _profile(pool, connector, delivery))


async def _profile(pool: Any, connector: Connector, delivery: Delivery) -> str | None:
    """The address in the profile of somebody whom nobody knows, where profiles count; None when there is none."""
    place = delivery.place
    if place is None or not connector.installation.trusted:
        return None
    if not await identities.is_unknown(pool, connector.kind, place.external_id):
        return None
    with contextlib.suppress(NotPosted, TimeoutError):
        async with asyncio.timeout(PROFILE_S):
            return await connector.email_of(place.address)
    return None


async def keep(connection: Any, connector: Connector, kept: Kept, delivery: Delivery, found: Meant) -> None:
    """Write down what was heard, once, and let the help desk hear of it; in the delivery's transaction."""
    among, said, place = delivery.among, delivery.words, delivery.place
    if among is None or said is None or place is None:
        raise ValueError("nothing that was said among several")
    if found.email:
        identity = await identities.meet(connection, connector.kind, place)
        await identities.note_profile(connection, identity, found.email)
    kind = "connect" if found.conversation is None else "pressed" if said.pressed is not None else said.change or "said"
    word = await connection.fetchval(
        WRITE,
        connector.installation.key,
        among.key,
        said.id,
        found.conversation,
        place.external_id,
        identities.clean(place.name),
        kind,
        found.code or texts.clean(said.text)[: texts.LONGEST_TEXT],
        said.pressed.number if said.pressed is not None else None,
        as_json(among.address),
        as_json(among.aside),
        # What was changed had its files when it was said first.
        as_json(deliveries.files_as_data(() if said.change else said.files)),
    )
    if word is not None:
        subject = found.conversation or uuid5(NAMESPACE_URL, f"{connector.installation.key} {among.key}")
        await deliveries.tell_desk(connection, HEARD, subject, {"word_id": word})
    await deliveries.settle(connection, kept, "kept", found.conversation)


async def tell_asides(pool: Any, connector: Connector) -> None:
    """Tell people alone what is theirs to know."""
    while (row := await pool.fetchrow(ASIDE, connector.installation.key, LEASE_S)) is not None:
        try:
            await connector.whisper(deliveries.read(row["address"]), row["text"], row["quiet"])
        except Later as error:
            if row["age_s"] < WORTH_S:
                await pool.execute(ASK_AGAIN, row["id"], error.after_s or 1.0)
                continue
            log.warning("%s: nobody could be told alone: %s", connector.installation.key, error)
        except NotPosted as error:
            log.info("%s: nobody could be told alone: %s", connector.installation.key, error)
        await pool.execute(TOLD, row["id"])


async def thread_of(pool: Any, conversation: UUID) -> tuple[str, dict[str, Any]] | None:
    """Installation and address of the thread from which an agent talks in a conversation; None: they do not."""
    row = await pool.fetchrow(THREAD_OF, conversation)
    return (row["installation"], deliveries.read(row["address"])) if row is not None else None
