"""The encoder gives the published model's vectors, for any text, and is built whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from encoder import build
from encoder.model import GRAPH_FILE, MAX_TOKENS, WIDTH, Encoder, EncoderMissing


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
