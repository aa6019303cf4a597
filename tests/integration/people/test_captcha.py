"""The check that a person sits there: our own puzzle, and services behind the same interface."""

from __future__ import annotations

import base64
import json
import random
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.people import captcha
from helpsage.people.captcha import builtin, glyphs, questions
from helpsage.people.captcha.builtin import ANSWER, TOKEN, Puzzles
from helpsage.people.captcha.interface import Challenge, Unavailable
from helpsage.people.captcha.services import SERVICES, Service
from languages import catalogues


class Known(Puzzles):
    """Puzzles whose letters and words a test knows, because it brings its own chance."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__("only-for-tests")
        self._chance = random.Random(seed)  # type: ignore[assignment]


def letters_of(seed: int = 1) -> str:
    chance = random.Random(seed)
    return "".join(chance.choice(sorted(glyphs.STROKES)) for _ in range(builtin.LETTERS))


def answered(challenge: Challenge, answer: str) -> dict[str, str]:
    return {TOKEN: challenge.token, ANSWER: answer}


def solve(question: str) -> str:
    """As a person does who reads it."""
    numbers = {name: value for value, name in enumerate(questions.NUMBERS)}
    if found := re.match(r"What is (\w+) (plus|take away) (\w+)", question):
        first, second = numbers[found[1]], numbers[found[3]]
        return str(first + second if found[2] == "plus" else first - second)
    found = re.match(r"Which is the (\w+) of these words: (.*)\?", question)
    assert found is not None
    return found[2].split(", ")[questions.ORDER.index(found[1])]


@pytest.mark.parametrize("seed", range(6))
def test_the_question_is_asked_in_the_readers_language(session: Session, seed: int) -> None:
    puzzles = Known(seed)
    challenge = puzzles.challenge("hi")
    numbers = [catalogues.shown(name, "hi") for name in questions.NUMBERS]
    first, second = (numbers.index(word) for word in re.split(r"[ ,?]+", challenge.question) if word in numbers)
    answer = first + second if "मिलाकर" in challenge.question else first - second
    devanagari = str(answer).translate({ord(digit): 0x0966 + int(digit) for digit in "0123456789"})
    assert puzzles.is_solved(session, answered(challenge, devanagari), "")


@pytest.mark.parametrize("typed", ["{}", " {} ", "lower"])
def test_the_letters_are_right(session: Session, typed: str) -> None:
    puzzles = Known()
    answer = letters_of().lower() if typed == "lower" else typed.format(letters_of())
    assert puzzles.is_solved(session, answered(puzzles.challenge(), answer), "")


@pytest.mark.parametrize("seed", range(40))
def test_so_is_the_answer_to_the_question(session: Session, seed: int) -> None:
    puzzles = Known(seed)
    challenge = puzzles.challenge()
    assert puzzles.is_solved(session, answered(challenge, solve(challenge.question)), "")


@pytest.mark.parametrize("answer", ["", "WRONG", "\x00", "0", "é", "x" * 5000])
def test_anything_else_is_wrong(session: Session, answer: str) -> None:
    puzzles = Known()
    assert not puzzles.is_solved(session, answered(puzzles.challenge(), answer), "")


def test_an_answer_counts_once(session: Session) -> None:
    puzzles = Known()
    sent = answered(puzzles.challenge(), letters_of())
    assert puzzles.is_solved(session, sent, "")
    assert not puzzles.is_solved(session, sent, "")


def test_and_not_for_long(session: Session) -> None:
    puzzles = Known()
    sent = answered(puzzles.challenge(), letters_of())
    with clock.frozen(clock.now() + builtin.LIFETIME + timedelta(seconds=1)):
        assert not puzzles.is_solved(session, sent, "")


def test_a_wrong_answer_leaves_it_open(session: Session) -> None:
    puzzles = Known()
    challenge = puzzles.challenge()
    assert not puzzles.is_solved(session, answered(challenge, "WRONG"), "")
    assert puzzles.is_solved(session, answered(challenge, letters_of()), "")


@pytest.mark.parametrize("token", ["", ".", "x", "é.é", "bm90IGpzb24=.x", "\x00", "x" * 5000])
def test_a_torn_token_is_wrong(session: Session, token: str) -> None:
    assert not Known().is_solved(session, {TOKEN: token, ANSWER: letters_of()}, "")


def test_a_token_of_another_installation_is_wrong(session: Session) -> None:
    other = Puzzles("another secret")
    assert not Known().is_solved(session, answered(other.challenge(), letters_of()), "")


def test_its_end_cannot_be_put_off(session: Session) -> None:
    puzzles = Known()
    body, _, signature = puzzles.challenge().token.partition(".")
    name, _, *rest = json.loads(base64.urlsafe_b64decode(body))
    later = base64.urlsafe_b64encode(json.dumps([name, "9999999999", *rest]).encode()).decode()
    assert not puzzles.is_solved(session, {TOKEN: f"{later}.{signature}", ANSWER: letters_of()}, "")


def test_neither_picture_nor_token_give_the_answer_away() -> None:
    puzzles = Known()
    challenge = puzzles.challenge()
    drawing = ElementTree.fromstring(challenge.picture)
    assert {element.tag.rpartition("}")[2] for element in drawing.iter()} == {"svg", "rect", "g", "path"}
    assert "".join(drawing.itertext()) == ""
    body = base64.urlsafe_b64decode(challenge.token.partition(".")[0]).decode()
    assert letters_of().lower() not in body.lower()
    assert puzzles.challenge().token != challenge.token


def test_the_picture_stays_within_its_frame() -> None:
    for seed in range(30):
        picture = Known(seed).challenge().picture
        for x, y in re.findall(r"[ML ](-?[\d.]+) (-?[\d.]+)", " ".join(re.findall(r' d="(M[^C"]+)"', picture))):
            assert 0 <= float(x) <= builtin.WIDTH
            assert 0 <= float(y) <= builtin.HEIGHT


# --- services


class Judge(ThreadingHTTPServer):
    """Stands for the service's own machine: says yes to the one right answer, once."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.right = {"the right answer"}
        self.status = 200
        super().__init__(("127.0.0.1", 0), _Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/siteverify"


class _Answering(BaseHTTPRequestHandler):
    server: Judge

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        asked = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        self.server.asked.append(asked)
        success = asked.get("response") in self.server.right and asked.get("secret") == "the secret"
        self.server.right.discard(asked.get("response", ""))
        body = json.dumps({"success": success}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def judge() -> Iterator[Judge]:
    server = Judge()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", ["recaptcha", "hcaptcha"])
def test_the_service_is_asked(session: Session, judge: Judge, name: str) -> None:
    service = Service(SERVICES[name], "site key", "the secret", judge.url)
    field = {"recaptcha": "g-recaptcha-response", "hcaptcha": "h-captcha-response"}[name]
    assert service.is_solved(session, {field: "the right answer"}, "192.0.2.7")
    assert not service.is_solved(session, {field: "the right answer"}, "192.0.2.7")
    assert judge.asked[0] == {
        "secret": "the secret",
        "response": "the right answer",
        "remoteip": "192.0.2.7",
        "sitekey": "site key",
    }


def test_without_an_answer_it_is_not_asked(session: Session, judge: Judge) -> None:
    service = Service(SERVICES["hcaptcha"], "site key", "the secret", judge.url)
    assert not service.is_solved(session, {}, "")
    assert judge.asked == []


def test_a_service_that_is_away_says_neither_yes_nor_no(session: Session, judge: Judge) -> None:
    judge.status = 503
    for url in (judge.url, "http://127.0.0.1:9/siteverify"):
        with pytest.raises(Unavailable):
            Service(SERVICES["recaptcha"], "site key", "x", url).is_solved(session, {"g-recaptcha-response": "x"}, "")


def test_the_settings_choose(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    configured = settings.get()
    for chosen, kind in (("builtin", Puzzles), ("recaptcha", Service), ("hcaptcha", Service), ("off", type(None))):
        monkeypatch.setattr(configured, "captcha", chosen)
        assert isinstance(captcha.provider(), kind)


def test_an_answer_counts_although_the_form_fails(clean_database: Engine) -> None:
    """The page uses the answer up in a transaction of its own; this is what makes that work."""
    puzzles = Known()
    sent = answered(puzzles.challenge(), letters_of())
    with Session(clean_database) as session, session.begin():
        assert puzzles.is_solved(session, sent, "")
    with Session(clean_database) as session, session.begin():
        assert not puzzles.is_solved(session, sent, "")
