"""Articles as files: Markdown with front matter, one file an article, named by its address.

---
title: Connect to eduroam on any device
category: network
audience: public
summary: One sentence, what a person can do after reading.
language: en            (may be left out)
department: shop        (key; only for the audience `brand`)
---
An opening paragraph, then sections under `##`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from helpsage.tickets.words import clean

ENDING = ".md"
FENCE = "---"
REQUIRED = ("title", "category", "audience", "summary")
OPTIONAL = ("language", "department")
#: Bytes of one file.
LARGEST = 1_000_000

NOT_TEXT = "this is no text in UTF-8"
TOO_LARGE = f"a file has at most {LARGEST:,} bytes"
NO_BEGIN = f"the first line has to be {FENCE}, and title, category, audience and summary stand below it"
NO_END = f"the front matter has no end: a line with {FENCE} alone is missing"
NO_YAML = "the front matter cannot be read: {problem}"
NO_MAPPING = "the front matter has to be lines like `title: Connect to eduroam`"
MISSING = "{field} is missing"
UNKNOWN = "{field} is not known; there are " + ", ".join(REQUIRED + OPTIONAL)
TWICE = "{field} stands there twice"
NO_TEXT = "{field} has to be words in one line"
_FIELD = re.compile(r"^([A-Za-z_]\w*)\s*:")


class BadFile(ValueError):
    """A file cannot become an article.

    Attributes:
        name: of the file.
        line: the first one is 1.
        problem: what is wrong, in words.
    """

    def __init__(self, name: str, line: int, problem: str) -> None:
        self.name, self.line, self.problem = name, line, problem
        super().__init__(f"{name}, line {line}: {problem}")


@dataclass(frozen=True)
class File:
    """What stands in a file.

    Attributes:
        department: key; empty: none.
        lines: on which line each field stands, for whoever has to correct it; `body` is the first one below.
    """

    slug: str
    title: str
    summary: str
    category: str
    audience: str
    language: str
    department: str
    body: str
    lines: Mapping[str, int]

    @property
    def digest(self) -> str:
        """The same for the same article."""
        parts = (
            self.title, self.summary, self.category, self.audience, self.language, self.department, self.body
        )  # fmt: skip
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def read(name: str, content: bytes) -> File:
    """Read a file.

    Parameters:
        name: of the file, without its folder; the article's address is what stands before `.md`.

    Raises:
        BadFile
    """
    if len(content) > LARGEST:
        raise BadFile(name, 1, TOO_LARGE)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(name, content[: error.start].count(b"\n") + 1, NOT_TEXT) from error
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != FENCE:
        raise BadFile(name, 1, NO_BEGIN)
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        raise BadFile(name, len(lines), NO_END)
    places = _places(name, lines[1:end])
    fields = _fields(name, "\n".join(lines[1:end]), places)
    return File(
        slug=name.removesuffix(ENDING),
        body=clean("\n".join(lines[end + 1 :])),
        lines={**places, "slug": 1, "body": end + 2},
        **fields,
    )


def write(file: File) -> bytes:
    """The file that `read` reads as this."""
    front = {"title": file.title, "category": file.category, "audience": file.audience, "summary": file.summary}
    if file.language != "en":
        front["language"] = file.language
    if file.department:
        front["department"] = file.department
    written = yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=10_000)
    return f"{FENCE}\n{written}{FENCE}\n{file.body}\n".encode()


def _places(name: str, lines: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, line in enumerate(lines, 2):
        match = _FIELD.match(line)
        if match and match[1] in found:
            raise BadFile(name, number, TWICE.format(field=match[1]))
        if match:
            found[match[1]] = number
    return found


def _fields(name: str, front: str, places: Mapping[str, int]) -> dict[str, str]:
    try:
        # Every value is words: a title may be `404`, a language `no`.
        raw: Any = yaml.load(front, Loader=yaml.BaseLoader)  # noqa: S506 it makes nothing but text, lists and mappings
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise BadFile(name, mark.line + 2 if mark else 1, NO_YAML.format(problem=problem)) from error
    if not isinstance(raw, dict):
        raise BadFile(name, 2, NO_MAPPING)
    for field in raw:
        if field not in REQUIRED + OPTIONAL:
            raise BadFile(name, places.get(str(field), 2), UNKNOWN.format(field=field))
    for field in REQUIRED:
        if not raw.get(field) and (field not in raw or field != "summary"):
            raise BadFile(name, places.get(field, 1), MISSING.format(field=field))
    found = {"language": "en", "department": "", **raw}
    for field, value in found.items():
        found[field] = _line(name, field, value, places)
    return found


def _line(name: str, field: str, value: Any, places: Mapping[str, int]) -> str:
    if not isinstance(value, str):
        raise BadFile(name, places.get(field, 2), NO_TEXT.format(field=field))
    return " ".join(clean(value).split())
