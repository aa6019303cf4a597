"""The trainers' files, line by line: where each intent's examples stand, so that a line can be put beside them.

Read as text and not as YAML: whoever writes a file back through a YAML library loses its comments and its style, and a
reviewer then reads a diff of everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from languages import SOURCE

_INTENT = re.compile(r"^(?P<indent>\s*)-\s+intent:\s*(?P<quote>['\"]?)(?P<name>[\w/.-]+)(?P=quote)\s*(?:#.*)?$")
_LANGUAGE = re.compile(r"^\s*metadata:\s*\{\s*language:\s*(?P<code>[a-z]{2,3})\s*\}")
_EXAMPLES = re.compile(r"^(?P<indent>\s*)examples:\s*\|[+-]?\s*(?:#.*)?$")
_ENTITY = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")

#: Path below the project's root, and text.
Files = Mapping[str, str]


@dataclass(frozen=True)
class Block:
    """An intent's examples: lines `first` to `end` (not included) of a file, counted from 0."""

    path: str
    intent: str
    indent: str
    first: int
    end: int
    #: As its metadata says.
    language: str = SOURCE


@dataclass(frozen=True)
class Written:
    """One example in the trainers' files; `line` counted from 1, as editors do."""

    intent: str
    text: str
    marked: str
    path: str
    line: int


def blocks(path: str, text: str) -> list[Block]:
    """All blocks of examples of a file, in their order."""
    lines = text.splitlines()
    found: list[Block] = []
    intent, language = "", SOURCE
    for number, line in enumerate(lines):
        begins = _INTENT.match(line)
        if begins is not None:
            intent, language = begins["name"], SOURCE
            continue
        if (told := _LANGUAGE.match(line)) is not None:
            language = told["code"]
        examples = _EXAMPLES.match(line)
        if examples is not None and intent:
            block = _block(path, intent, lines, number + 1, len(examples["indent"]))
            if block is not None:
                found.append(replace(block, language=language))
        if examples is not None or line.lstrip().startswith("- "):
            intent = ""
    return found


def _block(path: str, intent: str, lines: Sequence[str], first: int, outer: int) -> Block | None:
    """The lines that are indented deeper than `examples:`; none when there are none."""
    end, indent = first, None
    for number in range(first, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip(" "))
        if depth <= outer:
            break
        indent = line[:depth] if indent is None else indent
        end = number + 1
    return Block(path, intent, indent, first, end) if indent is not None else None


def written(files: Files) -> list[Written]:
    """Every example of every intent."""
    return [each for path in sorted(files) if path.startswith("data/") for each in _written(path, files[path])]


def _written(path: str, text: str) -> Iterator[Written]:
    lines = text.splitlines()
    for block in blocks(path, text):
        for number in range(block.first, block.end):
            line = lines[number].strip()
            if line.startswith("-") and (marked := line[1:].strip()):
                yield Written(block.intent, _ENTITY.sub(r"\1", marked), marked, path, number + 1)


def same(text: str) -> str:
    """Two examples of this form teach the same."""
    return " ".join(re.sub(r"[^\w]+", " ", _ENTITY.sub(r"\1", text).casefold()).split()) or text.strip()
