"""Articles as files: what somebody sends to be imported, looked at with suspicion, and the archive of all of them."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO

from helpsage.web.articles import words

ENDING = ".md"
#: Files of one import.
MOST_FILES = 1_000
#: Bytes of one article.
LARGEST_FILE = 400_000
#: Bytes of all of them, unpacked.
LARGEST_IMPORT = 40_000_000
#: What a file may be called: it becomes the article's address.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?")
#: Left by other systems' archivers; nobody wants to hear of them.
_LITTER = re.compile(r"(?:.*/)?(?:__MACOSX/.*|\.[^/\\]*|Thumbs\.db|desktop\.ini)", re.IGNORECASE)


@dataclass
class Unpacked:
    """What was sent.

    Attributes:
        contents: of each article's file, by its name.
        problems: what was left out, and why, in words for the person.
    """

    contents: dict[str, bytes] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    size: int = 0

    def take(self, path: str, content: bytes) -> None:
        """Keep one file, or say why not."""
        name = PurePosixPath(path).name
        problem = self._problem(name, content)
        if problem:
            self.problems.append(problem.format(name=_shown(path)))
            return
        self.size += len(content)
        self.contents[name] = content

    def _problem(self, name: str, content: bytes) -> str:
        if not name.endswith(ENDING):
            return words.NO_MARKDOWN
        if not _NAME.fullmatch(name.removesuffix(ENDING)):
            return words.BAD_NAME
        if name in self.contents:
            return words.TWICE
        if len(content) > LARGEST_FILE:
            return words.LARGE_FILE
        if self.size + len(content) > LARGEST_IMPORT or len(self.contents) >= MOST_FILES:
            return words.LARGE_IMPORT
        return "" if b"\0" not in content else words.NO_TEXT


def unpack(sent: Iterable[tuple[str, BinaryIO]]) -> Unpacked:
    """The articles in files and archives that somebody sent. Nothing is written to disk, and no path is followed."""
    unpacked = Unpacked()
    for name, stream in sent:
        if name.lower().endswith(".zip"):
            _unzip(name, stream, unpacked)
        else:
            unpacked.take(name.replace("\\", "/"), stream.read(LARGEST_FILE + 1))
    return unpacked


def _unzip(name: str, stream: BinaryIO, unpacked: Unpacked) -> None:
    try:
        with zipfile.ZipFile(stream) as archive:
            for entry in _entries(archive, unpacked):
                # What an archive says about its sizes is not believed: more than the limit is not unpacked.
                with archive.open(entry) as file:
                    unpacked.take(entry.filename, file.read(LARGEST_FILE + 1))
                if unpacked.size >= LARGEST_IMPORT:
                    break
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        # Damaged, encrypted, or packed in a way we cannot read: as different as that, and the same to whoever sent it.
        unpacked.problems.append(words.BAD_ARCHIVE.format(name=_shown(name)))


def _entries(archive: zipfile.ZipFile, unpacked: Unpacked) -> Iterator[zipfile.ZipInfo]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _LITTER.fullmatch(entry.filename)]
    if len(entries) > MOST_FILES:
        unpacked.problems.append(words.MANY_FILES.format(most=MOST_FILES))
        return
    for entry in entries:
        if _leads_away(entry.filename):
            unpacked.problems.append(words.BAD_PATH.format(name=_shown(entry.filename)))
        else:
            yield entry


def _leads_away(path: str) -> bool:
    """A path out of its folder, or one that only some systems understand."""
    return path.startswith(("/", "~")) or "\\" in path or ":" in path or ".." in PurePosixPath(path).parts


def _shown(path: str) -> str:
    """A name that somebody chose, short and on one line."""
    return "".join(sign if sign.isprintable() else "?" for sign in path)[-80:]


def pack(files: Iterable[tuple[str, bytes]]) -> bytes:
    """An archive of these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()
