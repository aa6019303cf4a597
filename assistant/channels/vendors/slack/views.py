"""The ticket form (a modal), the App Home with somebody's tickets, and what a command answers.

https://docs.slack.dev/surfaces/modals/, https://docs.slack.dev/surfaces/app-home/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.channels import text as texts
from assistant.channels.vendors.slack import blocks, words
from assistant.channels.vendors.slack.mrkdwn import escape

FORM = "ticket_form"
SUBJECT, DESCRIPTION = "subject", "description"
LONGEST_SUBJECT = 150
#: A text field of Slack's takes 3,000 characters at most.
LONGEST_DESCRIPTION = 3_000


def form(text: str = "") -> dict[str, Any]:
    """The form, empty or with a description to begin with."""
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
        "title": blocks.plain(words.FORM_TITLE, 24),
        "submit": blocks.plain(words.FORM_SEND, 24),
        "close": blocks.plain(words.FORM_CANCEL, 24),
        "blocks": [
            _field(SUBJECT, words.FORM_SUBJECT, subject),
            _field(DESCRIPTION, words.FORM_DESCRIPTION, description),
        ],
    }


def filled(view: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """What was filled in, and what is wrong with it, each by field."""
    state = view.get("state")
    values = state.get("values") if isinstance(state, dict) else None
    found = {name: texts.clean(_value(values, name)) for name in (SUBJECT, DESCRIPTION)}
    problems = {name: words.FORM_EMPTY for name, typed in found.items() if not typed}
    return found, problems


def home(tickets: Sequence[Mapping[str, Any]], desk: str) -> dict[str, Any]:
    """The App Home of somebody with these tickets."""
    shown: list[dict[str, Any]] = [
        blocks.header(desk),
        {"type": "actions", "elements": [blocks.button(words.HOME_NEW, blocks.FORM)]},
        {"type": "divider"},
        blocks.section(f"*{escape(words.HOME_TICKETS)}*"),
    ]
    for card in tickets[: blocks.MOST_BLOCKS]:
        shown.append(blocks.ticket(card))
    if not tickets:
        shown.append(blocks.section(escape(words.HOME_NONE)))
    return {"type": "home", "blocks": shown}


def command_help(command: str) -> dict[str, Any]:
    """What the bare command answers, seen by who typed it alone."""
    text = words.COMMAND_HELP.format(command=escape(command or "/help-sage"))
    opening = {"type": "actions", "elements": [blocks.button(words.HOME_NEW, blocks.FORM)]}
    return {"response_type": "ephemeral", "text": text, "blocks": [blocks.section(text), opening]}


def command_taken(typed: str) -> dict[str, Any]:
    """What a command with words answers."""
    return {"response_type": "ephemeral", "text": words.COMMAND_TAKEN.format(text=escape(typed[:500]))}


def _field(name: str, label: str, element: dict[str, Any]) -> dict[str, Any]:
    return {"type": "input", "block_id": name, "label": blocks.plain(label, 200), "element": element}


def _value(values: Any, name: str) -> str:
    field = values.get(name) if isinstance(values, dict) else None
    element = field.get(name) if isinstance(field, dict) else None
    value = element.get("value") if isinstance(element, dict) else None
    return value if isinstance(value, str) else ""
