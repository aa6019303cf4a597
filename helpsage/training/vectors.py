"""The sentence encoder's vectors of many texts, kept on disk: trainers change a few lines and ask again."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from encoder.model import Encoder
from helpsage import settings
from helpsage.setup import steps

Vectors = npt.NDArray[np.float32]
#: Vectors that are kept; some 30 MB.
MOST_KEPT = 20_000
MOST_THREADS = 4


def of(texts: Sequence[str]) -> Vectors:
    """One row a text, of length 1.

    Raises:
        encoder.model.EncoderMissing
    """
    encoder = Encoder(steps.encoder_folder(), threads=min(MOST_THREADS, os.cpu_count() or 1))
    kept = _read(_file(), encoder.version)
    keys = [_key(text) for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in kept}
    if missing:
        for key, vector in zip(missing, encoder.encode(list(missing.values())), strict=True):
            kept[key] = vector
        _write(_file(), encoder.version, kept, keys)
    return np.stack([kept[key] for key in keys]) if keys else np.empty((0, 0), np.float32)


def _key(text: str) -> str:
    """Texts are not kept: some of them people wrote."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _file() -> Path:
    return settings.get().var / "cache" / "vectors.npz"


def _read(path: Path, version: str) -> dict[str, Vectors]:
    with contextlib.suppress(OSError, ValueError, KeyError, BadZipFile), np.load(path, allow_pickle=False) as found:
        if str(found["version"]) == version:
            return dict(zip(found["keys"].tolist(), found["vectors"], strict=True))
    return {}


def _write(path: Path, version: str, kept: dict[str, Vectors], wanted: Sequence[str]) -> None:
    """Those just asked for last: the oldest go first when there are too many. A full disk only costs time."""
    ordered = list(dict.fromkeys([*(key for key in kept if key not in set(wanted)), *wanted]))[-MOST_KEPT:]
    temporary = path.with_name(f".{path.name}.{os.getpid()}.npz")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(temporary, version=version, keys=np.array(ordered), vectors=np.stack([kept[key] for key in ordered]))
        temporary.replace(path)
    temporary.unlink(missing_ok=True)
