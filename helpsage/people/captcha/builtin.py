"""A puzzle of our own: letters drawn crooked, or a question in words. It needs no network, no script and no sound.

It slows programs down that try passwords by the thousand; the limits in `helpsage/people/limits.py` stop them. The
token that goes along with the answer says nothing about it without the installation's secret, works once and not long.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import math
import random
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people.captcha import glyphs, questions
from helpsage.people.captcha.interface import Challenge
from helpsage.people.models import SolvedPuzzle
from languages import SOURCE

LETTERS = 5
LIFETIME = timedelta(minutes=10)
WIDTH, HEIGHT = 240, 72
#: Fields of the form.
TOKEN, ANSWER = "puzzle", "answer"


class Puzzles:
    """Makes puzzles and knows right answers by their keyed hash."""

    def __init__(self, key: str) -> None:
        """
        Args:
            key: the installation's secret for this purpose.
        """
        self._key = key.encode()
        self._chance = secrets.SystemRandom()

    def challenge(self, language: str = SOURCE) -> Challenge:
        """A new puzzle: a picture and, for those who do not see it, a question. Either answer is right."""
        letters = "".join(self._chance.choice(sorted(glyphs.STROKES)) for _ in range(LETTERS))
        question, word = questions.asked(self._chance, language)
        return Challenge(
            kind="builtin", picture=drawn(letters, self._chance), question=question, token=self._token(letters, word)
        )

    def is_solved(self, session: Session, form: Mapping[str, str], address: str) -> bool:
        """Whether the answer is the picture's or the question's, in time, and this puzzle was not solved before."""
        puzzle = self._read(form.get(TOKEN, ""))
        if puzzle is None:
            return False
        name, ends, *right = puzzle
        if float(ends) <= clock.now().timestamp():
            return False
        if not any(hmac.compare_digest(self._mark(name, folded(form.get(ANSWER, ""))), one) for one in right):
            return False
        first = (
            insert(SolvedPuzzle)
            .values(id=name, expires_at=datetime.fromtimestamp(float(ends), UTC))
            .on_conflict_do_nothing()
            .returning(SolvedPuzzle.id)
        )
        return session.scalar(first) is not None

    def _token(self, *answers: str) -> str:
        name = secrets.token_hex(12)
        ends = str((clock.now() + LIFETIME).timestamp())
        body = json.dumps([name, ends, *(self._mark(name, folded(answer)) for answer in answers)]).encode()
        return f"{base64.urlsafe_b64encode(body).decode()}.{self._sign(body)}"

    def _read(self, token: str) -> list[str] | None:
        body, _, signature = token.partition(".")
        try:
            decoded = base64.urlsafe_b64decode(body.encode())
        except ValueError:
            return None
        if not hmac.compare_digest(self._sign(decoded).encode(), signature.encode()):
            return None
        puzzle: list[str] = json.loads(decoded)
        return puzzle

    def _mark(self, name: str, answer: str) -> str:
        return self._sign(f"{name} {answer}".encode())

    def _sign(self, body: bytes) -> str:
        return hmac.new(self._key, body, hashlib.sha256).hexdigest()


def folded(answer: str) -> str:
    """An answer without what does not matter: capitals, spaces, and whose digits they are."""
    return "".join(str(unicodedata.digit(one, one)) for one in "".join(answer.split()).casefold()[:100])


def drawn(letters: str, chance: random.Random) -> str:
    """The letters as an SVG picture: turned, bent and crossed out, as lines and not as text."""
    paths = [_letter(letter, place, chance) for place, letter in enumerate(letters)]
    paths += [_scratch(chance) for _ in range(3)]
    chance.shuffle(paths)
    lines = "".join(f'<path d="{path}" stroke-width="{chance.uniform(2.4, 3.8):.1f}"/>' for path in paths)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<g fill="none" stroke="#24332e" stroke-linecap="round" stroke-linejoin="round">{lines}</g></svg>'
    )


def _letter(letter: str, place: int, chance: random.Random) -> str:
    angle, size = chance.uniform(-0.35, 0.35), chance.uniform(7.2, 8.8)
    slant, phase = chance.uniform(-0.25, 0.25), chance.uniform(0, math.tau)
    middle_x = 36 + place * 42 + chance.uniform(-4, 4)
    middle_y = HEIGHT / 2 + chance.uniform(-4, 4)

    def moved(x: float, y: float) -> str:
        x, y = x - 2 + slant * (y - 3), y - 3
        turned_x, turned_y = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
        bend = 1.8 * math.sin(turned_y * size / 9 + phase)
        return f"{middle_x + turned_x * size + bend:.1f} {middle_y + turned_y * size:.1f}"

    return " ".join("M" + " L".join(moved(x, y) for x, y in _fine(stroke)) for stroke in glyphs.STROKES[letter])


def _fine(stroke: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """More points on the way, so that straight lines can be bent."""
    points = [stroke[0]]
    for (x1, y1), (x2, y2) in itertools.pairwise(stroke):
        points += [(x1 + (x2 - x1) * part / 4, y1 + (y2 - y1) * part / 4) for part in range(1, 5)]
    return points


def _scratch(chance: random.Random) -> str:
    ends = [chance.uniform(4, HEIGHT - 4) for _ in range(4)]
    return f"M0 {ends[0]:.1f} C{WIDTH * 0.3:.0f} {ends[1]:.1f} {WIDTH * 0.7:.0f} {ends[2]:.1f} {WIDTH} {ends[3]:.1f}"
