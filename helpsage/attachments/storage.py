"""Files on disk, under `var/attachments`: named by the SHA-256 of what they hold, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from helpsage import clock, settings
from helpsage.attachments import kinds, names, pictures, words
from helpsage.attachments.errors import AttachmentRefused

MEGABYTE = 1_000_000
_BLOCK = 65_536
THUMBNAIL, PREVIEW = "thumbnail", "preview"
_INCOMING = "incoming"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Received:
    """A file that was checked and lies on disk; it belongs to no ticket yet."""

    sha256: str
    name: str
    content_type: str
    size: int
    width: int | None = None
    height: int | None = None


def folder() -> Path:
    """Where the files are. Several machines share it."""
    return settings.get().var / "attachments"


def path_of(sha256: str, drawing: str = "") -> Path:
    """A file, or one of its drawings."""
    return folder() / sha256[:2] / (f"{sha256}.{drawing}.webp" if drawing else sha256)


def receive(name: str, content_type: str, stream: BinaryIO) -> Received:
    """Check a file and keep it. Nothing is kept of one that is refused.

    Parameters:
        name: as the sender calls it.
        content_type: as the sender calls it. It decides nothing: what the file holds does.

    Raises:
        AttachmentRefused
    """
    called = names.safe(name)
    try:
        with _incoming() as incoming:
            size, sha256, head = _copy(stream, incoming, called)
            kind, content_type = _judged(head, called)
            if not names.ending(called):
                called = names.safe(called + kind.ending)
            seen = _drawn(incoming, kind, sha256, called) if kind.picture else None
            _keep(incoming, path_of(sha256))
    except OSError as error:
        log.exception("a file could not be kept")
        raise AttachmentRefused("not_kept", called, words.NOT_KEPT.format(name=called)) from error
    width, height = (seen.width, seen.height) if seen is not None else (None, None)
    return Received(sha256, called, content_type, size, width, height)


@contextlib.contextmanager
def _incoming() -> Iterator[Path]:
    """A place for a file that arrives; empty again afterwards."""
    waiting = folder() / _INCOMING
    waiting.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = waiting / uuid.uuid4().hex
    try:
        yield path
    finally:
        for left in (path, path.with_suffix(f".{THUMBNAIL}"), path.with_suffix(f".{PREVIEW}")):
            left.unlink(missing_ok=True)


def _copy(stream: BinaryIO, to: Path, called: str) -> tuple[int, str, bytes]:
    """Size, SHA-256 and beginning of what was written."""
    limit = settings.get().attachment_max_mb
    size, digest, head = 0, hashlib.sha256(), b""
    with to.open("xb") as file:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > limit * MEGABYTE:
                raise AttachmentRefused("too_large", called, words.TOO_LARGE.format(name=called, limit=limit))
            head = head or block[: kinds.LOOKED_AT]
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if not size:
        raise AttachmentRefused("empty", called, words.EMPTY.format(name=called))
    return size, digest.hexdigest(), head


def _judged(head: bytes, called: str) -> tuple[kinds.Kind, str]:
    """The file's kind, and the type that it is served as."""
    kind, ending = kinds.of(head), names.ending(called)
    if kind is None or (ending and not kinds.is_known(ending)):
        raise AttachmentRefused("not_allowed", called, words.NOT_ALLOWED.format(name=called))
    if ending and ending not in kind.content_types:
        raise AttachmentRefused("not_what_it_says", called, words.NOT_WHAT_IT_SAYS.format(name=called))
    return kind, kind.content_types[ending or kind.ending]


def _drawn(incoming: Path, kind: kinds.Kind, sha256: str, called: str) -> pictures.Size:
    thumbnail, preview = incoming.with_suffix(f".{THUMBNAIL}"), incoming.with_suffix(f".{PREVIEW}")
    try:
        size = pictures.draw(incoming, kind, thumbnail, preview)
    except pictures.TooManyPixels as error:
        told = words.TOO_MANY_PIXELS.format(name=called, limit=error.limit)
        raise AttachmentRefused("too_many_pixels", called, told) from error
    except pictures.Damaged as error:
        raise AttachmentRefused("damaged", called, words.DAMAGED.format(name=called)) from error
    _keep(thumbnail, path_of(sha256, THUMBNAIL))
    _keep(preview, path_of(sha256, PREVIEW))
    return size


def _keep(incoming: Path, final: Path) -> None:
    """Put a whole file in its place. One that is there already holds the same; its age begins anew."""
    final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    incoming.replace(final)


def present(sha256: str) -> bool:
    """Whether the file is there."""
    return path_of(sha256).is_file()


def older_than(age: timedelta) -> Iterator[str]:
    """SHA-256 of each file that came longer ago than this."""
    before = (clock.now() - age).timestamp()
    for part in sorted(folder().glob("[0-9a-f][0-9a-f]")):
        for file in part.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another sweep was quicker
                if "." not in file.name and file.stat().st_mtime <= before:
                    yield file.name


def came_at(sha256: str) -> datetime | None:
    """When the file came, for the last time; None when it is gone."""
    try:
        return datetime.fromtimestamp(path_of(sha256).stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def remove(sha256: str) -> None:
    """Remove a file and its drawings."""
    for path in (path_of(sha256, THUMBNAIL), path_of(sha256, PREVIEW), path_of(sha256)):
        path.unlink(missing_ok=True)


def remove_unfinished(age: timedelta) -> None:
    """Remove what arrived halfway when a program died."""
    before = (clock.now() - age).timestamp()
    for path in (folder() / _INCOMING).glob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime <= before:
                path.unlink()
