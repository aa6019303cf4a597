"""Whether the catalogues of `locales/` say all that we say: what is missing, left over, or has other placeholders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, TemplateSyntaxError
from jinja2.ext import extract_from_ast

from actions.words import faq_title
from helpsage.notify import templates as notices
from helpsage.settings import ROOT
from languages import TRANSLATED, catalogues

TEMPLATES = ROOT / "helpsage" / "web" / "templates"
LETTERS = ROOT / "helpsage" / "mail" / "letters"
FAQ = "utter_faq/"
#: Names in modules of words that are not shown, stand on tickets for agents, or are the same in every language.
NOT_SAID = frozenset({
    "SPELLING", "AGAIN", "REFUSED", "BYTES", "KILOBYTES", "MEGABYTES", "TRIED", "TRIED_ARTICLE", "TRIED_ANSWER",
    "SOURCE",
})  # fmt: skip
#: Words that Python code hands to pages and letters for people; all of a module's where no names stand.
PAGE_WORDS: Mapping[str, frozenset[str] | None] = {
    "helpsage/web/words.py": frozenset({"ERRORS", "ACTORS"}),
    "helpsage/web/portal/words.py": None,
    "helpsage/web/accounts/words.py": frozenset({
        "WRONG_CREDENTIALS", "WRONG_PASSWORD", "WRONG_CHOSEN", "TOO_MANY_ATTEMPTS", "TOO_MANY_LETTERS", "WRONG_CODE",
        "UNSOLVED", "NO_PASSWORD", "EMAIL_TAKEN", "DONE", "SIGN_ON", "LINKS", "ASK_AGAIN", "LOG_IN", "LIFETIMES",
        "PROVEN_BY",
    }),
    "helpsage/intake/words.py": frozenset({
        "FORM:empty", "FORM:too_long", "FORM:no_email", "FORM:long_name", "FORM:too_often", "FORM:again",
    }),
    "helpsage/people/words.py": frozenset({
        "NO_ADDRESS", "NO_NAME", "NAME_TOO_LONG", "TOO_SHORT", "TOO_LONG", "TRIED_FIRST", "IS_ADDRESS", "SAME_ADDRESS",
        "NOTICES",
    }),
    "helpsage/people/captcha/questions.py": frozenset({"NUMBERS", "SUM", "DIFFERENCE"}),
    "helpsage/people/devices.py": frozenset({"UNKNOWN", "BOTH"}),
    "helpsage/tickets/words.py": frozenset({"EMPTY", "TOO_LONG"}),
    "helpsage/tokens/words.py": frozenset({"NAME", "SCOPES", "DAYS", "TOO_MANY"}),
    "helpsage/tokens/scopes.py": frozenset({"ABOUT"}),
    "helpsage/knowledge/words.py": frozenset({"CATEGORIES"}),
    "helpsage/notify/words.py": frozenset({
        "STATUS", "CALLED", "SOON", "SOMEBODY", "SOMEONE", "REPLIED_ITEM", "RECEIVED_ITEM", "FOOT", "STOP",
        "BUTTON_FAILS",
    }),
}  # fmt: skip
#: What is said about a human in the chat; places in the queue are among `catalogues.SENTENCES`.
OF_HUMANS = frozenset({
    "JOINED", "STARTED", "STARTED_ABOUT", "TRANSFERRED", "OFFERED_AGAIN", "RETURNED", "RETURNED_WITH", "LEFT",
    "STILL_THERE", "SILENT", "FILED", "FILED_BEFORE", "AND_BY_MAIL", "MADE", "CLOSED", "CLOSED_UNTIL", "NOBODY",
    "TOO_LONG", "ON_REQUEST", "COLLEAGUE", "TEAM", "STOP", "TICKET_INSTEAD",
})  # fmt: skip
#: What modules of words say in chats.
CHAT_WORDS: Mapping[str, frozenset[str] | None] = {
    "actions/words.py": None,
    "assistant/channels/words.py": None,
    "assistant/channels/vendors/slack/words.py": None,
    "assistant/channels/vendors/teams/words.py": frozenset({"FILE_OFFERED", "SUMMARY"}),
    "helpsage/handoff/words.py": OF_HUMANS,
    "helpsage/jobs/words.py": None,
    "helpsage/people/words.py": frozenset({
        "LINK_HOW", "LINK_ASKED", "LINKED", "LINK_WRONG", "LINK_ENDED", "LINK_TOO_OFTEN", "LINK_NOT_HERE",
    }),
    "helpsage/attachments/words.py": None,
}  # fmt: skip
_PLACEHOLDER = re.compile(r"%\((\w+)\)s|\{\{\s*([\w.]+)|\{(\w+)[^{}]*\}")
_FORMAT = re.compile(r"\{(\w+)[!:][^{}]*\}")


def findings(folder: Path | None = None) -> list[str]:
    """What is wrong with the catalogues, a line each with the file.

    Args:
        folder: where they lie; `locales/` when left out.
    """
    found: list[str] = []
    answers, words, pages = responses(), frozenset(spoken_words()), page_texts()
    for language in TRANSLATED:
        files = {name: (folder or catalogues.FOLDER) / language / name for name in catalogues_names()}
        try:
            written = catalogues.read_responses(files[catalogues.RESPONSES])
            found += _compared(files[catalogues.RESPONSES], answers, written)
            for name, wanted in ((catalogues.WORDS, words), (catalogues.PAGES, pages)):
                translated = {english: (text,) for english, text in catalogues.read_words(files[name]).items()}
                found += _compared(files[name], {english: (english,) for english in wanted}, translated)
        except catalogues.BadCatalogue as error:
            found.append(str(error))
    return found


def catalogues_names() -> tuple[str, ...]:
    """The files of each language."""
    return catalogues.RESPONSES, catalogues.WORDS, catalogues.PAGES


def responses() -> dict[str, tuple[str, ...]]:
    """The assistant's answers in English, by name."""
    found: dict[str, tuple[str, ...]] = {}
    for path in (ROOT / "domain.yml", *sorted((ROOT / "data" / "faq").glob("*.yml"))):
        for name, variants in _responses(path).items():
            found[name] = tuple(variant["text"] for variant in variants)
    return found


def spoken_words() -> Iterator[str]:
    """What the assistant says besides: buttons, topics, questions, states, apologies."""
    for variants in _responses(ROOT / "domain.yml").values():
        for variant in variants:
            for button in variant.get("buttons") or ():
                if not str(button["title"]).isdecimal():
                    yield button["title"]
    yield from _of_categories(_loaded(ROOT / "config" / "categories.yml"))
    yield from (faq_title(name.removeprefix(FAQ)) for name in responses() if name.startswith(FAQ))
    for module, names in CHAT_WORDS.items():
        yield from constants(ROOT / module, names)
    yield from catalogues.SENTENCES
    yield from (*catalogues.WEEKDAYS, *catalogues.MONTHS)


@lru_cache(maxsize=1)
def page_texts() -> frozenset[str]:
    """Everything in `_("...")` of the templates of pages and letters, what Python code hands to them, and the words of
    the notices to whoever asked.
    """
    reader = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    found: set[str] = set(notices.to_translate())
    for path in (*sorted(TEMPLATES.rglob("*.html")), *sorted(LETTERS.iterdir())):
        for _, _, message in extract_from_ast(reader.parse(path.read_text("utf-8"))):
            found.update(each for each in (message if isinstance(message, tuple) else (message,)) if each)
    for module, names in PAGE_WORDS.items():
        found.update(constants(ROOT / module, names))
    return frozenset(found)


def constants(path: Path, names: frozenset[str] | None = None) -> Iterator[str]:
    """The texts that a module of words assigns to its names, without the format of their placeholders.

    The module is read and not run: it may belong to another environment.

    Args:
        names: those that count, `DONE:reset` one entry of a dictionary; all when left out.
    """
    for statement in ast.parse(path.read_text("utf-8")).body:
        named = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        if not isinstance(named, ast.Name) or not named.id.isupper() or named.id in NOT_SAID:
            continue
        for key, text in _texts(getattr(statement, "value", None)):
            if names is None or named.id in names or f"{named.id}:{key}" in names:
                yield _FORMAT.sub(r"{\1}", text)


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """The texts in what is assigned, with their keys where it is a dictionary, whose values may be several texts."""
    if isinstance(value, ast.Call) and value.args:  # MappingProxyType(...)
        value = value.args[0]
    if isinstance(value, ast.Dict):
        pairs = [(getattr(key, "value", ""), each) for key, each in zip(value.keys, value.values, strict=True)]
    else:
        pairs = [("", value)]
    for key, one in pairs:
        for each in getattr(one, "elts", [one]):
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value:
                yield str(key), each.value


def _of_categories(known: Mapping[str, Any]) -> Iterator[str]:
    for group in known["groups"].values():
        yield group["title"]
    for question in known["questions"].values():
        yield question["label"]
        yield from (choice["title"] for choice in question.get("choices") or ())
    for category in known["categories"].values():
        yield category["title"]
        yield category["team"]


def _compared(
    path: Path, english: Mapping[str, tuple[str, ...]], translated: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    where = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    for name in english:
        if name not in translated:
            yield f"{where}: {_named(name)} is missing"
    for name, variants in translated.items():
        if name not in english:
            yield f"{where}: {_named(name)} is not said any more"
            continue
        wanted = placeholders(english[name])
        for text in variants:
            if not text.strip():
                yield f"{where}: {_named(name)} is empty"
            elif problem := _unreadable(name, text):
                yield f"{where}: {_named(name)} cannot be filled in: {problem}"
            elif placeholders([text]) - wanted or not placeholders([text]) >= _always(english[name]):
                yield f"{where}: {_named(name)} has the placeholders {_listed([text])}, not {_listed(english[name])}"


def _unreadable(english: str, text: str) -> str:
    """What is wrong with the words of a notice, which are a template (`helpsage/notify/templates.py`)."""
    if "{{" not in english and "{%" not in english:
        return ""
    try:
        Environment(autoescape=True).parse(text)
    except TemplateSyntaxError as error:
        return str(error.message)
    return ""


def placeholders(variants: Iterable[str]) -> frozenset[str]:
    """The names in braces, or behind a percent sign, of one or several texts."""
    return frozenset(found[1] or found[2] or found[3] for text in variants for found in _PLACEHOLDER.finditer(text))


def _always(variants: Iterable[str]) -> frozenset[str]:
    """Those that every variant has."""
    return frozenset.intersection(*(placeholders([text]) for text in variants))


def _listed(variants: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(placeholders(variants))) or "none"


def _named(name: str) -> str:
    line = " ".join(name.split())
    return repr(line if len(line) <= 80 else line[:79] + "…")


def _responses(path: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = _loaded(path).get("responses") or {}
    return found


def _loaded(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found
