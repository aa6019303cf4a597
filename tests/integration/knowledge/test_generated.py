"""Answers that a model writes: only what the passages say is let through, and without it they are quoted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import UUID

import pytest

from helpsage import completions, settings
from helpsage.knowledge import generated
from helpsage.knowledge.confidence import Signs
from helpsage.knowledge.search import Passage
from helpsage.triage import store
from tests.vendors.completions import Endpoint, raw, say

PRINTING = (
    "You have **500 sheets** for free each term. Printing in colour counts as three sheets. "
    "Sheets that you do not use are not carried over to the next term."
)
CARD = "Press your card against the reader beside the printer. If the light stays red, write to print@example.edu."
GOOD = [
    {"text": "You have 500 sheets for free each term.", "source": 1},
    {"text": "Press your card against the reader beside the printer.", "source": 2},
    {"text": "Sheets you do not use are not carried over to the next term.", "source": 1},
]


def passage(number: int, text: str) -> Passage:
    return Passage(
        UUID(int=number), 1, f"a-{number}", f"Title {number}", "", "devices", "public", "en", 0, "", "", text, 0.1, 0.9,
        Signs(0.8, 0.5, 0.1),
    )  # fmt: skip


PASSAGES = [passage(1, PRINTING), passage(2, CARD), passage(3, "The library opens at nine.")]


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """An endpoint that the settings name."""
    made = Endpoint({"sentences": GOOD})
    for name, value in (("URL", made.url), ("KEY", "secret-key"), ("TIMEOUT_S", "5")):
        monkeypatch.setenv(f"HELPSAGE_ANSWERS_{name}", value)
    settings.get.cache_clear()
    completions.forget_failures()
    yield made
    made.stop()
    completions.forget_failures()
    monkeypatch.undo()
    settings.get.cache_clear()


def test_off_by_default() -> None:
    assert not generated.configured()
    assert generated.answer("how many sheets?", PASSAGES) is None


def test_each_sentence_has_its_source(endpoint: Endpoint) -> None:
    answer = generated.answer("How many sheets are free?", PASSAGES)
    assert answer is not None
    assert answer.text == (
        "You have 500 sheets for free each term. [1] Press your card against the reader beside the printer. [2] "
        "Sheets you do not use are not carried over to the next term. [1]"
    )
    assert [each.slug for each in answer.sources] == ["a-1", "a-2"]
    assert answer.model == "m-1"


def test_sources_are_numbered_as_they_come(endpoint: Endpoint) -> None:
    endpoint.answer = lambda handler: say(handler, {"sentences": [GOOD[1], GOOD[0]]})
    answer = generated.answer("How many sheets are free?", PASSAGES)
    assert answer is not None
    assert [each.slug for each in answer.sources] == ["a-2", "a-1"]
    assert [source for _, source in answer.sentences] == [1, 2]


def test_it_gets_the_passages_and_no_personal_data(endpoint: Endpoint) -> None:
    generated.answer("I am asha@example.org, +49 151 23456789: how many sheets are free?", PASSAGES)
    (asked,) = endpoint.asked
    assert "asha@example.org" not in json.dumps(asked)
    assert "23456789" not in json.dumps(asked)
    told = json.loads(asked["messages"][-1]["content"])
    assert [each["number"] for each in told["passages"]] == [1, 2, 3]
    assert told["passages"][0]["text"] == PRINTING
    assert asked["response_format"]["json_schema"]["strict"] is True
    assert endpoint.headers == ["Bearer secret-key"]


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        pytest.param("You have 900 sheets for free each term.", 1, id="number"),
        pytest.param("If the light stays red, write to help@example.edu.", 2, id="address"),
        pytest.param("Sheets that you do not use are carried over to the next term.", 1, id="denial dropped"),
        pytest.param("Printing in colour does not count as three sheets.", 1, id="denial added"),
        pytest.param("Our friendly staff will gladly refund whatever you paid.", 1, id="invented"),
        pytest.param("You have 500 sheets for free each term.", 2, id="wrong source"),
        pytest.param("You have 500 sheets for free each term.", 4, id="no such source"),
        pytest.param("You have 500 sheets for free each term.", 0, id="source zero"),
        pytest.param("See [500 sheets](https://evil.example) for free each term.", 1, id="link"),
        pytest.param("<b>You have 500 sheets for free each term.</b>", 1, id="markup"),
        pytest.param(" ", 1, id="blank"),
    ],
)
def test_one_sentence_that_no_passage_bears_out_refuses_all(endpoint: Endpoint, sentence: str, source: int) -> None:
    assert generated.unsupported(sentence, source, PASSAGES, store.encoder())
    sentences = [*GOOD, {"text": sentence, "source": source}]
    endpoint.answer = lambda handler: say(handler, {"sentences": sentences})
    assert generated.answer("How many sheets are free?", PASSAGES) is None


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"sentences": []}, id="none"),
        pytest.param({"sentences": GOOD * 5}, id="too many"),
        pytest.param({"sentences": [{"text": "x" * 5_000, "source": 1}]}, id="too long"),
        pytest.param({"sentences": [{**GOOD[0], "note": "x"}]}, id="more than asked"),
        pytest.param({"sentences": [{"text": GOOD[0]["text"], "source": "1"}]}, id="text for a number"),
        pytest.param("You have 500 sheets.", id="no JSON"),
        pytest.param("[" * 5_000, id="deep"),
    ],
)
def test_what_is_no_answer_is_none(endpoint: Endpoint, answer: object) -> None:
    endpoint.answer = lambda handler: say(handler, answer)
    assert generated.answer("How many sheets are free?", PASSAGES) is None


def test_an_endpoint_that_fails_is_left_alone_for_a_while(endpoint: Endpoint) -> None:
    endpoint.answer = lambda handler: raw(handler, b"sorry", 500)
    for _ in range(completions.FAILURES + 2):
        assert generated.answer("How many sheets are free?", PASSAGES) is None
    assert len(endpoint.asked) == completions.FAILURES
