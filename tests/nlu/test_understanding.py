"""The trained model inside Rasa: what it makes of plain, odd and hostile messages, and what its archive holds."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.nlu.fusion_model import ARRAYS_FILE
from helpsage.setup import steps

pytestmark = pytest.mark.rasa

PLAIN = "i paid 450 rupees by UPI yesterday, TXN20394857, still unpaid"
QUESTION = "how do i connect to eduroam"
ODD = {
    "nothing": "",
    "white space": " \n\t ",
    "emoji": "🙂🎉",
    "punctuation": "?!...",
    "other script": "今日は天気がいいですね",
    "control characters": "\x00\x01\x02",
    "one long word": "x" * 10_000,
    "invented words": "blarg fnord wibblet",
}
LONG = "the wifi in my hostel room does not work and nobody comes. " * 170
HOSTILE = ["<script>alert(1)</script>", "'; drop table ticket; --", "{{7*7}}", "\u202e\u0000\ufeff"]
RANKED = 10


@pytest.fixture(scope="module")
def understood(model: Path) -> dict[str, dict[str, Any]]:
    """What the model makes of all texts of this module, by text."""
    texts = [PLAIN, QUESTION, LONG, *ODD.values(), *HOSTILE]
    finished = subprocess.run(
        [steps.rasa_python(), "-m", "tests.nlu.understood", model],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        cwd=steps.ROOT,
        env=steps.rasa_environment(),
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return dict(zip(texts, json.loads(finished.stdout), strict=True))


def test_intent_and_facts_of_a_plain_message(understood: dict[str, dict[str, Any]]) -> None:
    parsed = understood[PLAIN]
    assert parsed["intent"]["name"] == "payment_failure"
    assert {entity["entity"]: entity["value"] for entity in parsed["entities"]} == {
        "amount": "450",
        "currency": "INR",
        "payment_method": "UPI",
        "date": "yesterday",
        "transaction_id": "TXN20394857",
    }
    assert all(PLAIN[entity["start"] : entity["end"]] for entity in parsed["entities"])


def test_a_question_brings_its_answer_as_rasas_selector_would(understood: dict[str, dict[str, Any]]) -> None:
    parsed = understood[QUESTION]
    assert parsed["intent"]["name"] == "faq"
    assert parsed["intent"]["full_retrieval_intent_name"] == "faq/connect_wifi"
    selector = parsed["response_selector"]
    assert selector["all_retrieval_intents"] == ["faq"]
    assert selector["faq"]["response"]["intent_response_key"] == "faq/connect_wifi"
    assert selector["faq"]["response"]["utter_action"] == "utter_faq/connect_wifi"
    assert selector["faq"]["ranking"][0]["intent_response_key"] == "faq/connect_wifi"


def test_the_ranking_is_long_enough_to_offer_choices(understood: dict[str, dict[str, Any]]) -> None:
    for text in (PLAIN, QUESTION):
        confidences = [guess["confidence"] for guess in understood[text]["intent_ranking"]]
        assert len(confidences) == RANKED
        assert confidences == sorted(confidences, reverse=True)
        assert all(0 <= confidence <= 1 for confidence in confidences)


@pytest.mark.parametrize("kind", ODD)
def test_nothing_is_read_into_odd_messages(understood: dict[str, dict[str, Any]], kind: str) -> None:
    assert understood[ODD[kind]]["intent"]["name"] in ("nlu_fallback", "out_of_scope")


def test_a_message_of_ten_thousand_characters_is_understood_by_its_beginning(
    understood: dict[str, dict[str, Any]],
) -> None:
    assert len(LONG) > 10_000
    assert understood[LONG]["intent"]["name"] in ("wifi_problem", "hostel_problem", "nlu_fallback")


@pytest.mark.parametrize("text", HOSTILE)
def test_code_in_a_message_is_only_words(understood: dict[str, dict[str, Any]], text: str) -> None:
    assert understood[text]["text"] == text
    assert understood[text]["entities"] == []


def test_the_archive_holds_nothing_that_runs(model: Path) -> None:
    with tarfile.open(model) as archive:
        names = [member.name for member in archive.getmembers() if member.isfile()]
        assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib", ".skops", ".bin"))]
        stored = [name for name in names if name.endswith(ARRAYS_FILE)]
        assert stored
        for name in stored:
            file = archive.extractfile(name)
            assert file is not None
            with np.load(io.BytesIO(file.read()), allow_pickle=False) as arrays:
                assert all(arrays[array].dtype != object for array in arrays.files)
