"""What Telegram's commands stand for, and what administrators read of its failures."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

#: Words that a command says; https://core.telegram.org/bots/features#commands asks for the first two.
COMMANDS = MappingProxyType(
    {
        "start": "Hello",
        "help": "What can you do?",
        "new": "I want to report a problem",
        "tickets": "Show my tickets",
        "status": "What is the status of my ticket?",
        "person": "I want to talk to a person",
        "cancel": "Cancel",
        # Where teams are told of tickets (helpsage/alerts/commands.py).
        "reply": "!reply",
        "note": "!note",
        "take": "!take",
        "release": "!release",
        "resolve": "!resolve",
        "end": "!end",
    }
)
CHOSEN: Final = "✓ {title}"
NO_WORDS: Final = "…"
BAD_LOGIN: Final = "Telegram does not know the bot's token: it was revoked or mistyped"
REFUSED: Final = "Telegram refused it: {reason}"
TROUBLE: Final = "Telegram answers with status {status}"
ASKED_ELSEWHERE: Final = "Somebody else asks for this bot's updates: another program uses its token"
