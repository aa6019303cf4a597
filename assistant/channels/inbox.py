"""From a person's words to the assistant's answer: kept at once, answered in order, answered once.

Who answers is decided by the database, not by who received the words: with the conversation's lock held, the oldest
unanswered message is next. So a message that a dying process leaves behind is answered by whoever looks next, and a
message is never answered twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol
from uuid import UUID

from rasa.core.channels.channel import OutputChannel, UserMessage

from assistant import conversations
from assistant.action_server import ActionFailed
from assistant.channels import text as texts
from assistant.channels import words
from assistant.conversations import Speaker, Unanswered
from assistant.database import UNAVAILABLE, Database
from assistant.nlg import LANGUAGE
from assistant.tracker_store import NotOurs, StaleTracker
from assistant.turn import Answer, Turn
from languages import SOURCE, catalogues

log = logging.getLogger(__name__)

#: A turn that takes longer than this is given up; the person is told.
LONGEST_TURN_S = 25.0
#: Answers faster than this need no typing indicator.
TYPING_AFTER_S = 0.1
#: Messages of one conversation that may wait for their answers.
LONGEST_QUEUE = 50
#: Turns are done again when another process was faster.
ATTEMPTS = 3

#: What is written on a ticket's card in words of ours.
ON_CARDS = ("status_label", "category")

Lock = Callable[[str], AbstractAsyncContextManager[Turn]]


class Place(Protocol):
    """Where a channel's conversations are shown: the chat's open windows, or whoever posts to a chat application."""

    async def show(self, conversation: UUID, messages: list[dict[str, Any]]) -> None:
        """Show what was committed."""

    async def tell(self, conversation: UUID, event: str, data: Any) -> None:
        """Show something that is not a message: that an answer is being made (`typing`)."""


class Collector(OutputChannel):
    """Collects each response of the dialogue as one message; nothing is shown before the turn is committed."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    @classmethod
    def name(cls) -> str:
        """The channel's name, for responses of their own per channel."""
        return conversations.CHANNEL

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Take one response: text, buttons, card and picture together."""
        answer = in_language(as_answer(message), self._turn.language.language)
        if answer.text or answer.data:
            self._turn.answers.append(answer)


def as_answer(message: dict[str, Any]) -> Answer:
    """A response of Rasa's in the words of docs/webchat-protocol.md."""
    custom = message.get("custom")
    data: dict[str, Any] = dict(custom) if isinstance(custom, dict) else {}
    buttons = [
        {"title": str(button.get("title", "")), "payload": str(button.get("payload", ""))}
        for button in [*(message.get("buttons") or []), *(message.get("quick_replies") or [])]
        if button.get("payload")
    ]
    if buttons:
        data["buttons"] = buttons
    if message.get("image"):
        data["image"] = message["image"]
    text = message.get("text") or data.pop("text", "")
    return Answer(str(text).strip(), data)


def in_language(answer: Answer, language: str) -> Answer:
    """An answer with the titles of its buttons, the states on its cards and plain words in the conversation's language.

    Payloads and values stay as they are; so does what nobody translated, an agent's or an administrator's own words.
    """
    if language == SOURCE:
        return answer
    words_of = catalogues.words(language)
    data = dict(answer.data)
    if "buttons" in data:
        data["buttons"] = [{**each, "title": words_of.get(each["title"], each["title"])} for each in data["buttons"]]
    if isinstance(data.get("ticket"), dict):
        data["ticket"] = _card(data["ticket"], words_of)
    if isinstance(data.get("tickets"), list):
        data["tickets"] = [_card(each, words_of) for each in data["tickets"]]
    return Answer(words_of.get(answer.text, answer.text), data)


def _card(card: dict[str, Any], words_of: Mapping[str, str]) -> dict[str, Any]:
    return {name: words_of.get(value, value) if name in ON_CARDS else value for name, value in card.items()}


class Inbox:
    """What people said on one channel, or on all chat applications, in this process."""

    def __init__(
        self,
        database: Database,
        place: Place,
        lock: Lock,
        ask: Callable[[UserMessage], Awaitable[Any]],
        speaker: Callable[[UUID], Awaitable[Speaker]] = conversations.web_speaker,
        forgotten: conversations.Forgotten = conversations.forgotten,
        tell_others: Callable[[], str] | None = None,
    ) -> None:
        """
        Args:
            database: Where messages are kept.
            place: Where answers are shown.
            lock: Holds a conversation while one of its messages is answered.
            ask: Hands a message to the dialogue.
            speaker: Under which name Rasa knows a conversation, and on which channel it is.
            forgotten: Finds the conversations with words that nobody is known to be answering.
            tell_others: This process's name, when other processes may have windows of the same conversations.
        """
        self._database = database
        self._place = place
        self._lock = lock
        self._ask = ask
        self._speaker = speaker
        self._forgotten = forgotten
        self._teller = tell_others
        self._waiting: dict[UUID, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def waiting(self, conversation: UUID) -> int:
        """Messages of a conversation that this process knows to be unanswered."""
        return self._waiting.get(conversation, 0)

    def answer(self, conversation: UUID, messages: int = 1) -> None:
        """See to it that what waits in this conversation is answered."""
        working = conversation in self._waiting
        self._waiting[conversation] = self._waiting.get(conversation, 0) + messages
        if not working:
            self._start(self._work_off(conversation))

    async def show_elsewhere(self, connection: Any, conversation: UUID) -> None:
        """Let the other processes' windows follow."""
        if self._teller is not None:
            await conversations.tell_others(connection, conversation, self._teller())

    async def recover(self, older_than_s: float = conversations.FORGOTTEN_AFTER_S) -> int:
        """Take up what was left unanswered by a process that died or a database that was away.

        Returns:
            The number of conversations taken up.
        """
        found = await self._forgotten(await self._database.quick(), older_than_s)
        for conversation in found:
            if conversation not in self._waiting:
                self.answer(conversation)
        return len(found)

    async def close(self) -> None:
        """Stop answering; what is under way stays unanswered and is taken up by whoever starts next."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self, conversation: UUID) -> None:
        """Answer until nothing waits. What the database takes away waits for `recover`."""
        typing = asyncio.get_running_loop().call_later(TYPING_AFTER_S, self._show_typing, conversation)
        try:
            while self._waiting[conversation] > 0:
                if await self._answer_next(conversation):
                    self._waiting[conversation] -= 1
                else:
                    self._waiting[conversation] = 0
        except UNAVAILABLE as error:
            log.warning("answering waits for the database: %s", error or type(error).__name__)
        except Exception:
            log.exception("answering stopped")
        finally:
            typing.cancel()
            del self._waiting[conversation]
        await self._place.tell(conversation, "typing", {"on": False, "author": "bot"})

    def _show_typing(self, conversation: UUID) -> None:
        self._start(self._place.tell(conversation, "typing", {"on": True, "author": "bot"}))

    async def _answer_next(self, conversation: UUID) -> bool:
        """Answer the oldest unanswered message; False when there is none."""
        speaker = await self._speaker(conversation)
        async with self._lock(speaker.sender_id) as turn:
            message = await conversations.next_unanswered(turn.connection, conversation)
            if message is None:
                return False
            if message.owner != "bot":
                await conversations.hand_over(turn.connection, conversation, message.id)
                return True
            shown = await self._answer(turn, conversation, message, speaker.channel)
            await self.show_elsewhere(turn.connection, conversation)
        await self._place.show(conversation, shown)
        return True

    async def _answer(self, turn: Turn, conversation: UUID, message: Unanswered, channel: str) -> list[dict[str, Any]]:
        for _ in range(ATTEMPTS):
            _prepare(turn, conversation, message)
            try:
                async with asyncio.timeout(LONGEST_TURN_S):
                    await self._ask(_for_rasa(turn, message, channel))
            except StaleTracker:
                continue
            except NotOurs:
                log.info("a human took conversation %s over while it was being answered", conversation)
                await conversations.hand_over(turn.connection, conversation, message.id)
                return []
            except UNAVAILABLE as error:
                if not isinstance(error, asyncio.TimeoutError) or turn.connection.is_closed():
                    raise
                log.warning("a turn took longer than %s s", LONGEST_TURN_S)
            except ActionFailed as error:
                log.error("a turn failed: %s", error)
            except Exception:
                log.exception("a turn failed")
            break
        if turn.committed is not None:
            return [
                conversations.bot_message(said["seq"], said["text"], said["data"], said["at"])
                for said in turn.committed
            ]
        sorry = Answer(catalogues.said(words.NOT_FINISHED, turn.language.language), {})
        said = await conversations.apologise(turn.connection, conversation, message.id, sorry)
        if said is None:  # a human has the conversation: the words are for them
            await conversations.hand_over(turn.connection, conversation, message.id)
        return [said] if said is not None else []


def _prepare(turn: Turn, conversation: UUID, message: Unanswered) -> None:
    turn.conversation_id = conversation
    turn.message_id = message.id
    turn.awaiting = message.awaiting if message.payload is None else None
    turn.answers = []
    turn.language = message.language
    turn.otherwise = Answer(catalogues.said(words.NO_ANSWER, message.language.language), {})
    turn.understood = None
    turn.committed = None


def _for_rasa(turn: Turn, message: Unanswered, channel: str) -> UserMessage:
    metadata = {"title": message.text} if message.payload is not None else {}
    if message.language.language != SOURCE:
        metadata[LANGUAGE] = message.language.language
    return UserMessage(
        text=message.payload or texts.for_understanding(message.text),
        output_channel=Collector(turn),
        sender_id=turn.sender_id,
        input_channel=channel,
        message_id=f"message-{message.id}",
        metadata=metadata,
    )
