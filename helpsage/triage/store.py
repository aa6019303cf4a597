"""Which trained model the local reader uses: the newest promoted one, else one made here from the examples in `data/`.

What is made from `data/` is the same wherever it is made, so it is kept as a file under `var` and made when it is
missing, once, however many programs ask for it.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from encoder.model import Encoder
from helpsage import settings
from helpsage.setup import steps
from helpsage.tickets import categories
from helpsage.tickets.categories import Catalogue
from helpsage.triage import examples, training
from helpsage.triage.classifier import Classifier, UnknownFormat
from helpsage.triage.models import ReaderModel
from helpsage.triage.training import Example

_FOLDER = "reader"
#: Texts of a batch that are encoded at once. Each takes a core, which others want too.
MOST_THREADS = 2
_making = threading.Lock()


@lru_cache(maxsize=2)
def encoder(folder: Path | None = None) -> Encoder:
    """The sentence encoder, opened once a process.

    Raises:
        encoder.model.EncoderMissing
    """
    return Encoder(folder or steps.encoder_folder(), threads=min(MOST_THREADS, os.cpu_count() or 1))


def current(session: Session) -> Classifier:
    """The model in use.

    Raises:
        encoder.model.EncoderMissing
    """
    opened = encoder()
    newest = select(ReaderModel.id).where(ReaderModel.promoted_at.is_not(None), ReaderModel.encoder == opened.version)
    model_id = session.scalar(newest.order_by(ReaderModel.promoted_at.desc(), ReaderModel.id.desc()).limit(1))
    if model_id is not None:
        try:
            return _opened(model_id, session.scalars(select(ReaderModel.content).where(ReaderModel.id == model_id)).one)
        except UnknownFormat:
            pass  # of an older version of this program: the next training replaces it
    return base()


class _Kept:
    """The last model that was read from the database."""

    model_id: int | None = None
    model: Classifier | None = None


def _opened(model_id: int, content: object) -> Classifier:
    if _Kept.model is None or _Kept.model_id != model_id:
        assert callable(content)
        _Kept.model_id, _Kept.model = model_id, Classifier.from_bytes(content())
    return _Kept.model


def base() -> Classifier:
    """The model made from `data/` alone.

    Raises:
        encoder.model.EncoderMissing
    """
    now, opened = categories.catalogue(), encoder()
    known = _Base.last
    if known is None or known[0] is not now or known[1] != opened.version:
        version = training.version_of(examples.written(now), list(now.categories), opened.version)
        known = _Base.last = (now, opened.version, _base(version))
    return known[2]


class _Base:
    """Of which categories and encoder the last one is: finding out which it must be takes longer than reading."""

    last: tuple[Catalogue, str, Classifier] | None = None


@lru_cache(maxsize=4)
def _base(version: str) -> Classifier:
    return made_once(version, lambda: fit(examples.written(categories.catalogue())))


def made_once(version: str, make: Callable[[], training.Trained]) -> Classifier:
    """A model from its file, or made and kept there; models of its kind with another version go.

    Parameters:
        version: its kind, a hyphen, and a hash of what it is made from.
    """
    path = settings.get().var / _FOLDER / f"{version}.npz"
    with _making, _alone(path):
        try:
            return Classifier.from_bytes(path.read_bytes())
        except (FileNotFoundError, UnknownFormat):
            pass
        trained = make()
        partly = path.with_suffix(".part")
        partly.write_bytes(trained.model.to_bytes())
        partly.replace(path)
        for other in path.parent.glob(f"{version.partition('-')[0]}-*.npz"):
            if other != path:
                other.unlink(missing_ok=True)
        return trained.model


def fit(some: Sequence[Example], classes: Sequence[str] | None = None) -> training.Trained:
    """Train on these examples.

    Parameters:
        classes: what there is to choose from; the categories, when not given.
    """
    opened = encoder()
    vectors = opened.encode([example.text for example in some])
    return training.train(some, vectors, opened.version, list(categories.load()) if classes is None else classes)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One program makes it, the others wait and read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.parent / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
