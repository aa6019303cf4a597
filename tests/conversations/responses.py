"""What the assistant may say, read from `domain.yml` and `data/faq`: tests name responses, not words."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml

from helpsage.settings import ROOT
from languages import catalogues


@cache
def patterns(language: str = "en") -> dict[str, list[re.Pattern[str]]]:
    """For each response the texts that it can be, with anything in the place of its values."""
    found: dict[str, list[re.Pattern[str]]] = {}
    if language != "en":
        return {name: [_pattern(text) for text in texts] for name, texts in catalogues.responses(language).items()}
    for path in [ROOT / "domain.yml", *sorted((ROOT / "data" / "faq").glob("*.yml"))]:
        for name, variants in (_load(path).get("responses") or {}).items():
            found[name] = [_pattern(variant["text"]) for variant in variants]
    return found


def is_said(response: str, text: str, language: str = "en") -> bool:
    """Whether a text is this response.

    Raises:
        KeyError: there is no such response.
    """
    return any(pattern.fullmatch(text.strip()) for pattern in patterns(language)[response])


def names(text: str, language: str = "en") -> list[str]:
    """The responses that a text can be."""
    return [name for name in patterns(language) if is_said(name, text, language)]


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", template.strip())
    return re.compile(".+?".join(re.escape(part) for part in parts), re.DOTALL)


def _load(path: Path) -> dict[str, dict[str, list[dict[str, str]]]]:
    loaded: dict[str, dict[str, list[dict[str, str]]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded
