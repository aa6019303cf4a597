"""What people read in the chat about a human in it. What the assistant itself says of it stands in `domain.yml`."""

from __future__ import annotations

from datetime import timedelta

#: To the person.
JOINED = "**{name}** is here now and reads what you wrote. You are talking with a person."
STARTED = "**{name}** from {desk} would like to talk with you here. You are talking with a person now."
STARTED_ABOUT = (
    "**{name}** from {desk} would like to talk with you here about **{reference}** ({subject}). "
    "You are talking with a person now."
)
PLACE = "You are number {place} in the queue.{wait}"
NEXT = "You are next.{wait}"
WAIT_SHORT = " It should take less than a minute."
WAIT = " It should take about {minutes} minutes."
WAIT_ONE = " It should take about a minute."
WAIT_LONG = " It may take more than an hour."
TRANSFERRED = "**{name}** is passing you on to {to}, who sees everything that was said here. {place}"
OFFERED_AGAIN = "**{name}** does not seem to be at the desk any more, sorry. I am looking for somebody else. {place}"
RETURNED = "**{name}** has left this chat. I am the assistant again: just write when there is anything else."
RETURNED_WITH = (
    "**{name}** has left this chat. In short: {summary}\n\n"
    "I am the assistant again: just write when there is anything else."
)
LEFT = "All right, I have taken you out of the queue. Just write when there is anything else."
STILL_THERE = "Are you still there? **{name}** is waiting for a word from you."
SILENT = (
    "I have not heard from you for a while, so this chat with **{name}** is over. What was said is kept. "
    "Just write when you are back."
)
FILED = (
    "{why} So that nothing is lost, your words are ticket **{reference}** now. A person will answer you here{mail}; "
    "you can also ask me about it any time."
)
FILED_BEFORE = "{why} Nothing is lost: it goes on in your ticket **{reference}**, where a person will answer you."
AND_BY_MAIL = " and by e-mail"
MADE = "This is ticket **{reference}** now, so that it is not forgotten."

#: Why a chat became a ticket.
CLOSED = "Our people have finished for today, and nobody could answer in time."
CLOSED_UNTIL = "Our people have finished for now, and nobody could answer in time. They are back {opens}."
NOBODY = "There is nobody left in this chat who could answer now, sorry."
TOO_LONG = "Nobody has become free for {minutes} minutes, sorry."
ON_REQUEST = "You need not wait here."

COLLEAGUE = "a colleague"
TEAM = "the team {team}"
STOP = "Stop waiting"
TICKET_INSTEAD = "Make it a ticket"
#: Typed while waiting, these mean the same as the button.
NO_LONGER = frozenset(
    {
        "cancel",
        "stop",
        "stop waiting",
        "never mind",
        "nevermind",
        "forget it",
        "no longer needed",
        "not needed anymore",
        "not needed any more",
        "solved",
        "it works now",
    }
)

#: On tickets.
SUBJECT = "Would like to speak to a person"
NOTE_HEAD = "Chat with {names}, {begin:%-d %b %H:%M} to {end:%H:%M} UTC."
NOTE_SUMMARY = "In short: {summary}"
NOTE_FILES = "(sent {names})"
PERSON, ASSISTANT, AGENT = "Requester", "Assistant", "Agent"

#: To an agent.
CHAT_FULL = "“{name}” does not fit: the files of one chat have at most {limit} MB together."

#: In the log.
NO_ANSWER = "no answer for {minutes} minutes"
WENT_AWAY = "away from the desk"


def wait(expected: timedelta | None) -> str:
    """How long it should take, as a sentence; nothing when nobody knows."""
    if expected is None:
        return ""
    minutes = -(-int(expected.total_seconds()) // 60)
    if minutes > 60:
        return WAIT_LONG
    if expected < timedelta(seconds=45):
        return WAIT_SHORT
    return WAIT_ONE if minutes == 1 else WAIT.format(minutes=minutes)


def place(number: int, expected: timedelta | None) -> str:
    """Where somebody stands in the queue, and for how long."""
    return (NEXT if number == 1 else PLACE).format(place=number, wait=wait(expected))
