"""How soon a new ticket matters, from its words, what the person said about urgency, and its category.

The words are in `config/priorities.yml`, or in the database once an administrator has changed them; each category knows
its own priority. Every decision comes with its reason (architecture rule 7).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helpsage.configuration.live import Live
from helpsage.settings import ROOT
from helpsage.tickets import categories
from helpsage.tickets.models import Priority

CONFIGURATION = ROOT / "config" / "priorities.yml"
_ORDER = tuple(Priority)
_WORD = r"[^\W_]+(?:[.'’][^\W_]+)*"
#: What may stand between two words of a phrase.
_BETWEEN = r"[\s\-\u2010-\u2015]+"
_SENTENCE_END = re.compile(r"[.!?;:\n](?:\s|$)|,")


class InvalidPriorities(ValueError):
    """The words cannot be used; the message says where."""


@dataclass(frozen=True)
class Language:
    """The words of one language, ready to be searched."""

    negation: re.Pattern[str]
    breaks: re.Pattern[str]
    reach: int
    ignore: re.Pattern[str]
    calm: re.Pattern[str]
    raising: tuple[tuple[Priority, re.Pattern[str]], ...]
    keep_when_calm: re.Pattern[str]


@dataclass(frozen=True)
class Rules:
    """The words of all languages, and how reasons are told."""

    languages: dict[str, Language]
    reasons: dict[str, str]


def rank(priority: Priority | str) -> int:
    """0 for the least, to compare two priorities."""
    return _ORDER.index(Priority(priority))


def decide(
    text: str, category: str, stated_urgency: str | None = None, locale: str = "en", rules: Rules | None = None
) -> tuple[Priority, str]:
    """The priority of a new ticket, and why.

    Parameters:
        text: subject and description.
        stated_urgency: what the person said when asked: a priority's name, or their own words.
        rules: to try others than the ones in use.
    """
    rules = rules or load()
    language = rules.languages.get(locale.partition("-")[0], rules.languages["en"])
    known = categories.catalogue().categories.get(category)
    usual = known.priority if known is not None else Priority.NORMAL
    stated, said = _stated(language, stated_urgency)
    calm = None if stated is not None else _calm(language, text)
    if stated is Priority.LOW or calm is not None:
        return _calmly(rules, language, text, calm, said)
    title = known.title if known is not None else None
    return _highest(rules, _raised_by(language, text), (stated, said), usual, title)


def _calmly(rules: Rules, language: Language, text: str, calm: str | None, said: str) -> tuple[Priority, str]:
    """The person is in no hurry: only words that mean danger still raise."""
    danger = _found(language, text, language.keep_when_calm)
    if danger is not None:
        level = next(level for level, pattern in language.raising if pattern.fullmatch(danger))
        return level, rules.reasons["word"].format(phrase=danger)
    if calm is not None:
        return Priority.LOW, rules.reasons["calm"].format(phrase=calm)
    return Priority.LOW, rules.reasons["stated"].format(stated=said)


def _highest(
    rules: Rules,
    word: tuple[Priority, str] | None,
    stated: tuple[Priority | None, str],
    usual: Priority,
    category: str | None,
) -> tuple[Priority, str]:
    """The highest of what the words, the person and the category say; of equals the first."""
    reason = rules.reasons["category"].format(category=category) if category else rules.reasons["default"]
    chosen = usual
    if stated[0] is not None and rank(stated[0]) > rank(chosen):
        chosen, reason = stated[0], rules.reasons["stated"].format(stated=stated[1])
    if word is not None and rank(word[0]) >= rank(chosen):
        chosen, reason = word[0], rules.reasons["word"].format(phrase=word[1])
    return chosen, reason


def _stated(language: Language, urgency: str | None) -> tuple[Priority | None, str]:
    """What the person said about urgency: the name of a priority, or words to be read like any others."""
    said = " ".join((urgency or "").split())
    if not said:
        return None, ""
    try:
        return Priority(said.lower()), said.lower()
    except ValueError:
        pass
    if _calm(language, said) is not None:
        return Priority.LOW, said
    word = _raised_by(language, said)
    return (word[0], said) if word is not None else (None, said)


def _calm(language: Language, text: str) -> str | None:
    found = language.calm.search(_plain(text))
    return _quoted(found[0]) if found else None


def _raised_by(language: Language, text: str) -> tuple[Priority, str] | None:
    """The highest priority that a word of the text calls for, and that word."""
    plain = _considered(language, text)
    for priority, pattern in language.raising:
        phrase = _meant(language, plain, pattern)
        if phrase is not None:
            return priority, phrase
    return None


def _found(language: Language, text: str, pattern: re.Pattern[str]) -> str | None:
    """The first place where the pattern stands and is meant."""
    return _meant(language, _considered(language, text), pattern)


def _considered(language: Language, text: str) -> str:
    """A text without the phrases that say nothing about hurry."""
    return language.ignore.sub(" ", language.calm.sub(" ", _plain(text)))


def _meant(language: Language, plain: str, pattern: re.Pattern[str]) -> str | None:
    meant = (found for found in pattern.finditer(plain) if not _negated(language, plain, found.start()))
    first = next(meant, None)
    return _quoted(first[0]) if first is not None else None


def _negated(language: Language, plain: str, start: int) -> bool:
    """Whether a negation stands within reach before this place, in the same part of the sentence."""
    before = _SENTENCE_END.split(plain[max(0, start - 200) : start])[-1]
    near = re.findall(_WORD, before)[-language.reach :]
    for word in reversed(near):
        if language.breaks.fullmatch(word):
            return False
        if language.negation.fullmatch(word):
            return True
    return False


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")


def _quoted(found: str) -> str:
    return " ".join(found.split())


def load() -> Rules:
    """The rules as they are now. A change on the settings pages is here within a second.

    Raises:
        InvalidPriorities: the file does not say what it must.
    """
    return _LIVE.get()


def read(path: Path) -> Rules:
    """Read and check one file.

    Raises:
        InvalidPriorities: the file does not say what it must.
    """
    try:
        return build(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValueError, yaml.YAMLError) as error:
        raise InvalidPriorities(f"{path.name}: {error}") from error


def build(raw: Mapping[str, Any]) -> Rules:
    """Check the rules, wherever they come from, and make them ready to be searched.

    Raises:
        InvalidPriorities: they do not say what they must.
    """
    try:
        languages = {code: _language(words) for code, words in raw["languages"].items()}
        rules = Rules(languages, {name: str(raw["reasons"][name]) for name in _REASONS})
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidPriorities(f"{type(error).__name__}: {error}") from error
    except ValueError as error:
        raise InvalidPriorities(str(error)) from error
    if "en" not in languages:
        raise InvalidPriorities("languages: en is missing")
    return rules


_REASONS = ("word", "stated", "calm", "category", "default")


def _language(words: dict[str, Any]) -> Language:
    return Language(
        negation=_any_of(words["negations"]),
        breaks=_any_of(words["breaks"]),
        reach=int(words["reach"]),
        ignore=_any_of(words["ignore"]),
        calm=_any_of(words["calm"]),
        raising=tuple((level, _any_of(words[level.value])) for level in (Priority.URGENT, Priority.HIGH)),
        keep_when_calm=_any_of(_known(words["keep_when_calm"], words["urgent"] + words["high"])),
    )


def _known(phrases: list[str], among: list[str]) -> list[str]:
    unknown = set(phrases) - set(among)
    if unknown:
        raise ValueError(f"keep_when_calm: not among urgent or high: {', '.join(sorted(unknown))}")
    return phrases


def _any_of(phrases: list[str]) -> re.Pattern[str]:
    """One pattern for all of them, the longest first, at word boundaries; of no phrases one that is found nowhere."""
    if not phrases:
        return re.compile(r"(?!)")
    alternatives = sorted((_phrase(phrase) for phrase in phrases), key=len, reverse=True)
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(alternatives)})(?![^\W_])")


def _phrase(phrase: str) -> str:
    words = _plain(str(phrase)).split()
    if not words:
        raise ValueError("an empty phrase")
    return _BETWEEN.join(
        re.escape(word.removesuffix("*")) + (r"[^\W_]*" if word.endswith("*") else "") for word in words
    )


_LIVE = Live("priorities", CONFIGURATION, build)
