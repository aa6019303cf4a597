"""Rasa component: the entities of a message, by the patterns of `data/lookups` and the words that examples mark."""

from __future__ import annotations

import json
import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from assistant.nlu.loaded import encoder_at
from assistant.nlu.patterns import Found, Patterns, collect
from assistant.nlu.sentence import ENCODER, folder_of

FILE = "patterns.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class PatternExtractor(GraphComponent, EntityExtractorMixin):
    """Reads regular expressions, lookup tables, synonyms and marked examples from the training data."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The settings: `encoder`, whose vocabulary tells correct words from misspelled names."""
        return {ENCODER: None}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> PatternExtractor:
        """Make a component that looks for nothing yet."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> PatternExtractor:
        """Read a trained component."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component._patterns = Patterns.from_json(json.loads((folder / FILE).read_text("utf-8")))
        return component

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """Make a component that looks for nothing yet."""
        self._config = config
        self._storage = model_storage
        self._resource = resource
        self._patterns = Patterns({}, {}, {})

    def train(self, training_data: TrainingData) -> Resource:
        """Collect what is looked for and store it.

        Raises:
            InvalidConfigException: a regular expression of the training data is broken.
        """
        examples = [
            (message.get(TEXT), [(mark["entity"], mark["start"], mark["end"]) for mark in message.get(ENTITIES, [])])
            for message in training_data.training_examples
            if message.get(TEXT)
        ]
        try:
            self._patterns = collect(
                [(entry["name"], entry["pattern"]) for entry in training_data.regex_features],
                [(table["name"], table["elements"]) for table in training_data.lookup_tables],
                training_data.entity_synonyms,
                examples,
                encoder_at(folder_of(self._config)).words,
            )
        except re.error as error:
            raise InvalidConfigException(f"broken regular expression '{error.pattern!r}': {error}") from error
        with self._storage.write_to(self._resource) as folder:
            (folder / FILE).write_text(json.dumps(self._patterns.as_json(), ensure_ascii=False), "utf-8")
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the entities to each message."""
        for message in messages:
            if text := message.get(TEXT):
                found = [self._as_entity(entity) for entity in self._patterns.find(text)]
                message.set(ENTITIES, [*message.get(ENTITIES, []), *found], add_to_output=True)
        return messages

    def _as_entity(self, found: Found) -> dict[str, Any]:
        return {
            "entity": found.entity,
            "start": found.start,
            "end": found.end,
            "value": found.value,
            "extractor": self.name,
        }
