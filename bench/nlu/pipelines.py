"""The pipelines that are compared. None has a fallback: it would hide what the classifier thinks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent.parent

_SPARSE: list[dict[str, Any]] = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]
LOGISTIC_REGRESSION = [*_SPARSE, {"name": "LogisticRegressionClassifier"}]
#: What `rasa init` writes.
RASA_INIT = [
    *_SPARSE,
    {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True},
    {"name": "EntitySynonymMapper"},
    {"name": "ResponseSelector", "epochs": 100, "constrain_similarities": True},
]


def ours() -> list[dict[str, Any]]:
    """The pipeline of the project's own `config.yml`."""
    config = YAML(typ="safe").load(ROOT / "config.yml")
    return [component for component in config["pipeline"] if component["name"] != "FallbackClassifier"]


def compared(with_diet: bool) -> dict[str, list[dict[str, Any]]]:
    """The pipelines by the names they have in the table."""
    stock = {"sparse + LogisticRegressionClassifier": LOGISTIC_REGRESSION}
    if with_diet:
        stock = {"`rasa init` (sparse + DIET, 100 epochs)": RASA_INIT, **stock}
    return {**stock, "Help Sage (late fusion, int8)": ours()}
