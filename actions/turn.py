"""One turn of a conversation as an action sees it: what was heard, what went before, and a way to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from languages import SOURCE, catalogues

Event = dict[str, Any]
#: Values of responses that are words of ours, not of the person or an agent.
OUR_WORDS = frozenset({"changes", "day", "opened", "opens", "place", "team", "title", "when"})
#: A button: title and payload.
Button = Mapping[str, str]

BUTTON_PREFIX = "/"
RESPONSE_PREFIX = "utter_"
#: Before the number of a message's row, in its id.
MESSAGE_PREFIX = "message-"


@dataclass(frozen=True)
class Entity:
    """Something named in a message."""

    name: str
    value: str
    start: int = 0
    end: int = 0


#: A message of hardly more than its entity.
FEW_WORDS = 4


@dataclass(frozen=True)
class Heard:
    """A message of the person with what the assistant understood."""

    text: str = ""
    intent: str = ""
    confidence: float = 0.0
    entities: tuple[Entity, ...] = ()
    #: Intents with their confidence, the likeliest first.
    ranking: tuple[tuple[str, float], ...] = ()
    #: The FAQ entry nearest to the message, whatever its intent.
    faq: str | None = None
    #: Its id on the channel: the same when a message is handled again after a crash.
    id: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, parsed: Mapping[str, Any]) -> Heard:
        """From Rasa's parse result."""
        intent = parsed.get("intent") or {}
        return cls(
            text=(parsed.get("text") or "").strip(),
            intent=intent.get("name") or "",
            confidence=float(intent.get("confidence") or 0.0),
            entities=tuple(_entities(parsed.get("entities") or ())),
            ranking=tuple(
                (entry.get("name") or "", float(entry.get("confidence") or 0.0))
                for entry in parsed.get("intent_ranking") or ()
            ),
            faq=_faq(parsed.get("response_selector") or {}),
            id=str(parsed.get("message_id") or ""),
            metadata=parsed.get("metadata") or {},
        )

    @property
    def is_button(self) -> bool:
        """Whether a button was pressed: free text never comes with a certain intent and a leading slash."""
        return self.text.startswith(BUTTON_PREFIX) and self.confidence >= 1.0

    @property
    def number(self) -> int | None:
        """The number of its row; None for what did not come by a channel of ours."""
        number = self.id.removeprefix(MESSAGE_PREFIX)
        return int(number) if number != self.id and number.isdecimal() else None

    @property
    def words(self) -> str:
        """What the person typed; nothing for a button."""
        return "" if self.is_button else self.text

    @property
    def length(self) -> int:
        """Number of words typed."""
        return len(self.words.split())

    @property
    def reference_alone(self) -> str | None:
        """The ticket that the message names, when it says hardly more than that."""
        return self.value("reference") if self.length <= FEW_WORDS else None

    def value(self, name: str) -> str | None:
        """The first value of an entity."""
        return next((entity.value for entity in self.entities if entity.name == name), None)

    def values(self, name: str) -> list[str]:
        """Every value of an entity, in the order said."""
        return [entity.value for entity in self.entities if entity.name == name]

    def score(self, intent: str) -> float:
        """How likely an intent is, also when another one won."""
        return max((confidence for name, confidence in self.ranking if name == intent), default=0.0)


def _entities(parsed: Sequence[Mapping[str, Any]]) -> Iterator[Entity]:
    for entity in parsed:
        if entity.get("entity") and entity.get("value") is not None:
            yield Entity(
                entity["entity"],
                str(entity["value"]),
                int(entity.get("start") or 0),
                int(entity.get("end") or 0),
            )


def _faq(selector: Mapping[str, Any]) -> str | None:
    found = (selector.get("faq") or {}).get("response") or {}
    full: str = found.get("intent_response_key") or found.get("utter_action") or ""
    return full.rpartition("/")[2] or None


class Turn:
    """What an action works with."""

    def __init__(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
        self._dispatcher = dispatcher
        self._tracker = tracker
        self.heard = Heard.read(tracker.latest_message or {})
        self.sender_id: str = tracker.sender_id

    @property
    def language(self) -> str:
        """The language of the conversation, as its channel says."""
        return str(self.heard.metadata.get("language") or SOURCE)

    # --- speaking

    def say(
        self,
        response: str,
        buttons: Sequence[Button] = (),
        ticket: Mapping[str, Any] | None = None,
        tickets: Sequence[Mapping[str, Any]] = (),
        handoff: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> None:
        """Say a response of `domain.yml`, as one message with its buttons and cards.

        Args:
            response: Its name; words that are no name (a question made on the settings pages) are said as they are.
        """
        custom: dict[str, Any] = {}
        if ticket is not None:
            custom["ticket"] = dict(ticket)
        if tickets:
            custom["tickets"] = [dict(card) for card in tickets]
        if handoff is not None:
            custom["handoff"] = dict(handoff)
        named = response.startswith(RESPONSE_PREFIX)
        values = {
            name: catalogues.filled(value, self.language) if name in OUR_WORDS and isinstance(value, str) else value
            for name, value in values.items()
        }
        self._dispatcher.utter_message(
            text=None if named else response,
            response=response if named else None,
            buttons=[dict(button) for button in buttons],
            json_message=custom or None,
            **{name: _printable(value) for name, value in values.items()},
        )

    # --- remembering

    def slot(self, name: str) -> Any:
        """What was remembered under this name."""
        return self._tracker.get_slot(name)

    @property
    def form(self) -> str | None:
        """The form that is open."""
        name: str | None = (self._tracker.active_loop or {}).get("name")
        return name

    def opens(self, form: str) -> bool:
        """Whether this very message opened the form."""
        return any(event.get("event") == "active_loop" and event.get("name") == form for event in self._since_message)

    def set_now(self, slot: str) -> bool:
        """Whether an action set this slot after the message came in."""
        return any(event.get("event") == "slot" and event.get("name") == slot for event in self._since_message)

    @cached_property
    def earlier(self) -> list[Heard]:
        """What the person said before this message, the newest first."""
        said = [event for event in reversed(self._tracker.events or []) if event.get("event") == "user"]
        return [_heard(event) for event in said[1:]]

    @cached_property
    def _since_message(self) -> list[Event]:
        since: list[Event] = []
        for event in reversed(self._tracker.events or []):
            if event.get("event") == "user":
                break
            since.append(event)
        return since


def _heard(event: Event) -> Heard:
    parsed = {**(event.get("parse_data") or {}), "text": event.get("text"), "message_id": event.get("message_id")}
    return Heard.read(parsed)


def _printable(value: Any) -> Any:
    """Rasa's templates take "0[" in a value for a failed placeholder and drop every value of the message."""
    return value.replace("0[", "0 [") if isinstance(value, str) else value
