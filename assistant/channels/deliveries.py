"""What chat applications bring, as rows: the delivery, the place, and the words, in one transaction.

The caller acknowledges after it. A delivery that is brought again waits for the first one's transaction and finds it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from assistant import conversations
from assistant.channels import identities
from assistant.channels.connector import Delivery, File, FileAnswer, Place, Pressed
from assistant.channels.installations import Installation
from assistant.tracker_store import as_json
from languages import SOURCE, catalogues

#: What somebody types lives in messages; errors that administrators see are few, the latest of an installation.
KEPT_ERRORS = 50

KEEP = """
insert into channel_delivery as d (channel, installation, key, what, raw) values ($1, $2, $3, $4, $5)
on conflict (channel, installation, key) do update set repeats = d.repeats + 1
returning id, repeats
"""
SETTLE = "update channel_delivery set state = $2, conversation_id = $3, message_id = $4 where id = $1"
KNOWN = "select id from conversation where sender_id = $1"
#: Nearly every delivery: somebody who has talked to us before, from where they talked then.
FIND = """
select conversation.id, (place.installation, place.address, place.state) is not distinct from ($2, $3::jsonb, 'working')
       as settled
  from conversation left join channel_conversation place on place.conversation_id = conversation.id
 where conversation.sender_id = $1
"""
BEGIN = """
insert into conversation (id, sender_id, channel, department_id) values ($1, $2, $3, $4)
on conflict (sender_id) do nothing
"""
#: Whoever writes to us can be reached again.
LOCATE = """
insert into channel_conversation as c (conversation_id, installation, external_id, address) values ($1, $2, $3, $4)
on conflict (conversation_id) do update
   set installation = excluded.installation, address = excluded.address, state = 'working', reason = '',
       since = null, updated_at = now()
 where (c.installation, c.address, c.state) is distinct from (excluded.installation, excluded.address, 'working')
returning xmax <> 0 as moved
"""
HASTEN = """
update channel_post set next_at = now(), attempts = 0 where conversation_id = $1 and state = 'waiting'
returning pg_notify('post', installation)
"""
#: A button that names its ticket means the same for ever; any other answers a question that was asked just now.
OFFERED = """
select button ->> 'title' as title, button ->> 'payload' as payload
  from conversation
  join message on message.conversation_id = conversation.id and message.id = $2
 cross join lateral (select message.data -> 'buttons' -> $3::int as button) as offered
 where conversation.id = $1 and message.author <> 'person' and button is not null
   and (message.seq > conversation.last_seq - $4::int or strpos(button ->> 'payload', '"reference"') > 0)
"""
#: Somebody may be quicker than our note that it was posted: then it is changed once that is written (posts.DONE).
SHOW_PRESSED = """
update channel_post as post
   set changed = coalesce(post.changed, '{}') || jsonb_build_object('pressed', $2::text), state = 'waiting',
       next_at = case post.state when 'sent' then now() else post.next_at end,
       attempts = case post.state when 'sent' then 0 else post.attempts end
 where post.message_id = $1 and post.state in ('sent', 'waiting')
   and post.part = (select max(part) from channel_post where message_id = $1 and not is_file)
returning pg_notify('post', post.installation)
"""
#: The first answer counts, and only one that was asked for: the file of a message of this conversation.
ANSWER_FILE = """
update channel_post as post
   set changed = jsonb_build_object('answer', $4::jsonb), state = 'waiting',
       next_at = case post.state when 'sent' then now() else post.next_at end,
       attempts = case post.state when 'sent' then 0 else post.attempts end
 where post.message_id = $2 and post.part = $3 and post.conversation_id = $1 and post.is_file
   and post.state in ('sent', 'waiting') and post.changed is null
returning pg_notify('post', post.installation)
"""
TELL = "insert into outbox_event (kind, subject_id, payload) values ($1, $2, $3::jsonb)"
NOTE = """
with numbered as (
  update conversation set last_seq = last_seq + 1, last_message_at = now() where id = $1 returning last_seq
)
insert into message (conversation_id, seq, author, text) select $1, last_seq, 'system', $2 from numbered
"""
LOCALE = "select locale from conversation where id = $1"
#: What somebody was last talked to in, wherever in this installation.
LOCALE_OF = """
select conversation.locale
  from channel_conversation place join conversation on conversation.id = place.conversation_id
 where place.installation = $1 and place.external_id = $2
 order by coalesce(conversation.last_message_at, conversation.created_at) desc limit 1
"""
REMEMBER_ERROR = """
with made as (insert into channel_error (installation, conversation_id, words) values ($1, $2, $3))
delete from channel_error where id in (
  select id from channel_error where installation = $1 order by id desc offset $4
)
"""


@dataclass(frozen=True)
class Kept:
    """A delivery that was written now."""

    id: int
    #: Brought before; nothing of it is done again.
    repeated: bool


@contextlib.asynccontextmanager
async def transaction(pool: Any) -> AsyncIterator[Any]:
    """A connection in a transaction."""
    async with pool.acquire() as connection, connection.transaction():
        yield connection


async def known(pool: Any, sender_id: str) -> bool:
    """Whether somebody talks to us there already."""
    return await pool.fetchval(KNOWN, sender_id) is not None


async def keep(connection: Any, installation: Installation, delivery: Delivery, raw: bytes) -> Kept:
    """Write the delivery down, raw."""
    row = await connection.fetchrow(KEEP, installation.kind, installation.key, delivery.key, delivery.what, raw)
    return Kept(row["id"], row["repeats"] > 0)


async def locate(connection: Any, installation: Installation, place: Place) -> UUID:
    """The conversation at this place, made when there is none; what waits to be posted there is tried again."""
    address = as_json(place.address)
    found = await connection.fetchrow(FIND, place.sender_id, installation.key, address)
    if found is None:
        made = await connection.execute(BEGIN, uuid4(), place.sender_id, installation.kind, installation.department)
        found = await connection.fetchrow(FIND, place.sender_id, installation.key, address)
        if made == "INSERT 0 1":
            await identities.settle(connection, installation.kind, place, found["id"])
    conversation: UUID = found["id"]
    if not found["settled"] and await connection.fetchval(
        LOCATE, conversation, installation.key, place.external_id, address
    ):
        await connection.execute(HASTEN, conversation)
    return conversation


async def settle(
    connection: Any, kept: Kept, state: str, conversation: UUID | None = None, message_id: int | None = None
) -> None:
    """Write down what became of a delivery."""
    await connection.execute(SETTLE, kept.id, state, conversation, message_id)


async def offered(connection: Any, conversation: UUID, pressed: Pressed) -> tuple[str, str] | None:
    """Title and payload of a button of this conversation; None when there is none, or it was offered too long ago."""
    row = await connection.fetchrow(
        OFFERED, conversation, pressed.message_id, pressed.number, conversations.BUTTON_MEMORY
    )
    return (row["title"], row["payload"]) if row is not None else None


async def show_pressed(connection: Any, pressed: Pressed, title: str) -> None:
    """Let the message that offered a button show that it was chosen."""
    await connection.execute(SHOW_PRESSED, pressed.message_id, title)


async def answer_file(connection: Any, conversation: UUID, answer: FileAnswer) -> None:
    """Let a file go on its way, or not, as somebody answered."""
    await connection.execute(ANSWER_FILE, conversation, answer.message_id, answer.part, as_json(answer.told))


async def tell_desk(connection: Any, kind: str, subject: UUID, payload: dict[str, Any]) -> None:
    """Let the help desk's worker hear of something."""
    await connection.execute(TELL, kind, subject, as_json(payload))


async def note(connection: Any, conversation: UUID, words: str) -> None:
    """Say something of ours in a conversation, in its language, without having been asked."""
    language = await connection.fetchval(LOCALE, conversation)
    await connection.execute(NOTE, conversation, catalogues.filled(words, language or SOURCE))


async def language_of(pool: Any, installation: Installation, external_id: str) -> str:
    """The language that somebody is talked to in."""
    return await pool.fetchval(LOCALE_OF, installation.key, external_id) or SOURCE


async def remember_error(connection: Any, installation: str, words: str, conversation: UUID | None = None) -> None:
    """Keep what went wrong, for the settings page."""
    await connection.execute(REMEMBER_ERROR, installation, conversation, words[:500], KEPT_ERRORS)


def read(kept: str) -> dict[str, Any]:
    """JSON of a row."""
    found: dict[str, Any] = json.loads(kept)
    return found


def files_as_data(files: Sequence[File]) -> list[dict[str, Any]]:
    """Files as they stand in a message's `data` until they are fetched."""
    return [
        {"id": file.id, "name": file.name, "content_type": file.content_type, "size": file.size, "url": file.url}
        for file in files
    ]
