"""What notices say besides their templates, and how their pages call things."""

from __future__ import annotations

from helpsage.tickets.models import Priority, Status

#: To the requester, by where the ticket went.
STATUS = {
    Status.OPEN: "It is open again, and someone will look at it once more.",
    Status.IN_PROGRESS: "Someone is working on it.",
    Status.WAITING: "We are waiting for your answer.",
    Status.ESCALATED: "It is now with a senior colleague.",
    Status.RESOLVED: "We think it is solved. If it is not, you can open it again there with one click.",
    Status.CLOSED: "It is closed. If you like, tell us there how we did.",
}
CALLED = {
    Status.OPEN: "open",
    Status.IN_PROGRESS: "in progress",
    Status.WAITING: "waiting for the person",
    Status.ESCALATED: "escalated",
    Status.RESOLVED: "resolved",
    Status.CLOSED: "closed",
}
SOON = {Priority.URGENT: "urgent", Priority.HIGH: "high", Priority.NORMAL: "normal", Priority.LOW: "low"}
SOMEBODY = "Somebody"
SOMEONE = "someone"

#: To staff, by kind of event.
OPENED = "{who} opened it."
WROTE = "{who} wrote:"
NOTED = "{who} noted, among staff:"
SET = "{who} set it to “{to}”."
ASSIGNED = "{who} gave it to you."
ASSIGNED_BY_ITSELF = "It was given to you."
ESCALATED = "{who} asks for a senior."
ALERTED = "It was put to the front of the queue{why}."
DUE_SOON = "It is due soon{at}."
BREACHED = "It is late: it was due{at}."
AT = " {at:%-d %B, %H:%M} {zone}"
BECAUSE_OF = ": {why}"

WAITS = "{who} would like to talk with a person in the chat, and nobody has come for {seconds} seconds."
WAITS_TITLE = "Somebody waits in the chat"
TAKEN_MEANWHILE = "somebody has come meanwhile"

#: Why somebody is told.
BECAUSE = {
    "requester": "",
    "assignee": "it is yours",
    "follower": "you follow it",
    "team": "it is your team's",
    "lead": "you lead the department",
    "named": "",
    "chats": "you take chats",
}

#: In a digest.
ITEM = "{reference}, {subject}: {news}"
REPLIED_ITEM = "%(who)s answered."
RECEIVED_ITEM = "It is received."
FOOT = "What you are told of is yours to choose: %(choose)s"
STOP = "No more letters about tickets: %(stop)s"
BUTTON_FAILS = "If the button does nothing, copy this address: %(link)s"

#: Outside the desk's own pages.
TARGET_TITLE = "{reference}: {subject}"
TEST_TITLE = "A test from {desk}"
TEST_BODY = "If you can read this, notices arrive here."
LONGEST_OUTSIDE = 600

UNWANTED = "not wanted any more"
TOO_MANY = "too many letters to this address within an hour"
NO_ADDRESS = "no address to write to"
GONE = "the target was removed"
UNREADABLE = "its address was encrypted with another secret; enter it again"

#: Of templates: title, and when it is sent.
TEMPLATES = {
    "ticket_received": ("A ticket is received", "To whoever asked, with its number."),
    "ticket_replied": ("An agent answers", "To whoever asked, with the words of the answer."),
    "ticket_status": ("A ticket moves", "To whoever asked: being worked on, waiting, solved, open again."),
    "ticket_closed": ("A ticket is closed: how was it?", "To whoever asked, once a ticket and not again soon."),
    "staff_ticket": ("To staff", "What happened on a ticket that is theirs, that they follow, or that cannot wait."),
    "staff_chat": ("A chat waits", "To agents who take chats and want to hear of it."),
    "digest": ("Digest", "To whoever chose to hear of things once an hour or once a day."),
}
#: Those that are shipped in every language; staff's are in English.
TO_REQUESTERS = ("ticket_received", "ticket_replied", "ticket_status", "ticket_closed", "digest")
VARIABLES = {
    "person.name": "the name of whoever is told, when it is known",
    "desk": "the name of the desk, or of the department",
    "ticket.reference": "HS-1042",
    "ticket.subject": "the ticket's subject",
    "ticket.status": "where it stands",
    "ticket.priority": "how soon it matters",
    "link": "the way to the ticket; alone in its paragraph: a button",
    "who": "who wrote or did it",
    "news": "what happened, in a sentence",
    "words": "what was written; alone in its paragraph: a quotation",
    "because": "why they are told",
    "rate": "the way to say how it went; alone in its paragraph: five scores",
    "count": "how many things a digest tells",
    "items": "the list of a digest",
}
#: What a template cannot do without.
NEEDED = {"ticket_replied": ("words",), "ticket_closed": ("rate",), "digest": ("items",)}

NOT_READABLE = "Line {line}: {problem}"
NOT_POSSIBLE = "{what} is not possible here: values, if, and a few filters are."
NO_VARIABLE = "There is no value {name}."
MISSING = "It needs {{{{ {name} }}}}: without it the letter says nothing."
TOO_LONG = "At most {most:,} characters."
ONE_LINE = "1 to {most} characters on one line."
EMPTY = "Write something."
CHOOSE = "Choose one of the list."
CHOOSE_EVENTS = "Choose at least one thing that is told there."

#: In previews.
SAMPLE = {
    "person": {"name": "Asha Patel"},
    "ticket": {
        "reference": "HS-1042",
        "subject": "The printer on the second floor jams",
        "status": "in progress",
        "priority": "normal",
    },
    "who": "Priya Raman",
    "news": "Someone is working on it.",
    "words": "I replaced the roller.\nDoes it print again?",
    "because": "you follow it",
    "count": 2,
}
SAMPLE_ITEMS = (
    ("HS-1042, The printer on the second floor jams: Priya Raman answered.", "/my/tickets/HS-1042"),
    ("HS-1043, No Wi-Fi in the library: It is received.", "/my/tickets/HS-1043"),
)
