"""How the three judges are put together, on a model small enough to follow by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.nlu.fusion_model import ARRAYS_FILE, TEXT_FILE, FusionModel, Linear, UnknownFormat
from assistant.nlu.lexicon import Lexicon

#: Three directions of meaning: a greeting, a question about Wi-Fi, a question about fees.
GREET, WIFI, FEES = np.eye(3, dtype=np.float32)
ENCODER = "1-test"


@pytest.fixture
def model() -> FusionModel:
    """Two answers of `faq`, and `greet`."""
    texts = ["how do i get wifi", "what are the fees", "hello"]
    lexicon = Lexicon.of(texts)
    wording = np.zeros((len(lexicon), 2), np.float16)
    wording[lexicon.numbers["hell"], 1] = 2
    wording[lexicon.numbers[" w"], 0] = 2
    answers = np.zeros((len(lexicon), 2), np.float16)
    answers[lexicon.numbers["fees"], 0] = 2
    answers[lexicon.numbers["wifi"], 1] = 2
    none = np.zeros(2, np.float32)
    return FusionModel(
        classes=["faq/fees", "faq/wifi", "greet"],
        encoder=ENCODER,
        lexicon=lexicon,
        class_meaning=Linear(np.stack([FEES, WIFI, GREET], axis=1) * 5, np.zeros(3, np.float32)),
        intent_meaning=Linear(np.stack([WIFI + FEES, GREET], axis=1) * 5, none),
        intent_wording=Linear(wording, none),
        answer_wording={"faq": Linear(answers, none)},
        examples=np.stack([FEES, WIFI, GREET]),
        first_example=np.array([0, 1, 2]),
        symbols={"👋": "greet"},
    )


def test_answers_count_as_one_intent(model: FusionModel) -> None:
    judgement = model.judge("how do i get wifi", WIFI)
    assert [guess.name for guess in judgement.intents] == ["faq", "greet"]
    assert [guess.name for guess in judgement.answers["faq"]] == ["faq/wifi", "faq/fees"]
    assert sum(guess.confidence for guess in judgement.answers["faq"]) == pytest.approx(1)


def test_the_best_answer_is_named_even_when_the_intent_is_another(model: FusionModel) -> None:
    judgement = model.judge("hello", GREET)
    assert judgement.intents[0].name == "greet"
    assert {guess.name for guess in judgement.answers["faq"]} == {"faq/fees", "faq/wifi"}


def test_a_message_like_nothing_seen_is_doubted(model: FusionModel) -> None:
    sure = model.judge("hello", GREET).intents[0]
    unsure = model.judge("hello", GREET * np.float32(0.2)).intents[0]
    assert sure.name == unsure.name == "greet"
    assert unsure.confidence < sure.confidence - 0.3


def test_confidence_is_a_share_of_one(model: FusionModel) -> None:
    for vector in (GREET, -GREET, WIFI, (WIFI + FEES) / 2):
        guesses = model.judge("hello fees", vector).intents
        assert all(0 <= guess.confidence <= 1 for guess in guesses)
        assert guesses[0].confidence >= guesses[1].confidence


@pytest.mark.parametrize("text", ["", "  ", "?", "🙂", "👋👋"])
def test_without_letter_or_digit_nothing_is_known(model: FusionModel, text: str) -> None:
    assert {guess.confidence for guess in model.judge(text, GREET).intents} == {0.0}


def test_a_symbol_of_the_examples_is_known(model: FusionModel) -> None:
    best = model.judge(" 👋 ", WIFI).intents[0]
    assert (best.name, best.confidence) == ("greet", 1.0)


def test_the_same_after_storing(model: FusionModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ARRAYS_FILE, TEXT_FILE])
    again = FusionModel.load(tmp_path, ENCODER)
    for text, vector in (("how do i get wifi", WIFI), ("hello", GREET), ("👋", GREET), ("fees", FEES)):
        assert again.judge(text, vector) == model.judge(text, vector)


def test_what_is_stored_needs_no_pickle(model: FusionModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    with np.load(tmp_path / ARRAYS_FILE, allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind in "fi" for name in arrays.files)


def test_a_model_of_another_encoder_is_refused(model: FusionModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    with pytest.raises(UnknownFormat, match="train again"):
        FusionModel.load(tmp_path, "2-other")


def test_a_model_of_another_format_is_refused(model: FusionModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    stored = (tmp_path / TEXT_FILE).read_text("utf-8")
    (tmp_path / TEXT_FILE).write_text(stored.replace('"format": ', '"format": 9'), "utf-8")
    with pytest.raises(UnknownFormat, match="train again"):
        FusionModel.load(tmp_path, ENCODER)


def test_a_single_answer_needs_no_judge(model: FusionModel) -> None:
    single = replace(model, classes=["faq/fees", "faq/wifi", "other/only"], answer_wording=model.answer_wording)
    assert single.judge("hello", GREET).answers["other"][0].confidence == 1.0
