"""The encoder gives the published model's vectors, for any text, and is built whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from encoder import build
from encoder.model import GRAPH_FILE, MAX_TOKENS, TOKENIZER_FILE, WIDTH, Encoder, EncoderMissing


def test_vectors_are_those_of_the_reference(encoder: Encoder) -> None:
    assert build.difference(encoder) >= build.SMALL_FLOOR


def test_a_graph_that_differs_from_the_reference_is_refused(tmp_path: Path, encoder: Encoder) -> None:
    rows = json.loads(build.REFERENCE.read_text("utf-8"))["rows"]
    rows[3]["vector"] = rows[4]["vector"]
    other = tmp_path / "reference.json"
    other.write_text(json.dumps({"rows": rows}), "utf-8")
    assert build.difference(encoder, other) < build.SMALL_FLOOR


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\t", "\x00", "🙂", "🙂" * 500, "?", "a", "मेरा पासवर्ड", "私はペンです", "x" * 10_000, "wifi " * 4000],
    ids=lambda text: ascii(text[:12]),
)
def test_any_text_has_a_vector_of_length_one(encoder: Encoder, text: str) -> None:
    [vector] = encoder.encode([text])
    assert vector.shape == (WIDTH,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-4)


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, WIDTH)


def test_a_vector_does_not_depend_on_its_neighbours(encoder: Encoder) -> None:
    texts = ["wifi is down", "I was charged twice for the same hostel fee and want it back", "hi"] * 8
    [alone] = encoder.encode([texts[0]])
    together = encoder.encode(texts)
    several = Encoder(encoder.folder, threads=2).encode(texts)
    assert np.array_equal(together[0], alone)
    assert np.array_equal(several, together)


def test_only_the_first_pieces_count(encoder: Encoder) -> None:
    head = "portal " * (MAX_TOKENS - 2)
    first, second = encoder.encode([head + "printer", head + "scholarship"])
    assert np.array_equal(first, second)


def test_likeness_follows_meaning(encoder: Encoder) -> None:
    asked, alike, other = encoder.encode(["I cannot sign in", "the login does not work", "the soup was cold"])
    assert asked @ alike > asked @ other + 0.2


def test_the_words_it_knows_are_spelled_right(encoder: Encoder) -> None:
    words = set(encoder.words)
    assert {"printed", "password"} <= words
    assert "pasword" not in words


@pytest.mark.parametrize("missing", [GRAPH_FILE, "tokenizer.json", "encoder.json"])
def test_an_incomplete_folder_is_one_clear_error(tmp_path: Path, encoder: Encoder, missing: str) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder.folder, folder)
    (folder / missing).unlink()
    with pytest.raises(EncoderMissing, match="python -m encoder build"):
        Encoder(folder)


def test_a_broken_graph_is_one_clear_error(tmp_path: Path, encoder: Encoder) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder.folder, folder)
    (folder / GRAPH_FILE).write_bytes(b"not a graph")
    with pytest.raises(EncoderMissing):
        Encoder(folder)


def test_building_fills_an_empty_place_and_is_not_done_twice(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "encoder"
    assert build.build(folder)
    assert build.installed_version(folder) == Encoder(folder).version
    assert not build.build(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["encoder"]


def test_a_damaged_encoder_is_built_anew(tmp_path: Path, encoder: Encoder) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder.folder, folder)
    (folder / "encoder.json").write_text("{", "utf-8")
    assert build.build(folder)
    assert build.difference(Encoder(folder)) >= build.SMALL_FLOOR


def test_a_folder_without_weights_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(build.BuildFailed):
        build.build(tmp_path / "encoder", source=tmp_path)
    assert list(tmp_path.iterdir()) == []


def write_weights(folder: Path, layers: int, width: int = WIDTH, prefix: str = "") -> None:
    """Another BERT: small random weights, and a tokenizer of a few words."""
    folder.mkdir()
    random = np.random.default_rng(7)

    def matrix(*shape: int) -> np.ndarray:
        return random.normal(0, 0.05, shape).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": matrix(60, width) * 20,
        "embeddings.position_embeddings.weight": matrix(MAX_TOKENS, width),
        "embeddings.token_type_embeddings.weight": matrix(2, width),
        "embeddings.LayerNorm.weight": np.ones(width, np.float32),
        "embeddings.LayerNorm.bias": np.zeros(width, np.float32),
    }
    for number in range(layers):
        start = f"encoder.layer.{number}"
        shapes = {
            **{f"attention.self.{part}": (width, width) for part in ("query", "key", "value")},
            "attention.output.dense": (width, width),
            "intermediate.dense": (64, width),
            "output.dense": (width, 64),
        }
        for name, shape in shapes.items():
            tensors[f"{start}.{name}.weight"] = matrix(*shape)
            tensors[f"{start}.{name}.bias"] = matrix(shape[0])
        for name in ("attention.output", "output"):
            tensors[f"{start}.{name}.LayerNorm.weight"] = np.ones(width, np.float32)
            tensors[f"{start}.{name}.LayerNorm.bias"] = np.zeros(width, np.float32)
    save_file({f"{prefix}{name}": value for name, value in tensors.items()}, folder / build.WEIGHTS_FILE)
    known = ["[UNK]", "[CLS]", *["el", "la", "wifi", "no", "funciona", "clave", "ayer", "hola", "the", "a"]]
    words = {word: number for number, word in enumerate(known)}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 1)])
    tokenizer.save(str(folder / TOKENIZER_FILE))


@pytest.mark.parametrize(("layers", "prefix"), [(2, ""), (3, "bert.")])
def test_an_encoder_of_ones_own_weights(tmp_path: Path, encoder: Encoder, layers: int, prefix: str) -> None:
    source, folder = tmp_path / "multilingual", tmp_path / "encoder"
    write_weights(source, layers, prefix=prefix)
    assert build.build(folder, source)
    made = Encoder(folder)
    assert made.version != encoder.version
    assert json.loads((folder / "encoder.json").read_text("utf-8"))["model"] == "multilingual"
    first, second = made.encode(["el wifi no funciona", "hola"])
    assert np.linalg.norm(first) == pytest.approx(1.0, abs=1e-4)
    assert float(first @ second) < 0.99
    assert not build.build(folder, source)


def test_weights_of_another_width_are_one_clear_error(tmp_path: Path) -> None:
    write_weights(tmp_path / "small", layers=1, width=128)
    with pytest.raises(build.BuildFailed, match="128 numbers"):
        build.build(tmp_path / "encoder", tmp_path / "small")


def test_a_graph_that_gives_something_else_is_refused_when_it_is_opened(tmp_path: Path, encoder: Encoder) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder.folder, folder)
    value = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in ("ids", "mask")]
    out = helper.make_tensor_value_info("vector", TensorProto.INT64, ["batch", 768])
    graph = helper.make_graph([helper.make_node("Identity", ["ids"], ["vector"])], "other", value, [out])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), folder / GRAPH_FILE)
    with pytest.raises(EncoderMissing, match="768"):
        Encoder(folder)
