"""The ticket form (a modal), the App Home with somebody's tickets, and what a command answers.

https://docs.slack.dev/surfaces/modals/, https://docs.slack.dev/surfaces/app-home/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from assistant.channels import text as texts
from assistant.channels.vendors.slack import blocks, words
from assistant.channels.vendors.slack.mrkdwn import escape
from languages import SOURCE, catalogues

FORM = "ticket_form"
SUBJECT, DESCRIPTION = "subject", "description"
LONGEST_SUBJECT = 150
#: A text field of Slack's takes 3,000 characters at most.
LONGEST_DESCRIPTION = 3_000


def form(text: str = "", language: str = SOURCE) -> dict[str, Any]:
    """The form, empty or with a description to begin with."""
    said = partial(catalogues.said, language=language)
    subject = {"type": "plain_text_input", "action_id": SUBJECT, "max_length": LONGEST_SUBJECT}
    description: dict[str, Any] = {
        "type": "plain_text_input",
        "action_id": DESCRIPTION,
        "multiline": True,
        "max_length": LONGEST_DESCRIPTION,
    }
    if text:
        description["initial_value"] = text[:LONGEST_DESCRIPTION]
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": blocks.plain(said(words.FORM_TITLE), 24),
        "submit": blocks.plain(said(words.FORM_SEND), 24),
        "close": blocks.plain(said(words.FORM_CANCEL), 24),
        "blocks": [
            _field(SUBJECT, said(words.FORM_SUBJECT), subject),
            _field(DESCRIPTION, said(words.FORM_DESCRIPTION), description),
        ],
    }


def filled(view: Mapping[str, Any]) -> tuple[dict[str, str], frozenset[str]]:
    """What was filled in, by field, and the fields that were left empty."""
    state = view.get("state")
    values = state.get("values") if isinstance(state, dict) else None
    found = {name: texts.clean(_value(values, name)) for name in (SUBJECT, DESCRIPTION)}
    return found, frozenset(name for name, typed in found.items() if not typed)


def form_refused(empty: frozenset[str], language: str = SOURCE) -> dict[str, Any]:
    """The answer to a form in which these fields were left empty."""
    told = catalogues.said(words.FORM_EMPTY, language)
    return {"response_action": "errors", "errors": dict.fromkeys(sorted(empty), told)}


def home(tickets: Sequence[Mapping[str, Any]], desk: str, language: str = SOURCE) -> dict[str, Any]:
    """The App Home of somebody with these tickets."""
    said = partial(catalogues.said, language=language)
    shown: list[dict[str, Any]] = [
        blocks.header(desk),
        {"type": "actions", "elements": [blocks.button(said(words.HOME_NEW), blocks.FORM)]},
        {"type": "divider"},
        blocks.section(f"*{escape(said(words.HOME_TICKETS))}*"),
    ]
    for card in tickets[: blocks.MOST_BLOCKS]:
        shown.append(blocks.ticket({**card, "status_label": said(str(card.get("status_label") or ""))}))
    if not tickets:
        shown.append(blocks.section(escape(said(words.HOME_NONE))))
    return {"type": "home", "blocks": shown}


def command_help(command: str, language: str = SOURCE) -> dict[str, Any]:
    """What the bare command answers, seen by who typed it alone."""
    said = partial(catalogues.said, language=language)
    text = said(words.COMMAND_HELP).format(command=escape(command or "/help-sage"))
    opening = {"type": "actions", "elements": [blocks.button(said(words.HOME_NEW), blocks.FORM)]}
    return {"response_type": "ephemeral", "text": text, "blocks": [blocks.section(text), opening]}


def command_taken(typed: str, language: str = SOURCE) -> dict[str, Any]:
    """What a command with words answers."""
    text = catalogues.said(words.COMMAND_TAKEN, language).format(text=escape(typed[:500]))
    return {"response_type": "ephemeral", "text": text}


def _field(name: str, label: str, element: dict[str, Any]) -> dict[str, Any]:
    return {"type": "input", "block_id": name, "label": blocks.plain(label, 200), "element": element}


def _value(values: Any, name: str) -> str:
    field = values.get(name) if isinstance(values, dict) else None
    element = field.get(name) if isinstance(field, dict) else None
    value = element.get("value") if isinstance(element, dict) else None
    return value if isinstance(value, str) else ""
