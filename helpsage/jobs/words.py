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
SOLVED = "Yes, solved"
NOT_SOLVED = "Not yet"
RATE = "How was the help you got? 1 is bad, 5 is very good."

#: Characters of a subject that are shown within a sentence.
SHOWN_SUBJECT = 80

#: The same by e-mail.
BY_MAIL = {
    Status.OPEN: "It is open again, and someone will look at it anew.",
    Status.IN_PROGRESS: "Someone is working on it.",
    Status.WAITING: "We wait for your answer.",
    Status.ESCALATED: "It is now with a senior colleague.",
    Status.RESOLVED: "We think that it is solved. If it is not, open it again there with one click.",
    Status.CLOSED: "It is closed. If you like, tell us there how it went.",
}

#: To a colleague who follows a ticket, by what was written.
FOLLOWED = {"public": "{who} wrote:", "internal": "{who} noted, among staff:"}
FOLLOWED_STATUS = "{who} set it to “{to}”."
SOMEBODY = "Somebody"
CALLED = {
    Status.OPEN: "open",
    Status.IN_PROGRESS: "in progress",
    Status.WAITING: "waiting for the person",
    Status.ESCALATED: "escalated",
    Status.RESOLVED: "resolved",
    Status.CLOSED: "closed",
}
