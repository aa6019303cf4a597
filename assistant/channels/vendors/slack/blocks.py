"""What is shown, in Slack's Block Kit: https://docs.slack.dev/reference/block-kit/"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.channels.connector import Outgoing, Pressed
from assistant.channels.vendors.slack.mrkdwn import LONGEST_SECTION, escape

Block = dict[str, Any]

#: Elements of one block of buttons, blocks of one message, characters of a button.
MOST_ELEMENTS = 25
MOST_BLOCKS = 50
LONGEST_BUTTON = 75
#: Tickets of a list; each has a block.
MOST_TICKETS = 15

SAY, FORM, TICKETS = "say", "form", "tickets"


def of_message(message: Outgoing) -> list[Block]:
    """A part of a message."""
    found: list[Block] = []
    if message.author == "agent" and message.part == 0 and message.author_name:
        found.append(context(f"*{escape(message.author_name)}*"))
    if message.text:
        found.append(section(message.text))
    data = message.data
    cards = [data["ticket"]] if isinstance(data.get("ticket"), dict) else list(data.get("tickets") or [])
    found += [ticket(card) for card in cards[:MOST_TICKETS]]
    image = data.get("image")
    if isinstance(image, str) and image.startswith("https://"):
        found.append({"type": "image", "image_url": image, "alt_text": "image"})
    if data.get("pressed"):
        found.append(context(f"✓ {escape(str(data['pressed']))}"))
    else:
        found += buttons(message.message_id, data.get("buttons") or [])
    return found[:MOST_BLOCKS]


def section(text: str) -> Block:
    """Words in Slack's notation."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:LONGEST_SECTION], "verbatim": True}}


def context(text: str) -> Block:
    """Small words."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text[:LONGEST_SECTION], "verbatim": True}]}


def header(text: str) -> Block:
    """A headline."""
    return {"type": "header", "text": plain(text, 150)}


def plain(text: str, longest: int) -> dict[str, Any]:
    """Text without notation."""
    return {"type": "plain_text", "text": text if len(text) <= longest else f"{text[: longest - 1]}…", "emoji": False}


def ticket(card: Mapping[str, Any]) -> Block:
    """A ticket's card."""
    subject = escape(str(card.get("subject") or ""))[:500]
    facts = [str(card.get(name)) for name in ("status_label", "category", "priority") if card.get(name)]
    lines = [f"*{escape(str(card.get('reference', '')))}* {subject}".strip(), escape(" · ".join(facts))[:500]]
    return section("\n".join(line for line in lines if line))


def buttons(message_id: int, offered: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Any number of buttons; what they stand for stays with us."""
    elements = [
        button(str(each.get("title", "")) or "…", f"{SAY}:{number}", Pressed(message_id, number).value)
        for number, each in enumerate(offered)
    ]
    return [
        {"type": "actions", "elements": elements[at : at + MOST_ELEMENTS]}
        for at in range(0, len(elements), MOST_ELEMENTS)
    ]


def button(title: str, action: str, value: str = "") -> Block:
    """One button."""
    found: Block = {"type": "button", "text": plain(title, LONGEST_BUTTON), "action_id": action}
    return {**found, "value": value} if value else found


def fallback(message: Outgoing) -> str:
    """What notifications and old clients show."""
    data = message.data
    cards = [data["ticket"]] if isinstance(data.get("ticket"), dict) else list(data.get("tickets") or [])
    lines = [
        message.text,
        *(escape(f"{card.get('reference', '')} {card.get('subject', '')}".strip()) for card in cards),
    ]
    return "\n".join(line for line in lines if line)[:LONGEST_SECTION] or "…"
