"""Adaptive Cards: choices and tickets.

Format: https://adaptivecards.io/explorer, version 1.4, which Teams shows on every device
(https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference#adaptive-card). More
than six actions in one set are hidden behind a menu there, so that many choices are several sets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from assistant.channels.markdown import Block, Kind, Span
from assistant.channels.vendors.teams.activities import PRESSED

CONTENT_TYPE = "application/vnd.microsoft.card.adaptive"
VERSION = "1.4"
ACTIONS_IN_A_SET = 6
LONGEST_TITLE = 80
#: Colours of a `TextBlock`, by a ticket's status.
COLOURS = {
    "open": "Accent",
    "in_progress": "Accent",
    "waiting": "Warning",
    "escalated": "Attention",
    "resolved": "Good",
    "closed": "Default",
}
_NOTATION = re.compile(r"([\\*_\[\]])")


def card(body: list[dict[str, Any]]) -> dict[str, Any]:
    """An attachment of one card."""
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": VERSION,
        "body": body,
    }
    return {"contentType": CONTENT_TYPE, "content": content}


def choices(buttons: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Buttons as sets of actions.

    Args:
        buttons: Title and issued id of each.
    """
    actions = [
        {
            "type": "Action.Submit",
            "title": _short(title),
            # What is sent back, and what the chat shows that the person said.
            "data": {
                PRESSED: issued,
                "msteams": {
                    "type": "messageBack",
                    "displayText": title,
                    "text": title,
                    "value": {PRESSED: issued},
                },
            },
        }
        for title, issued in buttons
    ]
    return [
        {"type": "ActionSet", "actions": actions[at : at + ACTIONS_IN_A_SET]}
        for at in range(0, len(actions), ACTIONS_IN_A_SET)
    ]


def ticket(found: dict[str, Any]) -> dict[str, Any]:
    """A ticket as docs/webchat-protocol.md describes it."""
    status = str(found.get("status_label") or found.get("status") or "")
    facts = [
        {"title": title, "value": _escaped(str(found[name]))}
        for title, name in (("Category", "category"), ("Priority", "priority"))
        if found.get(name)
    ]
    heading = {
        "type": "ColumnSet",
        "columns": [
            {
                "type": "Column",
                "width": "stretch",
                "items": [_words(str(found.get("reference") or ""), weight="Bolder")],
            },
            {
                "type": "Column",
                "width": "auto",
                "items": [_words(status, color=COLOURS.get(str(found.get("status")), "Default"))],
            },
        ],
    }
    items = [heading, _words(str(found.get("subject") or ""))]
    if facts:
        items.append({"type": "FactSet", "facts": facts})
    return {"type": "Container", "style": "emphasis", "items": items, "spacing": "Small"}


def said(blocks: Sequence[Block], by: str = "") -> list[dict[str, Any]]:
    """A text, with an agent's name over it. Runs of text need no escaping, unlike Markdown in a `TextBlock`."""
    items: list[dict[str, Any]] = [_words(by, weight="Bolder")] if by else []
    for block in blocks:
        lines = _lines(block)
        for number, line in enumerate(lines):
            element: dict[str, Any] = {"type": "RichTextBlock", "inlines": [_run(span) for span in line]}
            if number or (block.kind is Kind.ITEM and items):
                element["spacing"] = "None" if number else "Small"
            items.append(element)
    return items


def chosen(title: str) -> dict[str, Any]:
    """What was chosen, where the choices were."""
    return _words(f"✓ {title}", isSubtle=True)


def _lines(block: Block) -> list[list[Span]]:
    """A `RichTextBlock` is one paragraph: each line is one of its own."""
    lines: list[list[Span]] = [[Span(f"{block.marker} ")] if block.marker else []]
    for span in block.spans:
        for number, words in enumerate(span.text.split("\n")):
            if number:
                lines.append([])
            if words:
                lines[-1].append(replace(span, text=words))
    return [line for line in lines if line]


def _run(span: Span) -> dict[str, Any]:
    run: dict[str, Any] = {"type": "TextRun", "text": span.text}
    if span.bold:
        run["weight"] = "Bolder"
    if span.emphasis:
        run["italic"] = True
    if span.code:
        run["fontType"] = "Monospace"
    if span.href is not None:
        run["selectAction"] = {"type": "Action.OpenUrl", "url": span.href}
    return run


def _words(text: str, **looks: object) -> dict[str, Any]:
    return {"type": "TextBlock", "text": _escaped(text), "wrap": True, **looks}


def _escaped(text: str) -> str:
    """Words of people are no Markdown in a card."""
    return _NOTATION.sub(r"\\\1", text)


def _short(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"
