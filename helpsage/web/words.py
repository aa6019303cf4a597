"""What the pages' Python code shows to people; the rest of the words stand in the templates."""

from __future__ import annotations

from helpsage.tickets.models import Change, Priority, Status

STATUSES = {
    Status.OPEN: "Open",
    Status.IN_PROGRESS: "In progress",
    Status.WAITING: "Waiting for the person",
    Status.ESCALATED: "Escalated",
    Status.RESOLVED: "Resolved",
    Status.CLOSED: "Closed",
}

ACTIVE = "To do"
ALL = "All"
#: Where there is little room.
SHORT_STATUSES = {"waiting": "Waiting"}

PRIORITIES = {
    Priority.URGENT: "Urgent",
    Priority.HIGH: "High",
    Priority.NORMAL: "Normal",
    Priority.LOW: "Low",
}

ACTORS = {"requester": "The requester", "agent": "An agent", "assistant": "The assistant", "system": "The desk"}

CHANNELS = {"web": "Website chat", "webchat": "Website chat", "cli": "Command line"}

ERRORS = {
    "400": (
        "That did not arrive whole",
        "Part of what your browser sent is missing or not valid. Please go back and try again.",
    ),
    "403": ("Not allowed", "Your account may not do this."),
    "csrf": (
        "Please send that again",
        "The page was open for so long that its safety check ran out. Go back, reload the page and send again.",
    ),
    "404": ("There is no such page", "The address may be mistyped, or what was here is gone."),
    "ticket": (
        "There is no such ticket",
        "The reference may be mistyped. Search the queue for it, or for words from it.",
    ),
    "405": ("That does not work here", "This address cannot be used that way."),
    "413": ("That is too much at once", "What your browser sent is larger than anything this desk takes."),
    "500": (
        "Something went wrong here",
        "It is not your fault, and it has been written down. Please try again; "
        "if it stays, tell the people who run this desk the number below.",
    ),
    "503": ("Not available right now", "Please try again in a moment."),
    "database": ("The desk cannot reach its database", "Nothing was changed. Please try again in a moment."),
}

WRONG_CREDENTIALS = "E-mail address and password do not belong together."
TOO_MANY_ATTEMPTS = "Too many attempts. Please wait a few minutes and try again."
NOT_STAFF = "This account is not for staff."

STALE = "This ticket changed while you were writing, so nothing was sent yet. Look at what is new, then send again."
ILLEGAL = "A ticket that is “{origin}” cannot become “{target}”."
UNKNOWN_CHOICE = "Choose one of the list."


def status(value: str) -> str:
    """How a status is written."""
    return next((title for known, title in STATUSES.items() if known == value), value)


def priority(value: str) -> str:
    """How a priority is written."""
    return next((title for known, title in PRIORITIES.items() if known == value), value)


def channel(value: str) -> str:
    """How a channel is written."""
    return CHANNELS.get(value, value)


def actor(kind: str, name: str) -> str:
    """Who did something: by name where there is one."""
    return name or ACTORS.get(kind, kind)


def change(line: Change) -> str:
    """One line of a ticket's log as a sentence, without who and when."""
    before, after = line.before or {}, line.after or {}
    match line.action:
        case "created":
            return "opened the ticket"
        case "replied":
            return "replied"
        case "commented":
            return "wrote"
        case "noted":
            return "added an internal note"
        case "status":
            return f"changed the status from {status(before['status'])} to {status(after['status'])}"
        case "priority":
            return f"changed the priority from {priority(before['priority'])} to {priority(after['priority'])}"
        case "assigned":
            return "took it over" if after.get("assignee") else "gave it back to the queue"
        case "rated":
            return f"rated the help {after.get('rating', '?')} of 5"
        case "escalated":
            return "escalated it"
        case other:
            return other.replace("_", " ")
