"""Rasa component: gives each message the sentence encoder's vector as a dense sentence feature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from assistant.nlu.fusion_model import Floats
from assistant.nlu.loaded import encoder_at

ENCODER = "encoder"
ALIAS = "alias"
#: Marks this component's features, unless the configuration gives another alias.
ORIGIN = "sentence"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceFeaturizer(DenseFeaturizer, GraphComponent):
    """One vector a message, none a word. Its only setting, `encoder`, is a folder; none means the one of set-up."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The settings and what they are when the configuration says nothing."""
        return {ALIAS: ORIGIN, ENCODER: None}

    @staticmethod
    def required_packages() -> list[str]:
        """What must be installed besides Rasa."""
        return ["onnxruntime", "tokenizers"]

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Any folder is right until it is opened."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceFeaturizer:
        """Make the component for training or for a running server."""
        return cls(execution_context.node_name, config)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Another encoder gives other vectors, so what was trained on the old ones must not be reused."""
        return encoder_at(folder_of(config)).version

    def __init__(self, name: str, config: dict[str, Any]) -> None:
        """Open the encoder."""
        super().__init__(name, config)
        self._encoder = encoder_at(folder_of(config))

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the vector to each message that has a text."""
        worded = [message for message in messages if message.get(TEXT)]
        vectors = self._encoder.encode([message.get(TEXT) for message in worded])
        for message, vector in zip(worded, vectors, strict=True):
            row = vector[np.newaxis, :]
            message.add_features(Features(row, FEATURE_TYPE_SENTENCE, TEXT, self._identifier))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the vectors to the examples."""
        self.process(training_data.training_examples)
        return training_data


def vector_of(message: Message, origin: str) -> Floats | None:
    """The vector that the featurizer of this alias gave the message; None when it has no text."""
    for features in message.features:
        if features.origin == origin and features.attribute == TEXT:
            vector: Floats = features.features[0]
            return vector
    return None


def folder_of(config: dict[str, Any]) -> Path | None:
    """The encoder's folder that a component's configuration names, if it does."""
    named = config.get(ENCODER)
    return Path(named) if named else None
