"""What somebody's words in a thread mean.

Words without a mark stay among staff. What is to leave the house is marked: `!reply`. A mark that nobody knows does
nothing at all, so that a slip of the finger neither sends nor keeps.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass


class Command(enum.StrEnum):
    """What can be asked for."""

    #: No mark.
    PLAIN = ""
    TAKE = "take"
    RELEASE = "release"
    REPLY = "reply"
    NOTE = "note"
    RESOLVE = "resolve"
    STATUS = "status"
    HELP = "help"
    #: Of chats.
    END = "end"
    TICKET = "ticket"


@dataclass(frozen=True)
class Meant:
    """A command, or words.

    Attributes:
        command: None: a mark that nobody knows, written as `unknown`.
    """

    command: Command | None
    text: str
    unknown: str = ""


#: `!reply`, `/reply` (a command in Telegram); a colon may follow. Letters only: `!!` and `!1` are words.
_MARKED = re.compile(r"[!/]([A-Za-z]{1,20})(?![A-Za-z0-9_])[:\s]*", re.ASCII)


def read(written: str) -> Meant:
    """What the words mean."""
    text = written.strip()
    found = _MARKED.match(text)
    if found is None:
        return Meant(Command.PLAIN, text)
    name, rest = found[1].lower(), text[found.end() :].strip()
    try:
        return Meant(Command(name), rest)
    except ValueError:
        return Meant(None, rest, name)
