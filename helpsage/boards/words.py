"""What people read of task boards."""

from __future__ import annotations

SECTIONS = {
    "open": "Open",
    "in_progress": "In progress",
    "waiting": "Waiting for an answer",
    "escalated": "Escalated",
}
TITLE_START = "{reference}: "
TEXT = "{description}\n\n{link}"
REMARK = "**{author}** ({role}):\n{body}"
ROLES = {"requester": "requester", "agent": "agent", "assistant": "assistant", "system": "Help Sage"}
INTERNAL = "internal note"
#: What a comment begins with that is for colleagues only, whatever the board's setting.
NOTE_MARK = "note:"

NOTHING_SAID = "(an empty comment)"
CARD_GONE = "The card on the board {board} was deleted or moved away. The ticket stays as it is and gets no new card."
CARD_BACK = "The card is back on the board {board}."
BOTH_CHANGED = "Changed at the same time: on the board {board} to {there}, here to {here}. What was done here stands."
NOT_POSSIBLE = "On the board {board} this was moved to {there}, which cannot follow {here}. It was put back."
FINISHED = "done"
#: Beside a ticket: how its card does.
CARD_IS_RIGHT = "Up to date"
CARD_IS_BEHIND = "The latest changes are on their way"
CARD_IS_GONE = "Deleted or moved away on the board"
CARD_RESTS = "Not kept up to date: the board has stopped or is switched off"
REASON = "on the board {board}"
SOMEBODY = "Somebody on the board"

BROKEN_SUBJECT = "The task board {name} needs you"
BROKEN_TEXT = (
    "Help Sage cannot work with the task board “{name}” any more: {trouble}.\n\n"
    "Nothing is lost: what changes meanwhile is brought over as soon as it works again. "
    "Have a look at Settings, Task boards:\n{link}\n"
)

WHERE_TODOIST_HAS_IT = (
    "In Todoist: Settings, Integrations, Developer. An account of the desk's own is best: comments are written under "
    "its name."
)
NAME_MISSING = "Give it a name of at most 80 characters."
TOKEN_MISSING = "Paste the token."  # noqa: S105 no token
PROJECT_MISSING = "Choose the project in which the cards are to stand."
CHOOSE = "Choose one of the list."
WORKS = "It works: {count} projects can be seen."
FAILS = "It does not work: {error}."
