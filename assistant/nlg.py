"""What the dialogue says, in the language of the conversation: the one place where responses become words.

The channel writes the conversation's language into each message's metadata (`inbox.py`). Buttons keep their payloads;
their titles, and everything else that is no response, are translated where answers leave (`channels/inbox.py`).
"""

from __future__ import annotations

from typing import Any

from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

from languages import SOURCE, TRANSLATED, catalogues

#: Where a message's metadata says what language its conversation is in; English ones do not.
LANGUAGE = "language"

Responses = dict[str, list[dict[str, Any]]]


class CatalogueGenerator(TemplatedNaturalLanguageGenerator):
    """The generator that `endpoints.yml` names."""

    def __init__(self, endpoint_config: Any = None, domain: Domain | None = None) -> None:
        """
        Args:
            endpoint_config: Its part of `endpoints.yml`; there is nothing to set.
            domain: The model's domain; Rasa sets its responses anew whenever a model is loaded.
        """
        self.responses = domain.responses if domain is not None else {}

    @property
    def responses(self) -> Responses:
        """The English responses, by name."""
        return self._english

    @responses.setter
    def responses(self, english: Responses) -> None:
        self._english = english
        self._translated = {language: translated(english, language) for language in TRANSLATED}

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """A response's words with its values; English ones when it is not translated."""
        language = language_of(tracker)
        found = self._translated.get(language, {}).get(utter_action) if language != SOURCE else None
        if found is None:
            return await super().generate(utter_action, tracker, output_channel, **kwargs)  # type: ignore[no-any-return]
        return self._fill_response(  # type: ignore[no-any-return]
            _one_of(found, len(tracker.events)), tracker.current_slot_values(), **kwargs
        )


def translated(english: Responses, language: str) -> Responses:
    """The responses that a language has, each with the buttons and all else of its English counterpart.

    Responses of their own per channel or condition are left as they are written: they are not translated.
    """
    texts = catalogues.responses(language)
    found: Responses = {}
    for name, variants in english.items():
        plain = [variant for variant in variants if not variant.get("channel") and not variant.get("condition")]
        if name in texts and plain and len(plain) == len(variants):
            found[name] = [
                {**plain[min(number, len(plain) - 1)], "text": text} for number, text in enumerate(texts[name])
            ]
    return found


def language_of(tracker: DialogueStateTracker) -> str:
    """The language of the conversation, as the latest message says."""
    latest = tracker.latest_message
    metadata = latest.metadata if latest is not None else None
    language = metadata.get(LANGUAGE) if isinstance(metadata, dict) else None
    return language if isinstance(language, str) else SOURCE


def _one_of(variants: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """Another variant as the conversation goes on; a copy, since values are written into it."""
    chosen = variants[number % len(variants)]
    return {key: _copied(value) for key, value in chosen.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value
