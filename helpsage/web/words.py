"""What the pages' Python code shows to people; the rest of the words stand in the templates."""

from __future__ import annotations

from collections.abc import Mapping

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

CHANNELS = {
    "web": "Website chat",
    "webchat": "Website chat",
    "portal": "Form",
    "email": "E-mail",
    "cli": "Command line",
}

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
LOOK_AT_FIELDS = "Please look at the marked fields again."


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


def change(line: Change, names: Mapping[str, str] | None = None) -> str:
    """One line of a ticket's log as a sentence, without who and when.

    Parameters:
        names: of the accounts and teams that stand in it as ids.
    """
    before, after = line.before or {}, line.after or {}
    called = names or {}
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
            return _assigned(line.actor_name, after.get("assignee"), called)
        case "team":
            return f"handed it to {called.get(after.get('team') or '', 'no team')}"
        case "category":
            return f"changed the category from {before.get('category', '?')} to {after.get('category', '?')}"
        case "tags":
            return _tagged(before.get("tags", []), after.get("tags", []))
        case "details":
            return f"changed the details: {', '.join(name.replace('_', ' ') for name in after)}"
        case "rated":
            return f"rated the help {after.get('rating', '?')} of 5"
        case "escalated":
            return "escalated it"
        case "merged":
            return f"merged it into {after.get('into', '?')}"
        case "absorbed":
            return f"merged {after.get('merged', '?')} into it"
        case "unmerged":
            return f"took it out of {before.get('into', '?')} again"
        case "released":
            return f"took {before.get('merged', '?')} out of it again"
        case "split":
            return f"split {after.get('into', '?')} off"
        case "split_off":
            return f"split it off {after.get('from', '?')}"
        case other:
            return other.replace("_", " ")


def _assigned(actor: str, to: str | None, names: Mapping[str, str]) -> str:
    if not to:
        return "gave it back to the queue"
    return f"gave it to {names[to]}" if names.get(to, actor) != actor else "took it over"


def _tagged(before: list[str], after: list[str]) -> str:
    on, off = [tag for tag in after if tag not in before], [tag for tag in before if tag not in after]
    parts = [f"put on the tag {', '.join(on)}"] if on else []
    return " and ".join([*parts, f"took off the tag {', '.join(off)}"] if off else parts)
