"""What the pages' Python code shows to people; the rest of the words stand in the templates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

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

BREACHED = {
    "first_response": "noticed that the first answer is late",
    "resolution": "noticed that the resolution is late",
}

CLOCKS = {"first_response": "First answer", "resolution": "Resolution"}

CHANNELS = {
    "web": "Website chat",
    "webchat": "Website chat",
    "portal": "Form",
    "email": "E-mail",
    "form": "Web form",
    "slack": "Slack",
    "teams": "Microsoft Teams",
    "telegram": "Telegram",
    "chat": "Other chat tool",
    "api": "API",
    "cli": "Command line",
}

ERRORS = {
    "400": (
        "That did not arrive whole",
        "Part of what your browser sent is missing, or we cannot read it. Please go back and try again.",
    ),
    "401": ("Please log in", "You are not logged in any more. Log in, and you are back here."),
    "403": ("Not allowed", "Your account does not have this right. If you need it, ask an administrator of this desk."),
    "csrf": (
        "Please send that again",
        "The page was open for so long that its safety check ran out. Go back, reload the page and send again.",
    ),
    "404": ("There is no such page", "The address may be mistyped, or what was here is gone."),
    "ticket": (
        "There is no such ticket",
        "The number may be mistyped, or the ticket is not one of yours. Look for it in your list of tickets.",
    ),
    "405": ("That does not work here", "This address cannot be used that way."),
    "409": (
        "That does not fit any more",
        "What you wanted to change has changed meanwhile. Go back, reload the page and look again.",
    ),
    "410": ("That is gone", "What was here is not there any more."),
    "413": ("That is too much at once", "What your browser sent is larger than anything this desk takes."),
    "429": ("That was too often", "So many requests came from you that we paused. Please try again in a minute."),
    "500": (
        "Something went wrong here",
        "It is not your fault, and it has been written down. Please try again; "
        "if it stays, tell the people who run this desk the number below.",
    ),
    "503": ("Not available right now", "Please try again in a moment."),
    "busy": (
        "So many people are here just now",
        "Nothing was changed. Please try again in a few seconds.",
    ),
    "database": ("The desk cannot reach its database", "Nothing was changed. Please try again in a moment."),
}

WRONG_CREDENTIALS = "This e-mail address and password do not match."
TOO_MANY_ATTEMPTS = "Too many attempts. Please wait a few minutes and try again."
NOT_STAFF = "This account is not for staff."

STALE = "This ticket changed while you were writing, so nothing was sent yet. Look at what is new, then send again."
ILLEGAL = "A ticket that is “{origin}” cannot become “{target}”."
UNKNOWN_CHOICE = "Choose one from the list."
LOOK_AT_FIELDS = "Please look at the marked fields again."


def status(value: str) -> str:
    """How a status is written."""
    return next((title for known, title in STATUSES.items() if known == value), value)


def priority(value: str) -> str:
    """How a priority is written."""
    return next((title for known, title in PRIORITIES.items() if known == value), value)


#: From then on a due time is shown as one that is near.
SOON_MINUTES = 60


def due(minutes: int) -> str:
    """How long there is left, or how late it is; nothing for what is more than a day away."""
    late, minutes = minutes < 0, abs(minutes)
    if minutes >= 24 * 60:
        days = minutes // (24 * 60)
        return f"late by {days} {'day' if days == 1 else 'days'}" if late else ""
    span = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
    return f"late by {span}" if late else f"in {span}"


def span(time: timedelta) -> str:
    """A length of time, to the minute; one that is used up is none."""
    hours, minutes = divmod(max(0, int(time.total_seconds() // 60)), 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * (bool(minutes) or not hours)
    return " ".join(parts)


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
        case "breached":
            return BREACHED.get(after.get("clock", ""), "was late")
        case "merged":
            return f"merged it into {after.get('into', '?')}"
        case "absorbed":
            return f"merged {after.get('merged', '?')} into it"
        case "unmerged":
            return f"took it out of {before.get('into', '?')} again"
        case "released":
            return f"took {before.get('merged', '?')} out of it again"
        case "linked":
            return f"linked it with {after.get('with', '?')}"
        case "parted":
            return f"said that {after.get('with', '?')} is something else"
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
