"""The puzzle in words, for those who do not see its picture: short, about nothing that one has to know."""

from __future__ import annotations

import random

from languages import SOURCE, catalogues

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ORDER = ("first", "second", "third", "fourth", "fifth")
WORDS = (
    "river table green paper window morning garden bread stone summer bridge yellow letter mountain kitchen "
    "silver pocket winter orange ladder candle market pencil island button forest blanket harbour ticket"
)
SUM = "What is {first} plus {second}, as a number?"
DIFFERENCE = "What is {first} take away {second}, as a number?"
WORD = "Which is the {place} of these words: {words}?"


def asked(chance: random.Random, language: str = SOURCE) -> tuple[str, str]:
    """A question in a language, and its answer. Words to choose from are asked for in English alone."""
    match chance.randrange(3 if language == SOURCE else 2):
        case 0:
            first, second = chance.randrange(2, 11), chance.randrange(1, 11)
            return _filled(SUM, first, second, language), str(first + second)
        case 1:
            first = chance.randrange(4, 11)
            second = chance.randrange(1, first)
            return _filled(DIFFERENCE, first, second, language), str(first - second)
        case _:
            words = chance.sample(WORDS.split(), len(ORDER))
            place = chance.randrange(len(ORDER))
            return WORD.format(place=ORDER[place], words=", ".join(words)), words[place]


def _filled(question: str, first: int, second: int, language: str) -> str:
    said = [catalogues.shown(NUMBERS[number], language) for number in (first, second)]
    return catalogues.shown(question, language).format(first=said[0], second=said[1])
