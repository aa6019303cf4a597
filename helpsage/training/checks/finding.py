"""What a look finds, and what it looks at."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import yaml

from helpsage.training import examples, vectors
from helpsage.training.examples import Line, Unreadable
from helpsage.training.vectors import Vectors
from languages import SOURCE


class Severity(enum.StrEnum):
    """How much it matters."""

    #: The assistant will answer wrongly, or not at all. The command fails.
    ERROR = "error"
    #: Most likely a mistake.
    WARNING = "warning"
    #: Worth a look.
    HINT = "hint"


ORDER = {severity: number for number, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Finding:
    """One of them.

    Attributes:
        rule: `duplicate`, `unused-response`: names the look.
        place: `file:line`.
        about: what it is about, without places, so that it is the same after lines were moved.
    """

    severity: Severity
    rule: str
    place: str
    words: str
    about: str

    @property
    def line(self) -> str:
        """As it stands in the file of accepted ones."""
        return f"{self.rule}\t{' '.join(self.about.split())}"


@dataclass(frozen=True)
class Project:
    """The files of a Rasa project."""

    root: Path
    lines: Sequence[Line]
    domain: yaml.MappingNode
    rules: Sequence[tuple[Path, yaml.Node]]

    @classmethod
    def read(cls, root: Path) -> Project:
        """Read it.

        Raises:
            Unreadable
        """
        domain = examples.composed(root / "domain.yml")
        if not isinstance(domain, yaml.MappingNode):
            raise Unreadable(f"{examples.shown(root / 'domain.yml')}:1: no domain")
        rules = [
            (path, node)
            for folder in ("rules", "stories")
            for path in sorted((root / "data" / folder).glob("*.yml"))
            if (node := examples.composed(path)) is not None
        ]
        return cls(root, examples.written(root / "data"), domain, rules)

    @cached_property
    def vectors(self) -> Vectors:
        """Of the examples' texts, one row each."""
        return vectors.of([line.text for line in self.lines])

    @cached_property
    def told_by_meaning(self) -> Project:
        """The same with English examples alone: of others the encoder sees too little to tell them apart."""
        return replace(self, lines=[line for line in self.lines if line.language == SOURCE])

    @cached_property
    def labels(self) -> dict[str, list[int]]:
        """The numbers of each label's examples."""
        found: dict[str, list[int]] = {}
        for number, line in enumerate(self.lines):
            found.setdefault(line.label, []).append(number)
        return found

    @cached_property
    def responses(self) -> Mapping[str, str]:
        """Every response's place: of the domain, and of the answers beside their questions."""
        found = self.places("responses")
        for path in sorted((self.root / "data").rglob("*.yml")):
            node = examples.composed(path)
            for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
                if key.value == "responses" and isinstance(value, yaml.MappingNode):
                    found |= {
                        name.value: f"{examples.shown(path)}:{name.start_mark.line + 1}" for name, _ in value.value
                    }
        return found

    def part(self, name: str) -> yaml.Node | None:
        """A part of the domain."""
        return next((value for key, value in self.domain.value if key.value == name), None)

    def places(self, part: str) -> dict[str, str]:
        """The names in a part of the domain, each with its place."""
        node = self.part(part)
        file = examples.shown(self.root / "domain.yml")
        if isinstance(node, yaml.MappingNode):
            return {key.value: f"{file}:{key.start_mark.line + 1}" for key, _ in node.value}
        if isinstance(node, yaml.SequenceNode):
            found = {}
            for item in node.value:
                key = item.value[0][0] if isinstance(item, yaml.MappingNode) else item
                found[key.value] = f"{file}:{key.start_mark.line + 1}"
            return found
        return {}
