"""Dialogue state in PostgreSQL: one statement a turn, no replay while the conversation is hot.

A turn's events, its version, the assistant's messages and the person's message marked as answered are one statement, so
that a crash leaves all of it or nothing. A database that is away raises: a conversation is never forgotten in silence.
"""

from __future__ import annotations

import json
import logging
import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker

from assistant import database
from assistant import tracker as live
from assistant.tracker import LiveTracker
from assistant.turn import Answer, Turn, current

log = logging.getLogger(__name__)

#: Conversations whose state is kept in memory; a few hundred kilobytes each at most.
HOT_CONVERSATIONS = 2_000

LOAD_HEAD = "select version, window_start, carried from tracker where sender_id = $1"
LOAD_EVENTS = "select data from tracker_event where sender_id = $1 and n >= $2 order by n"
#: An answer is the assistant's to say while the conversation is its own, or while the person waits for a human because
#: this very answer says so. The row stays locked until the answer is committed: a human who comes at the same moment
#: either waits for it or makes it unsaid (architecture rule 3).
SAVE = """
with ours as (
  select 1 from conversation
   where id = $7 and (
     owner = 'bot'
     or owner = 'queued' and exists (
       select 1 from handoff where conversation_id = $7 and ended_at is null and message_id = $8
     )
   )
   for no key update
), advanced as (
  insert into tracker as t (sender_id, version, window_start, carried, updated_at)
  select $1::text, $2::bigint + $3::int, $4::bigint, coalesce($5::jsonb, '[]'), now()
   where $8::bigint is null or exists (select 1 from ours)
  on conflict (sender_id) do update
     set version = excluded.version, window_start = excluded.window_start,
         carried = coalesce($5::jsonb, t.carried), updated_at = excluded.updated_at
   where t.version = $2
  returning 1
), appended as (
  insert into tracker_event (sender_id, n, data)
  select $1, $2 + event.place - 1, event.data
    from advanced, jsonb_array_elements($6::jsonb) with ordinality as event(data, place)
), answered as (
  update message set handled_at = now(), intent = $9, confidence = $10, entities = $11::jsonb, model = $12
    from advanced where id = $8
), numbered as (
  update conversation
     set last_seq = last_seq + $13::int, last_message_at = now(),
         -- Somebody may have chosen another one while this answer was made.
         locale = case when locale_chosen and not $16::boolean then locale else coalesce($15, locale) end,
         locale_chosen = locale_chosen or $16::boolean
    from advanced where id = $7 returning last_seq - $13::int as before
), said as (
  insert into message (conversation_id, seq, author, text, data)
  select $7, numbered.before + answer.place, 'bot', answer.body ->> 'text', answer.body -> 'data'
    from numbered, jsonb_array_elements($14::jsonb) with ordinality as answer(body, place)
)
select (select count(*) from advanced) as saved, $8::bigint is null or exists (select 1 from ours) as ours,
       (select before from numbered) as before, now() as at
"""

#: JSONB has no NUL character; an odd number of backslashes before `u0000` makes it one.
NUL_IN_JSON = re.compile(r"((?<!\\)(?:\\\\)*)\\u0000")


class StaleTracker(Exception):
    """Another process stored events of this conversation meanwhile: the turn has to be done again."""


class NotOurs(Exception):
    """A human answers in this conversation meanwhile, or will: nothing of the turn was stored, and nothing is said."""


class PostgresTrackerStore(TrackerStore):
    """The tracker store that `endpoints.yml` names."""

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: Any = None,
        store: database.Database | None = None,
        **kwargs: Any,
    ) -> None:
        """
        Args:
            domain: The model's domain; Rasa sets it when a model is loaded.
            host: Given by Rasa; the address comes from DATABASE_URL.
            event_broker: Not used: what happened is in the tables.
            store: The database; the process's own when left out.
            kwargs: Further keys of `endpoints.yml`.
        """
        super().__init__(domain, event_broker, **kwargs)
        self._database = store
        self._hot: OrderedDict[str, LiveTracker] = OrderedDict()

    async def get_or_create_tracker(
        self, sender_id: str, max_event_history: int | None = None, append_action_listen: bool = True
    ) -> DialogueStateTracker:
        """The conversation's tracker; a new one is stored with its first turn and not before."""
        found = await self.retrieve(sender_id)
        return found if found is not None else await self.create_tracker(sender_id, append_action_listen)

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> LiveTracker:
        """An empty tracker."""
        tracker = LiveTracker(sender_id, self.domain.slots)
        if append_action_listen:
            tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
        return tracker

    async def retrieve(self, sender_id: str) -> LiveTracker | None:
        """The live window of a conversation. From memory when that is what the database has.

        The tracker leaves the memory until it is saved: a turn that fails leaves no trace there.
        """
        hot = self._hot.pop(sender_id, None)
        turn = current.get()
        if turn is not None and turn.sender_id == sender_id:
            return await self._load(turn.connection, sender_id, hot)
        async with (await self._pool()).acquire() as connection:
            return await self._load(connection, sender_id, hot)

    async def retrieve_full_tracker(self, conversation_id: str) -> LiveTracker | None:
        """Every event that is still stored, windows before the present one included."""
        pool = await self._pool()
        rows = await pool.fetch(LOAD_EVENTS, conversation_id, 0)
        if not rows:
            return None
        return live.restore(
            conversation_id, self.domain.slots, len(rows), [], _events(json.loads(row["data"]) for row in rows)
        )

    async def exists(self, conversation_id: str) -> bool:
        """Whether anything is stored for this sender."""
        pool = await self._pool()
        return bool(await pool.fetchval("select true from tracker where sender_id = $1", conversation_id))

    async def keys(self) -> Iterable[str]:
        """Every sender with stored state."""
        pool = await self._pool()
        return [row["sender_id"] for row in await pool.fetch("select sender_id from tracker order by sender_id")]

    async def delete(self, sender_id: str) -> None:
        """Forget a sender's state and events. What was said stays in the transcript."""
        self._hot.pop(sender_id, None)
        pool = await self._pool()
        await pool.execute("delete from tracker where sender_id = $1", sender_id)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store what is new, together with the turn's answers.

        Raises:
            StaleTracker: the stored state is not the one this turn began with.
            NotOurs: a human took the conversation over.
        """
        if not isinstance(tracker, LiveTracker):
            raise TypeError(f"a {type(tracker).__name__} was not made by this store")
        turn = current.get()
        if turn is not None and turn.sender_id == tracker.sender_id:
            await self._save(turn.connection, tracker, turn)
        else:
            async with (await self._pool()).acquire() as connection:
                await self._save(connection, tracker, None)

    async def _pool(self) -> Any:
        return await (self._database or database.current()).quick()

    async def _load(self, connection: Any, sender_id: str, hot: LiveTracker | None) -> LiveTracker | None:
        head = await connection.fetchrow(LOAD_HEAD, sender_id)
        if head is None:
            return None
        if hot is not None and hot.version == head["version"]:
            return hot
        rows = await connection.fetch(LOAD_EVENTS, sender_id, head["window_start"])
        return live.restore(
            sender_id,
            self.domain.slots,
            head["version"],
            _events(json.loads(head["carried"])),
            _events(json.loads(row["data"]) for row in rows),
        )

    async def _save(self, connection: Any, tracker: LiveTracker, turn: Turn | None) -> None:
        fresh = tracker.fresh_events()
        cut = live.window_cut(tracker)
        carried = live.carry_over(tracker, cut) if cut is not None else None
        window_start = tracker.window_start + (cut - tracker.carried if cut is not None else 0)
        answers = _answers(turn)
        understood = turn.understood if turn is not None else None
        row = await connection.fetchrow(
            SAVE,
            tracker.sender_id,
            tracker.version,
            len(fresh),
            window_start,
            as_json([event.as_dict() for event in carried]) if carried is not None else None,
            as_json([event.as_dict() for event in fresh]),
            turn.conversation_id if turn is not None else None,
            turn.message_id if turn is not None else None,
            understood.intent if understood is not None else None,
            understood.confidence if understood is not None else None,
            as_json(understood.entities) if understood is not None else None,
            turn.model if turn is not None else None,
            len(answers),
            as_json([{"text": answer.text, "data": answer.data} for answer in answers]),
            turn.language.language if turn is not None and turn.message_id is not None else None,
            turn.language.asked_for if turn is not None else False,
        )
        if not row["ours"]:
            raise NotOurs(tracker.sender_id)
        if not row["saved"]:
            raise StaleTracker(tracker.sender_id)
        tracker.version += len(fresh)
        tracker.stored = len(tracker.events)
        if cut is not None and carried is not None:
            live.begin_window(tracker, cut, carried)
        if turn is not None and turn.message_id is not None:
            turn.committed = [
                {"seq": row["before"] + place, "text": answer.text, "data": answer.data, "at": row["at"]}
                for place, answer in enumerate(answers, 1)
            ]
            turn.answers = []
            turn.message_id = None
        self._keep(tracker)

    def _keep(self, tracker: LiveTracker) -> None:
        self._hot[tracker.sender_id] = tracker
        self._hot.move_to_end(tracker.sender_id)
        while len(self._hot) > HOT_CONVERSATIONS:
            self._hot.popitem(last=False)


def _answers(turn: Turn | None) -> list[Answer]:
    if turn is None or turn.message_id is None:
        return []
    if not turn.answers and turn.otherwise is not None:
        log.warning("the dialogue had no answer to message %s", turn.message_id)
        return [turn.otherwise]
    return turn.answers


def as_json(value: Any) -> str:
    """JSON as JSONB takes it: numbers of numpy become plain ones, NUL characters go."""
    text = json.dumps(value, default=_plain, ensure_ascii=False)
    return NUL_IN_JSON.sub(r"\1", text) if "\\u0000" in text else text


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)


def _events(stored: Iterable[dict[str, Any]]) -> list[Event]:
    return list(deserialise_events(list(stored)))
