"""The puzzle in words, for those who do not see its picture: short, about nothing that one has to know."""

from __future__ import annotations

import random

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ORDER = ("first", "second", "third", "fourth", "fifth")
WORDS = (
    "river table green paper window morning garden bread stone summer bridge yellow letter mountain kitchen "
    "silver pocket winter orange ladder candle market pencil island button forest blanket harbour ticket"
)
SUM = "What is {first} plus {second}, as a number?"
DIFFERENCE = "What is {first} take away {second}, as a number?"
WORD = "Which is the {place} of these words: {words}?"


def asked(chance: random.Random) -> tuple[str, str]:
    """A question and its answer."""
    match chance.randrange(3):
        case 0:
            first, second = chance.randrange(2, 11), chance.randrange(1, 11)
            return SUM.format(first=NUMBERS[first], second=NUMBERS[second]), str(first + second)
        case 1:
            first = chance.randrange(4, 11)
            second = chance.randrange(1, first)
            return DIFFERENCE.format(first=NUMBERS[first], second=NUMBERS[second]), str(first - second)
        case _:
            words = chance.sample(WORDS.split(), len(ORDER))
            place = chance.randrange(len(ORDER))
            return WORD.format(place=ORDER[place], words=", ".join(words)), words[place]
