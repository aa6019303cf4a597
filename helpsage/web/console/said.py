"""What the console's Python code says to agents; the rest of its words stand in the templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.departments.models import Department, Team
from helpsage.people.models import Account, Person
from helpsage.tickets.bulk import BulkChange
from helpsage.tickets.models import Change
from helpsage.tickets.placing import Colleague
from helpsage.tickets.queue import Sort
from helpsage.tickets.tags import LONGEST_TAG, MOST_TAGS
from helpsage.tickets.views import LONGEST_NAME, MOST_VIEWS
from helpsage.tickets.words import LONGEST_SUBJECT
from helpsage.web import words

#: Key, name and query of the views that everybody has.
BUILT_IN_VIEWS: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("todo", "To do", {}),
    ("mine", "Mine", {"who": "mine"}),
    ("nobody", "Nobody yet", {"who": "nobody"}),
    ("urgent", "Urgent", {"priority": "urgent"}),
    ("late", "Late", {"due": "late", "sort": "due"}),
    ("following", "Following", {"who": "following"}),
)

SORTS = {
    Sort.CHANGED: "Last changed first",
    Sort.LONGEST_UNCHANGED: "Longest unchanged first",
    Sort.NEWEST: "Newest first",
    Sort.OLDEST: "Oldest first",
    Sort.PRIORITY: "Most urgent first",
    Sort.DUE: "Due first",
    Sort.BEST: "Best match first",
}
DUE = {"late": "Late", "4": "Within 4 hours", "24": "Within a day"}

#: One line above the queue, by its name in the address.
NOTICES = {
    "no-next": "There is nothing to take: every open ticket has somebody.",
    "out-of-sight": "Done. The ticket is now with people whose tickets you do not see.",
    "view-removed": "The view is gone.",
}

RETURN_IS_PAST = "A return lies ahead. Leave it empty when you do not know yet."
NO_REASON = "Please say why: whoever takes it over starts with these words."
UNKNOWN_PLACE = "This team or colleague takes no tickets (any more). Choose another."
UNKNOWN_CATEGORY = "There is no such category (any more). Choose another."
MERGED = "This ticket goes on as {survivor}. Please work there."
NO_SUCH_TICKET = "There is no ticket {written}."
NOTHING_TO_INSERT = "Choose a reply to insert."

TAG_PROBLEMS = {
    "empty": "A tag has at least one letter.",
    "too_long": f"A tag has at most {LONGEST_TAG} characters.",
    "too_many": f"A ticket has at most {MOST_TAGS} tags.",
}
DETAIL_PROBLEMS = {
    "too_long": "This is too long.",
    "no_date": "Please give a date like 2026-03-31.",
    "no_choice": "Choose one of the list.",
}
MERGE_PROBLEMS = {
    "itself": "A ticket cannot go on as itself.",
    "merged_already": "This ticket goes on as another one already.",
    "other_person": "The two were asked for by different people. Neither will read the answers on the other's ticket. "
    "If that is right, tick the box and merge again.",
    "not_merged": "This merge was undone already.",
    "not_split": "This ticket was not split off.",
    "nothing_chosen": "Choose at least one message that belongs to the other problem.",
    "foreign_entry": "One of these messages is no longer on this ticket. Look again and choose anew.",
    "no_subject": f"The new ticket needs a subject of at most {LONGEST_SUBJECT} characters.",
}
VIEW_PROBLEMS = {
    "no_name": "A view needs a name.",
    "long_name": f"A name has at most {LONGEST_NAME} characters.",
    "taken": "You have a view of this name already. Choose another name, or remove that one first.",
    "too_many": f"You have {MOST_VIEWS} views. Remove one first.",
    "not_shared": "Only leads and administrators can share a view with everybody.",
}
BULK_PROBLEMS = {
    "nothing_chosen": "Choose at least one ticket.",
    "too_many": "These are too many at once.",
    "unknown_value": "Choose what to do with them.",
    "too_late": "That was too long ago to be undone.",
}
#: Why one of many was left as it is.
LEFT_PROBLEMS = {
    "not_found": "is not there (any more)",
    "forbidden": "may not be changed by you",
    "changed": "has changed meanwhile",
    "illegal": "cannot go there from where it stands",
    "merged": "goes on as another ticket",
    "too_many": "has too many tags",
}
BULK_DONE = {
    "status": "{count} set to “{to}”.",
    "priority": "{count} set to “{to}”.",
    "assignee": "{count} given to {to}.",
    "team": "{count} handed to {to}.",
    "tag": "{count} tagged “{to}”.",
    "untag": "{count} without the tag “{to}” now.",
}
VISITOR = "Visitor"
ASSISTANT = "Assistant"
CHAT_REASONS = {
    "asked": "asked for a person",
    "failed": "was not understood",
    "angry": "is upset",
    "started": "an agent began it",
}
CHAT_OUTCOMES = {
    "returned": "It was given back to the assistant.",
    "ticket": "It became a ticket.",
    "left": "They did not want to wait any longer.",
    "silent": "They said nothing more.",
}
CHAT_NOTICES = {
    "nobody": "Nobody is waiting any more.",
    "too-many": "You have {most} chats already. End one first.",
    "taken": "A colleague talks with them already.",
    "no-chat": "This ticket did not begin in a chat.",
}
CHAT_TAKEN = "{name} was faster and talks with them now."
CHAT_OVER = "This chat is over, or is not where it was a moment ago. Nothing was sent."
CHAT_NOT_YOURS = "You do not have this chat (any more). Nothing was sent, and what you typed is still here."
CHATS_FULL = "You have {most} chats already. End one first."
NOBODY_THERE = "Nobody there could take it now. Choose somebody else."
#: Why a remote reader was not used.
FELL_BACK = {
    "slow": "The model endpoint was too slow, so the desk's own reader read it.",
    "unreachable": "The model endpoint could not be reached, so the desk's own reader read it.",
    "refused": "The model endpoint refused, so the desk's own reader read it.",
    "wrong": "The model endpoint gave no usable answer, so the desk's own reader read it.",
    "budget": "The day's requests to the model endpoint are used up, so the desk's own reader read it.",
    "resting": "The model endpoint failed several times and is left alone for a minute; the desk's own reader read it.",
}
HELD = {
    "finished": "It was finished already, so nothing was changed.",
    "somebody works on it": "Somebody worked on it already, so nothing was changed.",
}
TAGS = {"topic": "Topic", "urgency": "Urgency", "tone": "Tone", "language": "Language"}
URGENCIES = {"low": "Low", "medium": "Medium", "high": "High"}
TONES = {"calm": "Calm", "confused": "Confused", "angry": "Angry"}
LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "pl": "Polish",
    "tr": "Turkish",
    "hi": "Hindi",
    "ar": "Arabic",
    "ru": "Russian",
    "zh": "Chinese",
    "ja": "Japanese",
    "ko": "Korean",
}


def foreign(code: str) -> str:
    """The name of a language that is not the desk's own, English; empty for that."""
    return "" if code == "en" else LANGUAGES.get(code, code)


UNSURE = "unsure"
BULK_UNDONE = "Undone: {count} as before."
UNDONE = "undone"
NOBODY = "nobody"
#: Instead of a name that nobody gave.
SOMEONE = "there"
NO_TEAM = "no team"


def channels() -> dict[str, str]:
    """Ways in that tickets come by, with their names."""
    # `web` is what the website chat was called once.
    return {channel: title for channel, title in words.CHANNELS.items() if channel != "web"}


def sorts(searching: bool) -> dict[str, str]:
    """What the queue can be sorted by."""
    return {sort.value: title for sort, title in SORTS.items() if searching or sort is not Sort.BEST}


def names_of(session: Session, account_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Names of colleagues, by account."""
    wanted = {account_id for account_id in account_ids if account_id is not None}
    if not wanted:
        return {}
    asked = select(Account.id, Person.name, Account.email).join(Person, Person.id == Account.person_id)
    return {row[0]: row[1] or row[2] for row in session.execute(asked.where(Account.id.in_(wanted)))}


def names_beside(
    session: Session, colleagues: Iterable[Colleague], account_ids: Iterable[UUID | None]
) -> dict[UUID, str]:
    """The same, where those who work here are known already: only others, who did once, are asked for."""
    known = {each.account_id: each.name for each in colleagues}
    return {**known, **names_of(session, (each for each in account_ids if each not in known))}


def names_in(session: Session, changes: Iterable[Change]) -> dict[str, str]:
    """Names of the colleagues, teams and departments that stand in log lines as ids."""
    ids: set[UUID] = set()
    for change in changes:
        if change.action in ("assigned", "team"):
            for value in (*(change.before or {}).values(), *(change.after or {}).values()):
                if value:
                    ids.add(UUID(value))
    found: dict[str, str] = {str(each): name for each, name in names_of(session, ids).items()}
    for table in (Team, Department):
        left = [each for each in ids if str(each) not in found]
        if left:
            rows = session.execute(select(table.id, table.name).where(table.id.in_(left)))
            found.update({str(row[0]): row[1] for row in rows})
    return found


def outcome(session: Session, bulk: BulkChange) -> dict[str, Any]:
    """What to say of a change to many tickets."""
    left = [(row["reference"], LEFT_PROBLEMS.get(row["problem"], row["problem"])) for row in bulk.refused]
    count = tickets(len(bulk.done))
    if bulk.undone_at is not None:
        return {
            "id": bulk.id,
            "text": BULK_UNDONE.format(count=tickets(len(bulk.done) - len(left))),
            "left": left,
            "undo": False,
        }
    text = BULK_DONE[bulk.change["kind"]].format(count=count, to=_to(session, bulk.change))
    return {"id": bulk.id, "text": text, "left": left, "undo": bool(bulk.done)}


def tickets(number: int) -> str:
    """How many, in words."""
    return "1 ticket" if number == 1 else f"{number:,} tickets"


def _to(session: Session, change: Mapping[str, str]) -> str:
    match change["kind"]:
        case "status":
            return words.status(change["to"])
        case "priority":
            return words.priority(change["to"])
        case "assignee":
            return names_of(session, [UUID(change["to"])]).get(UUID(change["to"]), "") if change["to"] else NOBODY
        case "team":
            team = session.get(Team, UUID(change["to"])) if change["to"] else None
            return team.name if team is not None else NO_TEAM
        case _:
            return change["to"]
