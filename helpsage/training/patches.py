"""Accepted examples as a change to the trainers' files that a person reads before it counts.

A change only adds lines: to the intent's own block, in its file, in its style. It never touches the work tree: it is a
patch for `git apply`, or a commit on a branch of its own.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from helpsage.training import blocks
from helpsage.training.blocks import Block, Files
from helpsage.training.scrub import one_line
from languages import SOURCE, detect

DOMAIN = "domain.yml"
#: Where intents and FAQ entries go that no file has yet.
NEW_INTENTS, NEW_FAQ = "data/nlu/reviewed.yml", "data/faq/reviewed.yml"
HINT = "  # new: needs a rule in data/rules, or a category in config/categories.yml"
HEADER = 'version: "3.1"\n'
#: What an intent, or the part of an FAQ entry after `faq/`, may be called.
NAME = re.compile(r"[a-z][a-z0-9_]{1,59}")

_NEXT_SECTION = re.compile(r"^[a-z_]+:", re.MULTILINE)


class InvalidName(ValueError):
    """No intent can be called that."""


@dataclass(frozen=True)
class Addition:
    """An example for an intent (`login_error`, `faq/reset_password`); marked as `data/` marks entities."""

    intent: str
    example: str


@dataclass(frozen=True)
class NewAnswer:
    """A new FAQ entry: its key, how people ask for it, and its answer in light Markdown."""

    key: str
    examples: tuple[str, ...]
    answer: str


@dataclass
class Edit:
    """Files as they are, and as they shall be."""

    before: Files
    after: dict[str, str] = field(default_factory=dict)

    def text(self, path: str) -> str | None:
        """The file as it shall be so far; None when there is none."""
        return self.after.get(path, self.before.get(path))

    @property
    def changed(self) -> dict[str, str]:
        """The files that differ."""
        return {path: text for path, text in sorted(self.after.items()) if text != self.before.get(path)}


def change(files: Files, additions: Sequence[Addition], answers: Sequence[NewAnswer] = ()) -> Edit:
    """Write them all; what a file has already is left out.

    Raises:
        InvalidName
    """
    edit = Edit(files)
    for answer in answers:
        _add_answer(edit, answer)
    for intent, some in _by_intent(additions).items():
        _add_examples(edit, intent, some)
    return edit


def _by_intent(additions: Iterable[Addition]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in additions:
        found.setdefault(each.intent, []).append(each.example)
    return found


def _add_examples(edit: Edit, intent: str, examples: Sequence[str]) -> None:
    merged = {**edit.before, **edit.after}
    known = {blocks.same(each.text) for each in blocks.written(merged)}
    new: list[str] = []
    for example in examples:
        if blocks.same(example) not in known:
            known.add(blocks.same(example))
            new.append(example)
    if not new:
        return
    by_language: dict[str, list[str]] = {}
    for example in new:
        language = detect.read(example).value or SOURCE
        there = _block_of(merged, intent, language) is not None
        by_language.setdefault(language if there else SOURCE, []).append(example)
    for language, some in by_language.items():
        merged = {**edit.before, **edit.after}
        block = _block_of(merged, intent, language)
        if block is None:
            _add_intent(edit, intent, some)
            continue
        lines = [f"{block.indent}- {line}" for line in some]
        edit.after[block.path] = _with_lines(merged[block.path], block.end, lines)


def _block_of(files: Files, intent: str, language: str) -> Block | None:
    """The intent's last block of examples in this language, in the first file that has one."""
    for path in sorted(files):
        if path.startswith("data/"):
            some = blocks.blocks(path, files[path])
            found = [block for block in some if (block.intent, block.language) == (intent, language)]
            if found:
                return found[-1]
    return None


def _add_intent(edit: Edit, intent: str, examples: Sequence[str]) -> None:
    """A block of its own; the domain hears of it, since nothing is done about an intent without a rule."""
    group, _, key = intent.rpartition("/")
    _checked(key)
    path = NEW_FAQ if group == "faq" else NEW_INTENTS
    text = edit.text(path) or f"{HEADER}nlu:\n"
    edit.after[path] = _with_section_lines(text, "nlu", _intent_lines(intent, examples))
    domain = edit.text(DOMAIN)
    if not group and domain is not None and not re.search(rf"^\s*- {re.escape(intent)}\b", domain, re.MULTILINE):
        edit.after[DOMAIN] = _with_section_lines(domain, "intents", [f"  - {intent}{HINT}"])


def _add_answer(edit: Edit, answer: NewAnswer) -> None:
    intent = f"faq/{_checked(answer.key)}"
    if f"utter_{intent}:" in "".join({**edit.before, **edit.after}.values()):
        return
    text = edit.text(NEW_FAQ) or f"{HEADER}nlu:\nresponses:\n"
    examples = [one_line(each) if "](" not in each else each for each in answer.examples]
    if "\nresponses:" not in text:
        text = _ended(text) + "responses:\n"
    text = _with_section_lines(text, "nlu", _intent_lines(intent, [each for each in examples if each]))
    lines = [f"  utter_{intent}:", "    - text: |-", *(f"        {line}".rstrip() for line in _safe(answer.answer))]
    edit.after[NEW_FAQ] = _with_section_lines(text, "responses", lines)


def _safe(answer: str) -> list[str]:
    """Lines of a response: braces would be slots, and a first line that begins with spaces another block."""
    lines = [one_line_kept(line) for line in answer.strip().splitlines()]
    return [line.replace("{", "(").replace("}", ")") for line in lines] or ["..."]


def one_line_kept(line: str) -> str:
    """A line without control characters; its brackets stay, they are Markdown links."""
    hidden = line.replace("[", "\ue000").replace("]", "\ue001")
    indent = " " * (len(line) - len(line.lstrip(" ")) if line.lstrip().startswith(("-", "*")) else 0)
    slashes = line.lstrip()[: len(line.lstrip()) - len(line.lstrip().lstrip("/"))]
    return (indent + slashes + one_line(hidden)).replace("\ue000", "[").replace("\ue001", "]").rstrip()


def _intent_lines(intent: str, examples: Sequence[str]) -> list[str]:
    return [f"  - intent: {intent}", "    examples: |", *(f"      - {line}" for line in examples)]


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise InvalidName(name)
    return name


def _with_section_lines(text: str, section: str, new: Sequence[str]) -> str:
    """The text with lines at the end of a section (`nlu:`); the section is made when there is none."""
    lines = text.splitlines()
    begin = next((number for number, line in enumerate(lines) if re.match(rf"{section}:\s*(#.*)?$", line)), None)
    if begin is None:
        return _with_lines(_ended(text), len(lines), [f"{section}:", *new])
    end = begin + 1
    for number in range(begin + 1, len(lines)):
        if _NEXT_SECTION.match(lines[number]):
            break
        if lines[number].strip():
            end = number + 1
    return _with_lines(text, end, new)


def _with_lines(text: str, place: int, new: Sequence[str]) -> str:
    """The text with lines before the line `place` (from 0), in its own kind of line ends."""
    lines = text.splitlines(keepends=True)
    ending = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if place and not lines[place - 1].endswith(("\n", "\r")):
        lines[place - 1] += ending
    return "".join([*lines[:place], *(f"{line}{ending}" for line in new), *lines[place:]])


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def unified(edit: Edit) -> str:
    """The change as a patch in git's own form; empty when nothing differs."""
    return "".join(_diff(path, edit.before.get(path), text) for path, text in edit.changed.items())


def _diff(path: str, before: str | None, after: str) -> str:
    old = _split(before or "")
    head = [f"diff --git a/{path} b/{path}\n"]
    if before is None:
        head.append("new file mode 100644\n")
    told = difflib.unified_diff(old, _split(after), f"a/{path}" if before is not None else "/dev/null", f"b/{path}")
    return "".join(
        [*head, *(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in told)]
    )


def _split(text: str) -> list[str]:
    """Lines as git sees them: only a line feed ends one."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + ([text.split("\n")[-1]] if text.split("\n")[-1] else [])
