"""A model that is really worse: the real one, whose judges were made to forget most of what they learned."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np


def spoil(model: Path, to: Path, share: float = 1.0) -> Path:
    """Write a copy in which this share of the columns of wording and meaning is nothing."""
    with tarfile.open(model, "r:gz") as before, tarfile.open(to, "w:gz") as after:
        for member in before.getmembers():
            content = before.extractfile(member)
            if content is None:
                after.addfile(member)
                continue
            data = content.read()
            if member.name.endswith("fusion.npz"):
                data = _forgetful(data, share)
                member.size = len(data)
            after.addfile(member, io.BytesIO(data))
    return to


def _forgetful(data: bytes, share: float) -> bytes:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        kept = {name: arrays[name].copy() for name in arrays.files}
    for name in ("class_meaning:weights", "intent_meaning:weights", "intent_wording:weights"):
        columns = kept[name].shape[1]
        kept[name][:, : int(share * columns)] = 0
    written = io.BytesIO()
    np.savez_compressed(written, **kept)
    return written.getvalue()
