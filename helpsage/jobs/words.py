"""What the worker says in people's chats."""

from __future__ import annotations

from helpsage.tickets.models import Status

#: By the status that a ticket came to.
STATUS: dict[Status, str] = {
    Status.OPEN: "Your ticket **{reference}** ({subject}) is open again. We will look at it anew.",
    Status.IN_PROGRESS: "Someone is working on your ticket **{reference}** ({subject}) now.",
    Status.WAITING: "Your ticket **{reference}** ({subject}) is waiting for a word from you. Just write it here.",
    Status.ESCALATED: "Your ticket **{reference}** ({subject}) is now with a senior colleague.",
    Status.RESOLVED: "Your ticket **{reference}** ({subject}) is marked as solved. Did that settle it?",
    Status.CLOSED: "Your ticket **{reference}** ({subject}) is closed. If the problem comes back, just say so here.",
}
#: On cards of tickets in chats: the same words as in the dialogue (actions/words.py).
STATUS_LABELS: dict[str, str] = {
    Status.OPEN: "Open",
    Status.IN_PROGRESS: "In progress",
    Status.WAITING: "Waiting for you",
    Status.ESCALATED: "Escalated",
    Status.RESOLVED: "Solved",
    Status.CLOSED: "Closed",
}
FILED = "I have filed your ticket **{reference}**. You hear from us here."
FILES_ADDED = "I have put {names} on your ticket **{reference}**."
FILES_WAIT = "Thank you, I have seen {names}. Tell me what it is about; it goes on the ticket that we make of it."
FILE_GONE = "I could not fetch {name}. Please send it again."
SOLVED = "Yes, solved"
NOT_SOLVED = "Not yet"
RATE = "How was the help you got? 1 is bad, 5 is very good."

#: Characters of a subject that are shown within a sentence.
SHOWN_SUBJECT = 80
