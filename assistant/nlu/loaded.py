"""The encoders this process has opened: components share them, since each takes 60 MB."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from encoder.model import Encoder, default_folder

#: Training encodes thousands of texts in a row and may use the processor's cores; a server sees one at a time.
MOST_THREADS = 4


def encoder_at(folder: Path | None) -> Encoder:
    """The encoder in this folder, or the one made at set-up when None.

    Raises:
        EncoderMissing: there is none.
    """
    return _open(folder or default_folder())


@lru_cache(maxsize=4)
def _open(folder: Path) -> Encoder:
    return Encoder(folder, threads=min(MOST_THREADS, os.cpu_count() or 1))
