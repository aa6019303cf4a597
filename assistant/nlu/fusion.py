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
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, INTENT_RESPONSE_KEY, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.nlu.training_data.util import intent_response_key_to_template_key

from assistant.nlu.fusion_model import Floats, FusionModel, Guess, Judgement
from assistant.nlu.loaded import encoder_at
from assistant.nlu.sentence import ENCODER, ORIGIN, SentenceFeaturizer, folder_of, vector_of
from languages import SOURCE, TRANSLATED, detect

RANKING_LENGTH = "ranking_length"
FEATURES = "features"
#: Answers listed of a retrieval intent; the event of every message carries them into the database.
ANSWERS_LISTED = 5
RESPONSE_SELECTOR = "response_selector"
#: Where a message or an example says in which language it is.
LANGUAGE = "language"
#: Folder of the judge of other languages than English, in the component's own.
OTHERS = "others"


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
            if (folder / OTHERS).is_dir():
                component._others = FusionModel.load(folder / OTHERS, component._encoder.version)
        return component

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """Make a component that knows nothing yet."""
        self._config = config
        self._storage = model_storage
        self._resource = resource
        self._encoder = encoder_at(folder_of(config))
        self._model: FusionModel | None = None
        #: For messages in other languages than English, when there are examples of such.
        self._others: FusionModel | None = None

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the model to the examples and store it."""
        from assistant.nlu.fusion_training import train as fit  # a server has no use for what it imports

        examples = [
            (example, vector)
            for example in training_data.intent_examples
            if (vector := vector_of(example, self._config[FEATURES])) is not None
        ]
        if not examples:
            raise InvalidConfigException(f"no feature '{self._config[FEATURES]}': put SentenceFeaturizer first")

        def fitted(chosen: list[tuple[Message, Floats]]) -> FusionModel:
            texts = [example.get(TEXT) for example, _ in chosen]
            labels = [example.get(INTENT_RESPONSE_KEY) or example.get(INTENT) for example, _ in chosen]
            return fit(texts, labels, np.stack([vector for _, vector in chosen]), self._encoder.version)

        english = [one for one in examples if _written_in(one[0]) == SOURCE]
        self._model = fitted(english or examples)
        self._others = fitted(examples) if 0 < len(english) < len(examples) else None
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder)
            if self._others is not None:
                (folder / OTHERS).mkdir()
                self._others.save(folder / OTHERS)
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
        model = self._others if self._others is not None and _is_foreign(message) else self._model
        judgement = model.judge(message.get(TEXT), vector)
        ranking = [_as_intent(guess) for guess in judgement.intents[: self._config[RANKING_LENGTH]]]
        message.set(INTENT, ranking[0], add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        if judgement.answers:
            message.set(RESPONSE_SELECTOR, _as_selector(judgement), add_to_output=True)


def _written_in(example: Message) -> str:
    """The language that a training example's intent is marked with (`metadata: {language: es}`); English without."""
    return str(((example.get(METADATA) or {}).get(INTENT) or {}).get(LANGUAGE) or SOURCE)


def _is_foreign(message: Message) -> bool:
    """Whether a message is not English: by its words, or, where those are too few, by its conversation's language.

    English messages are judged as if there were no other languages: a judge of all of them is a little worse at each.
    """
    found = detect.read(message.get(TEXT)).value
    if found is not None:
        return found in TRANSLATED
    metadata = message.get(METADATA)
    return isinstance(metadata, dict) and metadata.get(LANGUAGE, SOURCE) != SOURCE


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
