"""The encoder at run time: texts in, unit vectors out."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

#: Numbers in a vector.
WIDTH = 384
#: Word pieces read of a text; what comes after them does not count.
MAX_TOKENS = 128
#: Characters handed to the tokenizer. 128 word pieces of real text never need as many, and a pasted log stays cheap.
MAX_CHARACTERS = 2000
#: Below this many texts a pool of threads costs more than it gives.
WORTH_A_POOL = 4

GRAPH_FILE = "encoder.onnx"
TOKENIZER_FILE = "tokenizer.json"
ABOUT_FILE = "encoder.json"

Vectors = npt.NDArray[np.float32]


class EncoderMissing(Exception):
    """The folder holds no encoder that can be read."""


def default_folder() -> Path:
    """Where the encoder lies when nobody names a folder.

    `HELPSAGE_ENCODER` if it is set, else `encoder` in `HELPSAGE_VAR`, else `var/encoder` of the checkout. The
    assistant's environment has no settings object, so the variables are read here.
    """
    if named := os.environ.get("HELPSAGE_ENCODER"):
        return Path(named)
    root = Path(__file__).resolve().parent.parent
    return Path(os.environ.get("HELPSAGE_VAR") or root / "var") / "encoder"


class Encoder:
    """One loaded encoder. Threads may share it.

    A text's vector never depends on its neighbours: texts run one by one, since the 8-bit graph picks its scales from
    all it is given at once, and a batch would change every vector in it a little.
    """

    def __init__(self, folder: Path | None = None, threads: int = 1) -> None:
        """Load the encoder.

        Args:
            folder: where `encoder.onnx`, `tokenizer.json` and `encoder.json` lie; `default_folder()` when None.
            threads: texts encoded at once in a long list. One text always runs on one thread, because with several
                server processes one each is fastest.

        Raises:
            EncoderMissing: a file is missing or broken.
        """
        self.folder = folder or default_folder()
        self.threads = max(1, threads)
        try:
            about = json.loads((self.folder / ABOUT_FILE).read_text("utf-8"))
            #: Changes whenever the vectors do. Vectors of two versions cannot be compared.
            self.version = str(about["version"])
            self._tokenizer = Tokenizer.from_file(str(self.folder / TOKENIZER_FILE))
            self._session = _session(self.folder / GRAPH_FILE)
        except Exception as error:  # the tokenizer and the runtime raise bare and private types
            raise EncoderMissing(
                f"no usable encoder in {self.folder} ({error}): run `python -m encoder build`"
            ) from error
        _check(self._session, self.folder)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Give the texts' vectors, one row each, of length 1. An empty text has one too, far from everything."""
        if self.threads == 1 or len(texts) < WORTH_A_POOL:
            rows = [self._vector(text) for text in texts]
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                rows = list(pool.map(self._vector, texts))
        return np.stack(rows) if rows else np.empty((0, WIDTH), np.float32)

    @property
    def words(self) -> list[str]:
        """The whole words it knows: some 20,000 of English, none misspelled."""
        # SentencePiece marks the pieces that begin a word; WordPiece those that do not.
        return [word for piece in self._tokenizer.get_vocab() if (word := piece.removeprefix("\u2581")).isalpha()]

    def _vector(self, text: str) -> Vectors:
        pieces = self._tokenizer.encode(text[:MAX_CHARACTERS]).ids
        ids = np.array([pieces], np.int64)
        [vectors] = self._session.run(None, {"ids": ids, "mask": np.ones_like(ids)})
        vector: Vectors = vectors[0]
        return vector


def _check(session: onnxruntime.InferenceSession, folder: Path) -> None:
    """Raises EncoderMissing for a graph that takes or gives something else: better now than at the first message."""
    taken = {each.name for each in session.get_inputs()}
    given = [each.shape[-1] for each in session.get_outputs()]
    if taken != {"ids", "mask"} or given != [WIDTH]:
        raise EncoderMissing(
            f"the encoder in {folder} takes {', '.join(sorted(taken))} and gives {given} numbers; "
            f"ids and mask, and {WIDTH} are needed: make it with `python -m encoder build --source DIR`"
        )


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
