"""What the portal's code shows to people; the rest of the words stand in its templates."""

from __future__ import annotations

from helpsage.people.preferences import Channel, Event
from helpsage.tickets.models import Status

#: What a requester reads where staff read `helpsage.web.words.STATUSES`.
STATUSES = {
    Status.OPEN: "Received",
    Status.IN_PROGRESS: "In progress",
    Status.WAITING: "Waiting for you",
    Status.ESCALATED: "With a senior colleague",
    Status.RESOLVED: "Solved",
    Status.CLOSED: "Closed",
}

#: Where a ticket stands, in a sentence.
STANDING = {
    Status.OPEN: "We have your ticket, and someone will look at it. You do not have to do anything now.",
    Status.IN_PROGRESS: "Someone is working on it.",
    Status.WAITING: "We asked you something, and will go on as soon as you answer.",
    Status.ESCALATED: "It is with a senior colleague.",
    Status.RESOLVED: "We think that it is solved. Is it?",
    Status.CLOSED: "This ticket is closed.",
}

STEPS = ("Received", "Being worked on", "Solved", "Closed")

#: Lines of the log that a requester sees, without who wrote what for what reason.
MOVED = {
    Status.OPEN: "It is open again",
    Status.IN_PROGRESS: "Someone is working on it",
    Status.WAITING: "Waiting for your answer",
    Status.ESCALATED: "Handed to a senior colleague",
    Status.RESOLVED: "Marked as solved",
    Status.CLOSED: "Closed",
}

GROUPS = {"all": "All", "active": "Not finished", "finished": "Finished"}

YOU = "You"

#: On the first page after an account was made.
WELCOME = "Your address is confirmed, and your account is made. Welcome!"
ONLY_FILES = "(Files, without words.)"

NO_SUBJECT = "Say in a few words what it is about."
LONG_SUBJECT = "At most {limit} characters, please; these are {length}."
NO_CATEGORY = "Choose what it is about."
NO_CHOICE = "Choose one from the list."
NO_ANSWER = "Please fill this in, or tick that you do not have it."
LONG_ANSWER = "At most {limit:,} characters, please; these are {length:,}."
NO_AMOUNT = "Write a number such as 450 or 1,200.50."
NO_CURRENCY = "Choose one of the currencies."
NO_DAY = "Write a day such as 2026-03-31."
FUTURE_DAY = "That day is still to come."
NO_EMAIL = "Write an e-mail address like name@example.org."
NO_TRANSACTION = "A transaction id has 5 to 40 letters and digits, such as TXN20394857."

NO_FILTER_DAY = "This is not a day. Write it as 2026-03-31."
DAYS_TURNED = "The first day is after the last one."

STALE = "Something happened on this ticket meanwhile, so nothing was changed yet. Look at what is new, then decide."
MERGED = "This ticket goes on as {reference}."
TOO_LONG_CLOSED = "It was closed too long ago to be opened again. Please open a new ticket; it can mention this one."
NOT_POSSIBLE = "That cannot be done with this ticket as it stands now."
NO_RATING = "Choose one to five."
RATED_ALREADY = "You have rated this ticket already. Thank you!"

NO_NAME = "Please tell us what to call you."
LONG_NAME = "At most {limit} characters, please."
SAVED = "Saved."

WRONG_ADDRESS = "This is not the e-mail address of your account."
WRONG_PASSWORD = "This is not your password."  # noqa: S105 words about one
LOG_IN_AGAIN = "Please log out and in again first, so that we can be sure it is you."
TOO_MANY_ATTEMPTS = "Too many attempts. Please wait a few minutes."
STAFF_STAYS = "You answer tickets here. Ask an administrator to end your account first."

EVENTS = {
    Event.RECEIVED: ("My ticket is received", "Its number, as a receipt."),
    Event.REPLIED: ("Someone answers", "The words of the answer. In the chat it always arrives."),
    Event.PROGRESS: ("It moves on", "Someone works on it, waits for me, or asks a senior."),
    Event.FINISHED: ("It is solved, closed or open again", ""),
    Event.WROTE: ("Somebody writes on a ticket of mine", "One that I work on."),
    Event.FOLLOWED: ("Something happens on a ticket that I follow", ""),
    Event.ASSIGNED: ("A ticket is given to me", ""),
    Event.ALERTED: ("It cannot wait", "Escalated, too late, to the front of the queue: at any hour. Due soon."),
    Event.TEAM: ("A new ticket is in my team's queue", ""),
    Event.WAITING: ("Somebody waits in the chat", "Nobody has taken it for a while. Not in quiet hours."),
}
CHANNELS = {Channel.EMAIL: "E-mail", Channel.CHAT: "Chat", Channel.TARGET: "My places"}
RHYTHMS = {
    "at_once": "At once",
    "hourly": "Once an hour, together",
    "daily": "Once a day, together",
}
NO_ZONE = "Choose one from the list."
NO_TIME = "Write a time such as 22:00."
HALF_QUIET = "Two different times, please, or none."

#: ISO 4217; the ones that people here pay in first.
CURRENCIES = (
    *("EUR", "USD", "GBP", "INR"),
    *("AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "HUF", "IDR", "ILS", "JPY", "KES", "KRW", "LKR", "MXN"),
    *("MYR", "NGN", "NOK", "NPR", "NZD", "PHP", "PKR", "PLN", "RON", "SAR", "SEK", "SGD", "THB", "TRY", "UAH", "ZAR"),
)


def status(value: str) -> str:
    """How a requester reads a status."""
    return STATUSES[Status(value)]
