"""What is to be posted to chat applications, as rows (`channel_post`), in order for each conversation.

A trigger writes the first part of a message with the message itself. Whoever posts moves `next_at` on before it does:
another process leaves it alone meanwhile, and takes it up when nothing was heard of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from assistant.tracker_store import as_json

#: How long one attempt has before others may try, in seconds: longer than a vendor's call may take, and longer than
#: everything that is done about a file (`connector.Http.FILE_S` for fetching it, and for sending it).
LEASE_S = 20.0
FILE_LEASE_S = 420.0

#: The first one that waits in each conversation; what comes after waits for it. All wait while the vendor asks for it.
DUE = """
select distinct on (post.conversation_id) post.conversation_id,
       extract(epoch from greatest(post.next_at, installation.rest_until) - now())::float as in_s
  from channel_post post join channel_conversation place on place.conversation_id = post.conversation_id
  left join channel_installation installation on installation.key = post.installation
 where post.installation = $1 and post.state = 'waiting' and place.state = 'working'
 order by post.conversation_id, post.message_id, post.part
"""
CLAIM = """
with first as (
  select message_id, part from channel_post
   where conversation_id = $1 and state = 'waiting' order by message_id, part limit 1
)
update channel_post post set attempts = attempts + 1,
       next_at = now() + make_interval(secs =>
         case when post.is_file or post.part = 0 and message.text = '' and message.data ? 'files'
              then $3::float else $2::float end)
  from first, message, channel_conversation place, conversation
 where post.message_id = first.message_id and post.part = first.part and post.state = 'waiting'
   and post.next_at <= now() and message.id = post.message_id
   and place.conversation_id = post.conversation_id and place.state = 'working'
   and conversation.id = post.conversation_id
   and not exists (
     select from channel_installation resting where resting.key = post.installation and resting.rest_until > now()
   )
returning post.message_id, post.part, post.vendor_id, post.changed, post.attempts, post.last_error, post.upload,
          message.author, message.author_name, message.text, message.data, place.address,
          conversation.locale
"""
#: The parts of a message after its first one. Its files come last: they have no buttons and no cards.
ADD_PARTS = """
insert into channel_post (message_id, part, conversation_id, installation, is_file)
select message_id, number, conversation_id, installation, number >= $3
  from channel_post cross join generate_series(0, $2::int) as number where message_id = $1 and part = 0
on conflict (message_id, part) do update set is_file = excluded.is_file
"""
KEEP_UPLOAD = "update channel_post set upload = $3 where message_id = $1 and part = $2"
#: What was changed while it was being posted waits to be shown.
DONE = """
update channel_post
   set vendor_id = coalesce($3, vendor_id), last_error = '', attempts = 0, sent_at = now(), next_at = now(),
       state = case when changed is not distinct from $4::jsonb then 'sent' else 'waiting' end
 where message_id = $1 and part = $2
"""
MOVE = """
update channel_conversation set address = $2::jsonb, updated_at = now() where conversation_id = $1
"""
POSTPONE = """
update channel_post set next_at = now() + make_interval(secs => $3), last_error = $4
 where message_id = $1 and part = $2
"""
#: It was not its fault: the attempt does not count.
PUT_BACK = """
update channel_post set next_at = now(), attempts = greatest(attempts - 1, 0), last_error = $3
 where message_id = $1 and part = $2
"""
#: Whoever had it stopped: nobody has to wait until its time is over. The attempt counts, since it may have arrived.
LET_GO = """
update channel_post set next_at = now()
 where message_id = $1 and part = $2 and state = 'waiting' and attempts = $3
"""
GIVE_UP = """
update channel_post set state = case when vendor_id is null then 'failed' else 'sent' end, last_error = $3
 where message_id = $1 and part = $2
"""
BREAK_PLACE = """
update channel_conversation set state = 'broken', reason = $2, since = now()
 where conversation_id = $1 and state = 'working'
"""
#: Once: administrators are told when it breaks, not at every message.
BREAK_INSTALLATION = """
insert into channel_installation as i (key, state, reason, since) values ($1, 'broken', $2, now())
on conflict (key) do update set state = 'broken', reason = excluded.reason, since = now() where i.state <> 'broken'
returning key
"""
#: Known to every process, and to the one that follows it.
REST = """
insert into channel_installation as i (key, rest_until) values ($1, now() + make_interval(secs => $2))
on conflict (key) do update set rest_until = greatest(i.rest_until, excluded.rest_until)
"""
PLACE_OF = """
select place.installation, place.address, conversation.locale
  from channel_conversation place join conversation on conversation.id = place.conversation_id
 where place.conversation_id = $1
"""
#: Once for all processes, and not again for a while: the vendors show it for some seconds.
TAKE_TYPING = """
update channel_conversation place set typed_at = now()
  from conversation
 where place.conversation_id = $1 and conversation.id = $1 and place.state = 'working'
   and (place.typed_at is null or place.typed_at < now() - make_interval(secs => $2))
returning place.installation, place.address, conversation.locale
"""
ANNOUNCE = "select pg_notify('configuration', '')"
#: Cards of a ticket that were posted before show how it is now.
RENEW_CARDS = """
update channel_post post
   set changed = coalesce(post.changed, '{}') || jsonb_build_object('ticket', message.data -> 'ticket' || $4::jsonb),
       state = 'waiting', next_at = now(), attempts = 0
  from message
 where message.id = post.message_id and post.conversation_id = $1 and post.message_id < $2
   and post.state = 'sent' and post.vendor_id is not null and message.data -> 'ticket' ->> 'reference' = $3
   and post.part = (
     select max(each.part) from channel_post each where each.message_id = post.message_id and not each.is_file
   )
   and coalesce(post.changed -> 'ticket', message.data -> 'ticket') ->> 'status' is distinct from $4::jsonb ->> 'status'
"""


@dataclass(frozen=True)
class Claimed:
    """The next one of a conversation, ours for `LEASE_S`."""

    conversation: UUID
    message_id: int
    part: int
    #: It was posted under this id and is to be changed.
    vendor_id: str | None
    #: What is shown instead of the message's own data.
    changed: dict[str, Any] | None
    attempts: int
    last_error: str
    #: The vendor's id of a file that was uploaded by an earlier attempt.
    upload: str
    author: str
    author_name: str
    text: str
    data: dict[str, Any]
    address: dict[str, Any]
    #: That the conversation is held in.
    language: str


async def due(pool: Any, installation: str) -> dict[UUID, float]:
    """Conversations with something to post, and in how many seconds."""
    rows = await pool.fetch(DUE, installation)
    return {row["conversation_id"]: max(0.0, row["in_s"]) for row in rows}


async def claim(pool: Any, conversation: UUID) -> Claimed | None:
    """Take the first one that waits; None when there is none, or somebody has it, or its time has not come."""
    row = await pool.fetchrow(CLAIM, conversation, LEASE_S, FILE_LEASE_S)
    if row is None:
        return None
    return Claimed(
        conversation,
        row["message_id"],
        row["part"],
        row["vendor_id"],
        json.loads(row["changed"]) if row["changed"] is not None else None,
        row["attempts"],
        row["last_error"],
        row["upload"],
        row["author"],
        row["author_name"],
        row["text"],
        json.loads(row["data"]),
        json.loads(row["address"]),
        row["locale"],
    )


async def add_parts(pool: Any, message_id: int, more: int, first_file: int) -> None:
    """The message has so many parts after the first; from one number on they are files."""
    await pool.execute(ADD_PARTS, message_id, more, first_file)


async def keep_upload(pool: Any, post: Claimed, vendor_id: str) -> None:
    """The vendor has the file, and shows it to nobody yet."""
    await pool.execute(KEEP_UPLOAD, post.message_id, post.part, vendor_id)


async def done(pool: Any, post: Claimed, vendor_id: str | None, address: dict[str, Any] | None) -> None:
    """It arrived."""
    changed = as_json(post.changed) if post.changed is not None else None
    await pool.execute(DONE, post.message_id, post.part, vendor_id, changed)
    if address is not None:
        await pool.execute(MOVE, post.conversation, as_json(address))


async def postpone(pool: Any, post: Claimed, seconds: float, words: str) -> None:
    """It is tried again later."""
    await pool.execute(POSTPONE, post.message_id, post.part, seconds, words[:500])


async def put_back(pool: Any, post: Claimed, words: str) -> None:
    """It waits until what is broken is mended."""
    await pool.execute(PUT_BACK, post.message_id, post.part, words[:500])


async def let_go(pool: Any, post: Claimed) -> None:
    """The attempt ended in its middle; the next may begin."""
    await pool.execute(LET_GO, post.message_id, post.part, post.attempts)


async def give_up(pool: Any, post: Claimed, words: str) -> None:
    """It never arrives."""
    await pool.execute(GIVE_UP, post.message_id, post.part, words[:500])


async def break_place(pool: Any, conversation: UUID, words: str) -> None:
    """Nothing arrives there."""
    await pool.execute(BREAK_PLACE, conversation, words[:500])


async def break_installation(connection: Any, key: str, words: str) -> bool:
    """Nothing arrives anywhere; returns whether that is new."""
    return await connection.fetchval(BREAK_INSTALLATION, key, words[:500]) is not None


async def rest(pool: Any, key: str, seconds: float) -> None:
    """The vendor asks to be left alone: nothing of this installation is posted meanwhile, by anybody."""
    await pool.execute(REST, key, seconds)


@dataclass(frozen=True)
class Shown:
    """Where a conversation is shown, and the language that it is held in."""

    installation: str
    address: dict[str, Any]
    language: str

    @classmethod
    def of(cls, row: Any) -> Shown | None:
        """What was asked for, if there is any."""
        return cls(row["installation"], json.loads(row["address"]), row["locale"]) if row is not None else None


async def place_of(pool: Any, conversation: UUID) -> Shown | None:
    """A conversation's installation and address there."""
    return Shown.of(await pool.fetchrow(PLACE_OF, conversation))


async def take_typing(pool: Any, conversation: UUID, pause_s: float) -> Shown | None:
    """The same for whoever is to show there that an agent writes; None when that was shown just now, or it is no
    conversation of a chat application's."""
    return Shown.of(await pool.fetchrow(TAKE_TYPING, conversation, pause_s))


async def announce(connection: Any) -> None:
    """Let every process look at the installations anew."""
    await connection.execute(ANNOUNCE)


async def renew_cards(pool: Any, post: Claimed, card: dict[str, Any]) -> None:
    """Let earlier cards of the ticket that `card` (reference, status, status_label) is about show it as it is now."""
    now = {name: card[name] for name in ("status", "status_label") if name in card}
    await pool.execute(RENEW_CARDS, post.conversation, post.message_id, str(card["reference"]), as_json(now))
