"""The catalogues under `locales/`: what we say, in each language. Read once; what is missing is said in English.

`locales/<code>/responses.yml` has the assistant's answers by their names in `domain.yml` and `data/faq`;
`words.yml` and `pages.yml` have single words and sentences by their English. In a sentence `%(name)s` is a value that
is put in after it was translated; `{name}` is one that may stand there before: the sentence is recognised with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import yaml

from languages import SOURCE, TRANSLATED

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "locales"
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
#: Sentences that are put together at run time, as the catalogues of words have them (`filled`).
SENTENCES: Final = (
    "just now",
    "{n} minutes ago",
    "an hour ago",
    "{n} hours ago",
    "yesterday",
    "{n} days ago",
    "{time} {zone} today",
    "{weekday} {day} {month}, {time} {zone}",
    "{weekday}, {day} {month}, at {time}",
    "{day} {month} {year}",
    "You are number {n} in the queue.{wait}",
    "You are next.{wait}",
    " It should take less than a minute.",
    " It should take about {n} minutes.",
    " It should take about a minute.",
    " It may take more than an hour.",
)
RESPONSES, WORDS, PAGES = "responses.yml", "words.yml", "pages.yml"


class BadCatalogue(ValueError):
    """A catalogue that cannot be read; the message names the file and says why."""


def path_of(language: str, name: str) -> Path:
    """Where a catalogue lies."""
    return FOLDER / language / name


@lru_cache(maxsize=64)
def responses(language: str) -> Mapping[str, tuple[str, ...]]:
    """The texts of each response: one or several that mean the same.

    Raises:
        BadCatalogue
    """
    return read_responses(path_of(language, RESPONSES)) if language in TRANSLATED else {}


@lru_cache(maxsize=64)
def words(language: str) -> Mapping[str, str]:
    """What the assistant says besides its responses, by its English: buttons, states, names of fields, apologies.

    Raises:
        BadCatalogue
    """
    return read_words(path_of(language, WORDS)) if language in TRANSLATED else {}


@lru_cache(maxsize=64)
def pages(language: str) -> Mapping[str, str]:
    """What pages and letters say, by its English.

    Raises:
        BadCatalogue
    """
    return read_words(path_of(language, PAGES)) if language in TRANSLATED else {}


def said(english: str, language: str) -> str:
    """Words of the assistant in this language; in English when nobody has translated them."""
    return words(language).get(english, english)


def every(english: str) -> frozenset[str]:
    """Words of the assistant in all languages, in small letters: somebody may type what they read on a button."""
    return frozenset(each.casefold() for each in (english, *(said(english, language) for language in TRANSLATED)))


def shown(english: str, language: str) -> str:
    """Words of a page or letter in this language; in English when nobody has translated them.

    A sentence that has its values in it already ("At most 200 characters.") is recognised as in `filled`; numbers in it
    are written as the language does, and all else that was put in stays as it is.
    """
    exact = pages(language).get(english)
    if exact is not None:
        return exact
    return _recognised(english, language, PAGES, partial(_number, language)) or english


def day(moment: datetime, language: str) -> str:
    """A day in full, as it stands in letters: 9 November 2026."""
    return filled(f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}", language)


def read_responses(path: Path) -> dict[str, tuple[str, ...]]:
    """Read a catalogue of responses.

    Raises:
        BadCatalogue
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, texts in _mapping(path).items():
        several = [texts] if isinstance(texts, str) else texts
        if not isinstance(several, list) or not several or not all(isinstance(each, str) for each in several):
            raise BadCatalogue(f"{path}: {name} must be a list of texts")
        found[name] = tuple(several)
    return found


def read_words(path: Path) -> dict[str, str]:
    """Read a catalogue of words.

    Raises:
        BadCatalogue
    """
    found = _mapping(path)
    for english, translated in found.items():
        if not isinstance(translated, str):
            raise BadCatalogue(f"{path}: the translation of {english!r} must be a text")
    return found


def _mapping(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.load(path.read_text("utf-8"), _Loader) if path.is_file() else {}  # noqa: S506 a safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadCatalogue(f"{path}: {' '.join(str(error).split())}") from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict) or not all(isinstance(key, str) for key in loaded):
        raise BadCatalogue(f"{path}: must be pairs of texts; write yes, no and numbers in quotes")
    return loaded


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]  # chosen at run time
    """A safe loader that does not take the same key twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """A mapping whose keys are all different."""
        keys = Counter(key.value for key, _ in node.value)
        twice = next((key for key, count in keys.items() if count > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"{twice!r} stands there twice", node.start_mark)
        return super().construct_mapping(node, deep)


#: What a placeholder of these names stands for in a sentence that is recognised; any other stands for anything.
_SHAPES = {
    "n": r"\d+",
    "minutes": r"\d+",
    **dict.fromkeys(("limit", "length", "longest", "shortest", "most"), r"[\d,]+"),
    "reference": r"[A-Z]+-\d+",
    "day": r"\d{1,2}",
    "year": r"\d{4}",
    "time": r"\d\d:\d\d",
    "zone": r"\S+",
    "weekday": "|".join(WEEKDAYS),
    "month": "|".join(MONTHS),
}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
#: What stands between thousands, where it is no comma.
_BETWEEN: Final = {"de": ".", "es": ".", "fr": "\u202f"}


def filled(english: str, language: str) -> str:
    """A sentence of ours that has its values in it already ("3 days ago"), in this language.

    It is recognised by the entries of the catalogue that have placeholders; values that are words of ours themselves
    ("Friday") are translated with it. What is not recognised stays as it is.
    """
    if language == SOURCE or not english:
        return english
    exact = words(language).get(english)
    if exact is not None:
        return exact
    return _recognised(english, language, WORDS, partial(filled, language=language)) or english


def _recognised(english: str, language: str, name: str, value: Callable[[str], str]) -> str | None:
    for pattern, translation in _sentences(language, name):
        found = pattern.fullmatch(english)
        if found is not None:
            return _with(translation, {each: value(text) for each, text in found.groupdict().items()})
    return None


def _number(language: str, value: str) -> str:
    """A number with the language's mark between thousands; anything else as it is."""
    return value.replace(",", _BETWEEN.get(language, ",")) if _THOUSANDS.fullmatch(value) else value


def _with(sentence: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda place: values.get(place[1], place[0]), sentence)


@lru_cache(maxsize=16)
def _sentences(language: str, name: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The entries of a catalogue (`WORDS`, `PAGES`) with placeholders, those with most words of their own first: they
    say most surely what is meant.
    """
    catalogue = words(language) if name == WORDS else pages(language)
    entries = [(english, each) for english, each in catalogue.items() if _PLACEHOLDER.search(english)]
    entries.sort(key=lambda entry: -len(_PLACEHOLDER.sub("", entry[0])))
    return tuple((_recogniser(english), each) for english, each in entries)


def _recogniser(english: str) -> re.Pattern[str]:
    parts = _PLACEHOLDER.split(english)
    shaped = (
        re.escape(part) if number % 2 == 0 else _place(part, is_first=part not in parts[1:number:2])
        for number, part in enumerate(parts)
    )
    return re.compile("".join(shaped), re.DOTALL)


def _place(name: str, is_first: bool) -> str:
    """What a value may be; where it stands a second time, the same again."""
    return f"(?P<{name}>{_SHAPES.get(name, '.*?')})" if is_first else f"(?P={name})"
