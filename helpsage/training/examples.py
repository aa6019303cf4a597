"""What trainers wrote under `data/` and what is held out from it, every line with its place in its file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helpsage.settings import ROOT
from languages import SOURCE

DATA = ROOT / "data"
HELD_OUT = ROOT / "tests" / "nlu"
_MARK = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")
_NOT_LETTERS = re.compile(r"[\W_]+")


class Unreadable(RuntimeError):
    """A file that cannot be read; the message says where and why."""


@dataclass(frozen=True)
class Line:
    """One example.

    Attributes:
        text: without marks of entities.
        label: its intent; for an answer of the FAQ its full name, `faq/reset_password`.
        file: relative to the project.
        number: from 1.
        language: as its entry's metadata says.
    """

    text: str
    label: str
    file: str
    number: int
    language: str = SOURCE

    @property
    def intent(self) -> str:
        """`faq` of `faq/reset_password`, and any other label itself."""
        return self.label.partition("/")[0]

    @property
    def place(self) -> str:
        """As editors and terminals read it."""
        return f"{self.file}:{self.number}"


def normal(text: str) -> str:
    """What is left of a text without case, punctuation and spaces; the text itself when nothing is."""
    return _NOT_LETTERS.sub("", text).casefold() or text.strip()


def written(data: Path = DATA) -> list[Line]:
    """Every example that the assistant is trained on.

    Raises:
        Unreadable: a file is no YAML, or there is no example at all.
    """
    found = [line for part in ("nlu", "faq") for path in sorted((data / part).glob("*.yml")) for line in read(path)]
    if not found:
        raise Unreadable(f"no examples under {data}: nothing to check or to train")
    return found


def held_out(folder: Path = HELD_OUT) -> list[Line]:
    """Every message that is kept apart from training, with what it means.

    Raises:
        Unreadable
    """
    found = [line for path in sorted(folder.glob("held_out_*.yml")) for line in read(path)]
    if not found:
        raise Unreadable(f"no held-out messages in {folder} (held_out_*.yml)")
    return found


def read(path: Path) -> Iterator[Line]:
    """The examples of one file.

    Raises:
        Unreadable
    """
    for entry in entries(path):
        label, block = entry.get("intent"), entry.get("examples")
        if label is None or block is None:
            continue
        language = str(entry["language"].value) if "language" in entry else SOURCE
        # A block's lines follow its key; yaml counts from 0.
        first = block.start_mark.line + 2
        for offset, row in enumerate(str(block.value).splitlines()):
            text = _MARK.sub(r"\1", row.strip().removeprefix("- ")).strip()
            if text:
                yield Line(text, str(label.value), shown(path), first + offset, language)


def entries(path: Path) -> list[dict[str, yaml.ScalarNode]]:
    """The parts of a file's `nlu`, with the places of their values; the language of their metadata beside them.

    Raises:
        Unreadable
    """
    root = composed(path)
    if not isinstance(root, yaml.MappingNode):
        return []
    found = []
    for key, value in root.value:
        if key.value == "nlu" and isinstance(value, yaml.SequenceNode):
            for item in value.value:
                if isinstance(item, yaml.MappingNode):
                    parts = {name.value: node for name, node in item.value}
                    metadata = parts.get("metadata")
                    told = metadata.value if isinstance(metadata, yaml.MappingNode) else []
                    parts |= {name.value: node for name, node in told if name.value == "language"}
                    found.append({name: node for name, node in parts.items() if isinstance(node, yaml.ScalarNode)})
    return found


def composed(path: Path) -> yaml.Node | None:
    """A file as nodes that know their lines.

    Raises:
        Unreadable
    """
    try:
        with path.open(encoding="utf-8") as file:
            node: yaml.Node | None = yaml.compose(file, Loader=yaml.CSafeLoader)
            return node
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise Unreadable(f"{shown(path)}:{line}: {error.problem or 'no YAML'}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{shown(path)}: {error}") from error


def shown(path: Path) -> str:
    """A path as people read it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def plain(node: yaml.Node | None) -> Any:
    """A node's value without its places."""
    if isinstance(node, yaml.MappingNode):
        return {plain(key): plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    return node.value if node is not None else None
