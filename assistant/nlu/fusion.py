"""Rasa component: decides what a message asks for, and which FAQ entry answers it, with the fusion model.

Examples of retrieval intents are trained by their full name (`faq/reset_password`). When a message is read, they count
together as one intent (`faq`), and the best of them is given the way Rasa's own ResponseSelector would give it, so that
`utter_faq` and `full_retrieval_intent` work. The words of the answers stay in the domain: changing them needs no new
classifier.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.nlu.training_data.util import intent_response_key_to_template_key

from assistant.nlu.fusion_model import FusionModel, Guess, Judgement
from assistant.nlu.loaded import encoder_at
from assistant.nlu.sentence import ENCODER, ORIGIN, SentenceFeaturizer, folder_of, vector_of

RANKING_LENGTH = "ranking_length"
FEATURES = "features"
#: Answers listed of a retrieval intent; the event of every message carries them into the database.
ANSWERS_LISTED = 5
RESPONSE_SELECTOR = "response_selector"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class FusionClassifier(GraphComponent, IntentClassifier):
    """Stands behind a `SentenceFeaturizer` and shares its encoder.

    Settings: `ranking_length`, how many intents it lists; `features`, the featurizer's alias; `encoder`, its folder.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """What must stand before it in the pipeline."""
        return [SentenceFeaturizer]

    @staticmethod
    def required_packages() -> list[str]:
        """What must be installed besides Rasa."""
        return ["sklearn", "scipy"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The settings and what they are when the configuration says nothing."""
        return {RANKING_LENGTH: 10, FEATURES: ORIGIN, ENCODER: None}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> FusionClassifier:
        """Make an untrained component."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> FusionClassifier:
        """Read a trained component.

        Raises:
            UnknownFormat: the stored model needs another version of this program, or another encoder.
        """
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component._model = FusionModel.load(folder, component._encoder.version)
        return component

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """Make a component that knows nothing yet."""
        self._config = config
        self._storage = model_storage
        self._resource = resource
        self._encoder = encoder_at(folder_of(config))
        self._model: FusionModel | None = None

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the model to the examples and store it."""
        from assistant.nlu.fusion_training import train as fit  # a server has no use for what it imports

        texts, labels, vectors = [], [], []
        for example in training_data.intent_examples:
            vector = vector_of(example, self._config[FEATURES])
            if vector is not None:
                texts.append(example.get(TEXT))
                labels.append(example.get(INTENT_RESPONSE_KEY) or example.get(INTENT))
                vectors.append(vector)
        if not vectors:
            raise InvalidConfigException(f"no feature '{self._config[FEATURES]}': put SentenceFeaturizer first")
        self._model = fit(texts, labels, np.stack(vectors), self._encoder.version)
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set intent, ranking and answers of each message."""
        for message in messages:
            self._judge(message)
        return messages

    def _judge(self, message: Message) -> None:
        vector = vector_of(message, self._config[FEATURES])
        if self._model is None or vector is None:
            message.set(INTENT, _nothing(), add_to_output=True)
            message.set(INTENT_RANKING_KEY, [], add_to_output=True)
            return
        judgement = self._model.judge(message.get(TEXT), vector)
        ranking = [_as_intent(guess) for guess in judgement.intents[: self._config[RANKING_LENGTH]]]
        message.set(INTENT, ranking[0], add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        if judgement.answers:
            message.set(RESPONSE_SELECTOR, _as_selector(judgement), add_to_output=True)


def _nothing() -> dict[str, Any]:
    return {"name": None, "confidence": 0.0}


def _as_intent(guess: Guess) -> dict[str, Any]:
    return {"name": guess.name, "confidence": guess.confidence}


def _as_selector(judgement: Judgement) -> dict[str, Any]:
    """The property that `ResponseSelector.process` sets, without the answers' words."""
    selector: dict[str, Any] = {"all_retrieval_intents": list(judgement.answers)}
    for intent, answers in judgement.answers.items():
        ranking = [{"confidence": guess.confidence, INTENT_RESPONSE_KEY: guess.name} for guess in answers]
        selector[intent] = {
            "response": {
                "responses": [],
                **ranking[0],
                "utter_action": intent_response_key_to_template_key(answers[0].name),
            },
            "ranking": ranking[:ANSWERS_LISTED],
        }
    return selector
