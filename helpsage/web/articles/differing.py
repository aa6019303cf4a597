"""What is different between two versions of an article, line by line, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

#: Lines that are the same are shown next to a difference; the rest of them is counted.
AROUND = 2


@dataclass(frozen=True)
class Line:
    """One line of the comparison.

    Attributes:
        kind: `same`, `added`, `removed`, or `gap` for lines that are the same and not shown.
        skipped: of a gap: how many.
    """

    kind: str
    text: str = ""
    skipped: int = 0


def lines(before: str, after: str) -> list[Line]:
    """The later text with what came and what went; empty when nothing is different."""
    old, new = before.splitlines(), after.splitlines()
    if old == new:
        return []
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [
        line
        for number, (kind, a, b, c, d) in enumerate(blocks)
        for line in (
            _same(old[a:b], number == 0, number == len(blocks) - 1) if kind == "equal" else _changed(old[a:b], new[c:d])
        )
    ]


def _changed(removed: Sequence[str], added: Sequence[str]) -> Iterator[Line]:
    yield from (Line("removed", text) for text in removed)
    yield from (Line("added", text) for text in added)


def _same(texts: Sequence[str], first: bool, last: bool) -> Iterator[Line]:
    """Those beside a difference; a block at the beginning or the end has only one."""
    head, tail = (0 if first else AROUND), (0 if last else AROUND)
    hidden = len(texts) - head - tail
    if hidden <= 1:
        yield from (Line("same", text) for text in texts)
        return
    yield from (Line("same", text) for text in texts[:head])
    yield Line("gap", skipped=hidden)
    yield from (Line("same", text) for text in texts[len(texts) - tail :])
