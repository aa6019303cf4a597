"""PostgreSQL's way of reading words, by the language that they are in: which endings count, which words do not."""

from __future__ import annotations

from collections.abc import Mapping

#: Configurations of full text search that every PostgreSQL brings.
CONFIGURATIONS: Mapping[str, str] = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}


def configuration(language: str) -> str:
    """The configuration for a language: `pt-BR` is read as `pt`; one that PostgreSQL does not know, word by word."""
    return CONFIGURATIONS.get(language.partition("-")[0], "simple")
