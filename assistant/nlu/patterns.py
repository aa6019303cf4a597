"""Finds the facts in a message: by regular expressions, by word lists, and by what the examples mark. Knows no Rasa.

Where two findings overlap, the longer one stays, and of two equally long ones the more specific: `HS-104200` is a
reference although it also looks like a transaction id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.nlu.values import NORMAL_FORM

#: Characters searched of a message. Beyond this stand pasted logs, not answers.
MAX_CHARACTERS = 2000
#: Most specific first; entities not named here come after all of these.
SPECIFIC_FIRST = ("email", "reference", "error_code", "transaction_id", "date", "time", "amount", "currency")
#: Letters a word needs before one wrong letter in it is forgiven.
FORGIVING_FROM = 6
#: Of the places where an example's words stand, the share that must be marked before the words count as an entity.
MARKED_SHARE = 0.5

_WORD = re.compile(r"\w+")
#: What may stand between two words of one name: "front desk", "front-desk", "bursar's office".
_GAP = re.compile(r"(?:\s?[-–'’&/+]\s?|\s{1,3}|\.)?")
#: A number, or a number with a letter, as rooms and models have: 214, b12, 8a.
_NUMBER = re.compile(r"[a-z]?\d+[a-z]?")
_ANY_NUMBER = "#"

Words = tuple[str, ...]


@dataclass(frozen=True)
class Name:
    """An entry of a word list. `value` is None when the value is what the person wrote."""

    entity: str
    value: str | None


@dataclass(frozen=True)
class Found:
    """An entity in a text; `start` and `end` are offsets of characters."""

    entity: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class _Token:
    word: str
    start: int
    end: int


@dataclass
class Patterns:
    """What is looked for. `names` by their lower-case words; a number in learnt ones is `#`."""

    regexes: dict[str, list[str]]
    names: dict[Words, Name]
    synonyms: dict[str, str]
    #: Correct words that differ by one letter from a word of a name, and so are no misspellings of it.
    lookalikes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Prepare the searches."""
        self._compiled = [
            (entity, re.compile(expression, re.IGNORECASE))
            for entity, expressions in self.regexes.items()
            for expression in expressions
        ]
        self._longest = max((len(words) for words in self.names), default=0)
        self._beginnings = {words[:size] for words in self.names for size in range(1, len(words) + 1)}
        self._words = {word for words in self.names for word in words}
        self._misspellings = _misspellings(self._words)

    def find(self, text: str) -> list[Found]:
        """The entities of a text in their order, none overlapping another."""
        searched = text[:MAX_CHARACTERS]
        candidates = [*self._by_regex(searched), *self._by_name(searched)]
        candidates.sort(key=lambda found: (found.start - found.end, _rank(found.entity), found.start))
        taken: list[Found] = []
        for candidate in candidates:
            if all(candidate.end <= other.start or other.end <= candidate.start for other in taken):
                taken.append(candidate)
        return sorted(taken, key=lambda found: found.start)

    def as_json(self) -> dict[str, Any]:
        """A form for `json.dumps`, read again by `from_json`."""
        names = [[list(words), name.entity, name.value] for words, name in self.names.items()]
        return {
            "regexes": self.regexes,
            "names": names,
            "synonyms": self.synonyms,
            "lookalikes": sorted(self.lookalikes),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Patterns:
        """Read what `as_json` gave."""
        names = {tuple(words): Name(entity, value) for words, entity, value in stored["names"]}
        return cls(stored["regexes"], names, stored["synonyms"], set(stored["lookalikes"]))

    def _by_regex(self, text: str) -> Iterator[Found]:
        for entity, expression in self._compiled:
            for match in expression.finditer(text):
                if match.end() > match.start():
                    yield Found(entity, self._value(entity, match.group()), match.start(), match.end())

    def _by_name(self, text: str) -> Iterator[Found]:
        tokens = [_Token(match.group().lower(), *match.span()) for match in _WORD.finditer(text)]
        corrected = [self._corrected(token.word) for token in tokens]
        for first in range(len(tokens)):
            match = self._longest_name(text, tokens, corrected, first)
            if match is not None:
                name, last = match
                start, end = tokens[first].start, tokens[last].end
                yield Found(name.entity, name.value or self._value(name.entity, text[start:end]), start, end)

    def _longest_name(
        self, text: str, tokens: Sequence[_Token], corrected: Sequence[str], first: int
    ) -> tuple[Name, int] | None:
        best: tuple[Name, int] | None = None
        exact: list[Words] = [()]
        for last in range(first, min(first + self._longest, len(tokens))):
            if last > first and not _GAP.fullmatch(text, tokens[last - 1].end, tokens[last].start):
                break
            exact = [
                (*words, form)
                for words in exact
                for form in _forms(corrected[last])
                if (*words, form) in self._beginnings
            ]
            if not exact:
                break
            for words in exact:
                if words in self.names:
                    best = (self.names[words], last)
                    break
        return best

    def _corrected(self, word: str) -> str:
        if len(word) < FORGIVING_FROM - 1 or word in self._words or word in self.lookalikes:
            return word
        return next((self._misspellings[cut] for cut in _cuts(word) if cut in self._misspellings), word)

    def _value(self, entity: str, written: str) -> str:
        normal = NORMAL_FORM.get(entity)
        if normal is not None:
            return normal(written)
        return self.synonyms.get(written.lower(), written)


def words_of(name: str) -> Words:
    """The words by which a name is found."""
    return tuple(match.group().lower() for match in _WORD.finditer(name))


def collect(
    regexes: Iterable[tuple[str, str]],
    tables: Iterable[tuple[str, Iterable[str]]],
    synonyms: Mapping[str, str],
    examples: Sequence[tuple[str, Sequence[tuple[str, int, int]]]],
    spelled_right: Iterable[str] = (),
) -> Patterns:
    """Gather what is looked for from the training data.

    Args:
        regexes: entity and expression.
        tables: entity and the names of a lookup table.
        synonyms: normal form by what people write.
        examples: texts with their marked entities (name, start, end). Of entities that have a table, the marked words
            count as names too, unless they often stand unmarked elsewhere.
        spelled_right: words of the language, which are never taken for misspellings.
    """
    normal = {written.lower(): value for written, value in synonyms.items()}
    expressions: dict[str, list[str]] = {}
    for entity, expression in regexes:
        expressions.setdefault(entity, []).append(expression)
    names: dict[Words, Name] = {}
    entity_of_value: dict[str, str] = {}
    for entity, entries in tables:
        for entry in entries:
            value = normal.get(entry.lower(), entry)
            names.setdefault(words_of(entry), Name(entity, value))
            entity_of_value[value] = entity
    listed = {name.entity for name in names.values()}
    for written, value in normal.items():
        if value in entity_of_value:
            names.setdefault(words_of(written), Name(entity_of_value[value], value))
    for words, name in _learnt(examples, listed).items():
        names.setdefault(words, name)
    names.pop((), None)
    misspelled = _misspellings({word for words in names for word in words})
    long_enough = (word for word in spelled_right if len(word) >= FORGIVING_FROM - 1)
    lookalikes = {word for word in long_enough if any(cut in misspelled for cut in _cuts(word))}
    return Patterns(expressions, names, normal, lookalikes)


def _learnt(examples: Sequence[tuple[str, Sequence[tuple[str, int, int]]]], entities: set[str]) -> dict[Words, Name]:
    """Names that the examples mark: a number in them stands for any number (`room 214` teaches `room` and a number)."""
    marked: dict[Words, list[str]] = {}
    for text, marks in examples:
        for entity, start, end in marks:
            words = words_of(text[start:end])
            if entity in entities and words:
                marked.setdefault(words, []).append(entity)
    seen = _occurrences([words_of(text) for text, _ in examples], marked)
    learnt: dict[Words, Name] = {}
    for words, found in marked.items():
        if len(found) >= MARKED_SHARE * seen[words] and len(set(found)) == 1:
            learnt[_generalised(words)] = Name(found[0], None)
    return learnt


def _occurrences(texts: Iterable[Words], wanted: Iterable[Words]) -> dict[Words, int]:
    counts = dict.fromkeys(wanted, 0)
    longest = max((len(words) for words in counts), default=0)
    for text in texts:
        for start in range(len(text)):
            for size in range(1, min(longest, len(text) - start) + 1):
                words = text[start : start + size]
                if words in counts:
                    counts[words] += 1
    return counts


def _generalised(words: Words) -> Words:
    """`room 214` becomes `room #`; a name that begins with a number or one letter stays as it is."""
    if len(words[0]) < 3:
        return words
    return (words[0], *(_ANY_NUMBER if _NUMBER.fullmatch(word) else word for word in words[1:]))


def _forms(word: str) -> list[str]:
    """How a word may stand in a name: as it is, without a plural's s, or as any number."""
    forms = [word]
    if len(word) > 4 and word.endswith("s") and not word.endswith("ss"):
        forms.append(word[:-1])
    if _NUMBER.fullmatch(word):
        forms.append(_ANY_NUMBER)
    return forms


def _misspellings(words: Iterable[str]) -> dict[str, str]:
    """Every way to take one letter out of a long word, and the word (after SymSpell, Garbe 2012)."""
    cuts: dict[str, str] = {}
    for word in sorted(words):
        if len(word) >= FORGIVING_FROM and word.isalpha():
            for cut in _cuts(word):
                cuts.setdefault(cut, word)
    return cuts


def _cuts(word: str) -> list[str]:
    """The word, and the word without each of its letters.

    Two words that share one of these differ by a letter more, less or other, or by two neighbours changed round (and in
    few cases by a letter that moved farther, which is a misspelling as well).
    """
    return [word, *(word[:place] + word[place + 1 :] for place in range(len(word)))]


def _rank(entity: str) -> int:
    return SPECIFIC_FIRST.index(entity) if entity in SPECIFIC_FIRST else len(SPECIFIC_FIRST)
