"""What is said on a channel, as rows: written before it is acknowledged, numbered without gaps.

The next number of a conversation is given under the lock of its row, so a number is visible only after all before it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from assistant.channels.tokens import Opened
from assistant.tracker_store import as_json
from assistant.turn import Answer
from languages import detect

SENDER_PREFIX = "web:"
CHANNEL = "webchat"
#: Messages a client gets at once when it comes back.
LONGEST_HISTORY = 200
#: A button's payload is accepted while its message is among the latest of the conversation.
BUTTON_MEMORY = 20
#: Finds conversations with words that wait longer than so many seconds.
Forgotten = Callable[[Any, float], Awaitable[list[UUID]]]
#: A message this old without an answer was forgotten by a process that died.
FORGOTTEN_AFTER_S = 3

CREATE = """
insert into conversation (id, sender_id, channel, page_url, department_id, locale)
values ($1::uuid, 'web:' || $1::uuid, 'webchat', $2, $3, coalesce($4, 'en')) on conflict do nothing
"""
#: Nearly every message: a conversation that the assistant answers.
SAY = """
with numbered as (
  update conversation set last_seq = last_seq + 1, last_message_at = now()
   where id = $1 and owner = 'bot' returning last_seq
)
insert into message (conversation_id, seq, author, text, data, client_id, language)
select $1, last_seq, 'person', $3, $4::jsonb, $2, $5 from numbered
returning id, seq, created_at
"""
#: A person answers here: the words go to the ticket through the outbox (architecture rule 3).
HAND_OVER = """
with said as (
  insert into message (conversation_id, seq, author, text, data, client_id, language, handled_at)
  values ($1, $6, 'person', $3, $4::jsonb, $2, $5, now())
  returning id, seq, created_at
), told as (
  insert into outbox_event (kind, subject_id, payload)
  select 'conversation.person_wrote', $1, jsonb_build_object('message_id', id) from said
)
select id, seq, created_at from said
"""
SAID_BEFORE = "select id, seq, created_at from message where conversation_id = $1 and client_id = $2"
OFFERED = """
select button ->> 'title'
  from conversation
  join message on message.conversation_id = conversation.id and message.seq > conversation.last_seq - $3::int
 cross join jsonb_array_elements(message.data -> 'buttons') as button
 where conversation.id = $1 and message.author <> 'person' and button ->> 'payload' = $2
 order by message.seq desc limit 1
"""
#: Whose conversation it is, when that is somebody with an account.
HOLDER = """
select account.person_id from conversation join account on account.person_id = conversation.person_id
 where conversation.id = $1
"""
CHOOSE = "update conversation set locale = $2, locale_chosen = true where id = $1"
LAST_SEQ = "select last_seq from conversation where id = $1"
SINCE = """
select seq, author, author_name, text, data, client_id, created_at
  from message where conversation_id = $1 and seq > $2 order by seq desc limit $3
"""
NEXT_UNANSWERED = """
select message.id, message.text, message.data, conversation.owner, conversation.locale, conversation.locale_chosen,
       ticket.number
  from message
  join conversation on conversation.id = message.conversation_id
  left join ticket on ticket.id = conversation.awaiting_ticket_id
 where message.conversation_id = $1 and message.author = 'person' and message.handled_at is null
 order by message.seq limit 1
"""
FORGOTTEN = """
select distinct message.conversation_id
  from message join conversation on conversation.id = message.conversation_id
 where message.author = 'person' and message.handled_at is null
   and message.created_at < now() - make_interval(secs => $1)
   and case when $2 then conversation.channel = 'webchat'
            else exists (select from channel_conversation place where place.conversation_id = conversation.id) end
"""
#: Holds the row until the transaction ends.
HOLD = "select owner from conversation where id = $1 for no key update"
NEXT_SEQ = "update conversation set last_seq = last_seq + 1, last_message_at = now() where id = $1 returning last_seq"
#: To be run after HOLD, so that nobody says the same meanwhile.
SAY_HELD = """
with before as (
  select id, seq, created_at from message where conversation_id = $1 and client_id = $2
), numbered as (
  update conversation set last_seq = last_seq + 1, last_message_at = now()
   where id = $1 and owner = 'bot' and not exists (select from before) returning last_seq
), said as (
  insert into message (conversation_id, seq, author, text, data, client_id, language)
  select $1, last_seq, 'person', $3, $4::jsonb, $2, $5 from numbered
  returning id, seq, created_at
)
select id, seq, created_at, false as repeated from said union all select id, seq, created_at, true from before
"""
SPEAKER = "select sender_id, channel from conversation where id = $1"
HAND_OVER_LATE = """
with handed as (update message set handled_at = now() where id = $2 and handled_at is null returning id)
insert into outbox_event (kind, subject_id, payload)
select 'conversation.person_wrote', $1, jsonb_build_object('message_id', id) from handed
"""
APOLOGISE = """
with ours as (
  select 1 from conversation where id = $1 and owner = 'bot' for no key update
), answered as (
  update message set handled_at = now() from ours where message.id = $2 and handled_at is null returning 1
), numbered as (
  update conversation set last_seq = last_seq + 1, last_message_at = now()
    from answered where id = $1 returning last_seq
)
insert into message (conversation_id, seq, author, text, data)
select $1, last_seq, 'bot', $3, $4::jsonb from numbered
returning seq, text, data, created_at
"""
TELL_OTHERS = "select pg_notify('said', $1)"
#: Nobody else wants to know.
TELL_TYPING = "select pg_notify('typing', id || ' person') from conversation where id = $1 and owner = 'human'"


@dataclass(frozen=True)
class Said:
    """A person's message as it was kept."""

    id: int
    seq: int
    at: datetime
    #: Kept by an earlier delivery of the same message.
    repeated: bool = False
    #: The assistant is not asked: a person answers in this conversation.
    handed_over: bool = False


@dataclass(frozen=True)
class Unanswered:
    """The next message of a conversation that waits for an answer."""

    id: int
    text: str
    #: What the pressed button stands for.
    payload: str | None
    owner: str
    #: Reference of the ticket whose agent spoke last.
    awaiting: str | None
    #: What the conversation is held in after it (`languages/detect.py`), and whether the person chose that.
    language: detect.Switch


@dataclass(frozen=True)
class Speaker:
    """A conversation as Rasa knows it."""

    sender_id: str
    channel: str


async def web_speaker(conversation: UUID) -> Speaker:
    """A conversation of the website chat."""
    return Speaker(f"{SENDER_PREFIX}{conversation}", CHANNEL)


async def speaker(pool: Any, conversation: UUID) -> Speaker:
    """A conversation of any channel, asked of its row.

    Raises:
        LookupError: it is gone.
    """
    row = await pool.fetchrow(SPEAKER, conversation)
    if row is None:
        raise LookupError(str(conversation))
    return Speaker(row["sender_id"], row["channel"])


async def create(
    pool: Any, conversation: UUID, page: str, department: UUID | None = None, language: str | None = None
) -> None:
    """Make the conversation's row, of this department's desk, unless it is there; in the language of its page."""
    await pool.execute(CREATE, conversation, page, department, language)


async def choose(pool: Any, conversation: UUID, language: str) -> None:
    """Hold a conversation in the language that its person chose."""
    await pool.execute(CHOOSE, conversation, language)


def language_of(text: str, data: dict[str, Any]) -> str | None:
    """The language of what a person wrote; None when it is unsure, and for a button's or command's words, which are
    ours.
    """
    return None if _is_ours(data) else detect.read(text).value


def _is_ours(data: dict[str, Any]) -> bool:
    """Whether a person's words were not typed but stand on a button, or for a command."""
    return data.get("payload") is not None or bool(data.get("command"))


async def say(pool: Any, conversation: UUID, client_id: str, text: str, data: dict[str, Any]) -> Said:
    """Keep a person's message, once per `client_id`."""
    try:
        row = await pool.fetchrow(SAY, conversation, client_id, text, as_json(data), language_of(text, data))
        if row is not None:
            return Said(row["id"], row["seq"], row["created_at"])
        return await _say_carefully(pool, conversation, client_id, text, data)
    except asyncpg.UniqueViolationError:
        row = await pool.fetchrow(SAID_BEFORE, conversation, client_id)
        return Said(row["id"], row["seq"], row["created_at"], repeated=True)


async def _say_carefully(pool: Any, conversation: UUID, client_id: str, text: str, data: dict[str, Any]) -> Said:
    """The conversation belongs to a person, or its row is gone (erased, while the token lived on)."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(CREATE, conversation, "", None, None)
        return await say_within(connection, conversation, client_id, text, data)


async def say_within(connection: Any, conversation: UUID, client_id: str, text: str, data: dict[str, Any]) -> Said:
    """Keep a person's message, once per `client_id`, in the caller's transaction. The conversation's row is there."""
    owner = await connection.fetchval(HOLD, conversation)
    handed_over = owner != "bot"
    language = language_of(text, data)
    row = await connection.fetchrow(SAY_HELD, conversation, client_id, text, as_json(data), language)
    if row is not None:
        return Said(row["id"], row["seq"], row["created_at"], row["repeated"], handed_over)
    seq = await connection.fetchval(NEXT_SEQ, conversation)
    row = await connection.fetchrow(HAND_OVER, conversation, client_id, text, as_json(data), language, seq)
    return Said(row["id"], row["seq"], row["created_at"], handed_over=True)


async def title_of(pool: Any, conversation: UUID, payload: str) -> str | None:
    """Title of the button with this payload among the conversation's latest messages; None when there was none."""
    found: str | None = await pool.fetchval(OFFERED, conversation, payload, BUTTON_MEMORY)
    return found


async def opens(pool: Any, opened: Opened) -> bool:
    """Whether a token's holder may still enter: a conversation that became somebody's is that person's alone."""
    holder = await pool.fetchval(HOLDER, opened.conversation)
    return holder is None or holder == opened.person


async def last_seq(pool: Any, conversation: UUID) -> int:
    """Number of the newest message."""
    return int(await pool.fetchval(LAST_SEQ, conversation) or 0)


async def since(pool: Any, conversation: UUID, last_seq: int) -> list[dict[str, Any]]:
    """What was said after `last_seq`, oldest first, the newest 200 at most, as clients get it."""
    rows = await pool.fetch(SINCE, conversation, max(0, min(last_seq, 2**31 - 1)), LONGEST_HISTORY)
    return [_for_client(row) for row in reversed(rows)]


async def next_unanswered(connection: Any, conversation: UUID) -> Unanswered | None:
    """The oldest message that waits for an answer. To be asked with the conversation's lock held."""
    row = await connection.fetchrow(NEXT_UNANSWERED, conversation)
    if row is None:
        return None
    awaiting = f"HS-{row['number']}" if row["number"] is not None else None
    data = json.loads(row["data"])
    payload = data.get("payload")
    language = detect.follow(row["locale"], row["locale_chosen"], "" if _is_ours(data) else row["text"])
    return Unanswered(row["id"], row["text"], payload, row["owner"], awaiting, language)


async def forgotten(pool: Any, older_than_s: float = FORGOTTEN_AFTER_S, web: bool = True) -> list[UUID]:
    """Conversations of the website chat, or of all chat applications, with a message that nobody answered and nobody is
    known to be answering."""
    return [row["conversation_id"] for row in await pool.fetch(FORGOTTEN, float(older_than_s), web)]


async def hand_over(connection: Any, conversation: UUID, message_id: int) -> None:
    """The conversation was given to a person after this message was kept: its words go to the ticket."""
    await connection.execute(HAND_OVER_LATE, conversation, message_id)


async def apologise(connection: Any, conversation: UUID, message_id: int, answer: Answer) -> dict[str, Any] | None:
    """Answer a message without the assistant; None when it has its answer already, or a human has the conversation."""
    row = await connection.fetchrow(APOLOGISE, conversation, message_id, answer.text, as_json(answer.data))
    if row is None:
        return None
    return bot_message(row["seq"], row["text"], json.loads(row["data"]), row["created_at"])


async def tell_others(connection: Any, conversation: UUID, teller: str) -> None:
    """Let the other processes show what was said."""
    await connection.fetchval(TELL_OTHERS, f"{conversation} {teller}")


async def tell_typing(pool: Any, conversation: UUID) -> None:
    """Let an agent who talks with somebody see that they write."""
    await pool.fetchval(TELL_TYPING, conversation)


def bot_message(seq: int, text: str, data: dict[str, Any], at: datetime) -> dict[str, Any]:
    """An answer of the assistant as clients get it."""
    return _message(seq, "bot", "", text, data, None, at)


def person_message(said: Said, client_id: str, text: str) -> dict[str, Any]:
    """A person's message as their other windows get it."""
    return _message(said.seq, "person", "", text, {}, client_id, said.at)


def _for_client(row: Any) -> dict[str, Any]:
    data = json.loads(row["data"])
    if row["author"] == "person":
        data.pop("payload", None)
    return _message(
        row["seq"], row["author"], row["author_name"], row["text"], data, row["client_id"], row["created_at"]
    )


def _message(
    seq: int, author: str, name: str, text: str, data: dict[str, Any], client_id: str | None, at: datetime
) -> dict[str, Any]:
    return {
        "seq": seq,
        "author": author,
        "name": name,
        "text": text,
        "at": at.isoformat(),
        "client_id": client_id if author == "person" else None,
        "data": data,
    }
