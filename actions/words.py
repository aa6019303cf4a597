"""Titles of buttons and names of states that are put together at run time. Sentences stand in `domain.yml`."""

from __future__ import annotations

from collections.abc import Mapping

from helpsage.tickets.models import Status

STATUS: Mapping[str, str] = {
    Status.OPEN: "Open",
    Status.IN_PROGRESS: "In progress",
    Status.WAITING: "Waiting for you",
    Status.ESCALATED: "Escalated",
    Status.RESOLVED: "Solved",
    Status.CLOSED: "Closed",
}

#: What someone may have meant, as a button after two messages we did not understand.
INTENTS: Mapping[str, str] = {
    "report_problem": "Report a problem",
    "ticket_status": "Status of my ticket",
    "list_tickets": "All my tickets",
    "add_comment": "Add to my ticket",
    "close_ticket": "Close my ticket",
    "reopen_ticket": "Reopen my ticket",
    "escalate_ticket": "Speed up my ticket",
    "give_rating": "Rate the help",
    "talk_to_person": "Talk to a person",
    "help": "What can you do?",
}

NONE_OF_THESE = "None of these"
SKIP = "Skip"
CANCEL = "Cancel"
NOTHING_TO_CHANGE = "Nothing, it is fine"
TOPIC = "Topic"
DESCRIPTION = "What is wrong"
EMAIL = "E-mail"
NOT_KNOWN = "not known"
#: Last line of a ticket that is opened because an older one cannot be reopened.
AGAIN = "(It is back: see {reference}.)"
#: Below an answer that was put together from articles.
SOURCE = "[{number}] [{title}]({link})"
#: On a ticket: what was read before it.
TRIED = "Tried:"
TRIED_ARTICLE = "- {title} ({link})"
TRIED_ANSWER = "- {title}"
PERSON_WANTED = "Would like to speak to a person"

#: Abbreviations that an FAQ entry's key carries in small letters.
SPELLING: Mapping[str, str] = {
    "wifi": "Wi-Fi",
    "vpn": "VPN",
    "id": "ID",
    "it": "IT",
    "av": "AV",
    "ejournals": "e-journals",
}


def faq_title(key: str) -> str:
    """A button's title for an FAQ entry: `connect_wifi` becomes "Connect Wi-Fi"."""
    words = [SPELLING.get(word, word) for word in key.split("_")]
    title = " ".join(words)
    return title[:1].upper() + title[1:]


def shortened(text: str, limit: int = 60) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
