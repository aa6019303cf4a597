"""What is said in the places of teams, and to one person alone there. Plain words, light Markdown."""

from __future__ import annotations

from typing import Final

SOMEBODY: Final = "Somebody"
DESK: Final = "The desk"
SOMEONE: Final = "a colleague"
#: Characters of a report, and of words in the thread, that are shown; the ticket has all of them.
LONGEST_REPORT: Final = 600
LONGEST_WORDS: Final = 3_000

#: Cards.
TAKE: Final = "Take it"
NEW: Final = "**New ticket** from **{name}**"
URGENT: Final = "**Urgent ticket** from **{name}**"
ALERTED: Final = "**To the front of the queue{why}:** a ticket from **{name}**"
ESCALATED: Final = "**A senior is asked for:** a ticket from **{name}**"
LATE: Final = "**Late:** a ticket from **{name}**"
MOVED_HERE: Final = "**Passed on to this team:** a ticket from **{name}**"
SOUNDS: Final = "sounds {tone}"
OPEN: Final = "[Open {reference}]({link})"
WHY: Final = ", {why}"
HAS_IT: Final = "{name} has it"
FINISHED: Final = "{status}"
FINISHED_BY: Final = "{status}, {name} had it"
MERGED: Final = "Goes on in {reference}"
ELSEWHERE: Final = "Passed on to another team"

#: The thread under a ticket's card.
WROTE: Final = "**{name}** wrote:\n\n{text}"
ANSWERED: Final = "**{name}** answered {requester}:\n\n{text}"
SENT: Final = "→ Sent to {requester} as **{name}**'s answer."
SENT_WITH: Final = "→ Sent to {requester} as **{name}**'s answer, with {files}."
#: Under words that came with files.
WITH: Final = "(with {files})"
NOTED: Final = "**{name}** noted, among staff:\n\n{text}"
SET: Final = "**{name}** set it to “{status}”.{reason}"
SET_BY_ITSELF: Final = "It is “{status}” now.{reason}"
REASON: Final = " Reason: {reason}"
TOOK: Final = "**{name}** has it."
GAVE: Final = "**{name}** gave it to **{to}**."
GIVEN: Final = "It was given to **{to}**."
GAVE_BACK: Final = "Nobody has it any more: it is back in the queue."
PRIORITY: Final = "Its priority is “{priority}” now."
DUE_SOON: Final = "It is due soon."
IS_LATE: Final = "It is late."
WENT: Final = "It went to {team}. Nothing more is told here."
WENT_NOWHERE: Final = "another team"
WENT_TEAM: Final = "the team **{team}**"
MERGED_LINE: Final = "It goes on in {reference}."
REST: Final = "… (the whole of it is on the ticket)"

#: Cards and threads of chats.
WAITS: Final = "**{name} would like to talk with a person now.**"
WAITS_ANGRY: Final = "**{name} would like to talk with a person now** and sounds angry."
WAITS_SINCE: Final = "Waiting since {at:%H:%M} UTC. [Open the chat]({link})"
WAITS_AGAIN: Final = "**Waits again:** nobody talks with {name} any more."
TALKS_HERE: Final = (
    "**{agent}** talks with {name} from here now: what {agent} writes in this thread goes to {name}. "
    "What begins with `!note`, and what anybody else writes, stays here. "
    "`!end` gives {name} back to the assistant (words after it are read by {name}), `!ticket` makes a ticket."
)
TALKS: Final = "**{agent}** talks with {name} in the console."
SAID: Final = "**{name}:** {text}"
FOR_COLLEAGUE: Final = "It was passed on to **{to}**."
OVER: Final = {
    "returned": "The chat is over: {name} is with the assistant again.{summary}",
    "ticket": "The chat is over: nobody could answer in time. It is a ticket now.",
    "left": "{name} does not want to wait any longer.",
    "silent": "The chat is over: {name} said nothing more.",
}
GOES_ON_HERE: Final = " It goes on here as **{reference}**: plain words are notes again, `!reply` answers."
GOES_ON_ELSEWHERE: Final = " It goes on as **{reference}**, which is another team's."
SUMMARY: Final = " In short: {summary}"
OVER_CARD: Final = {
    "returned": "Over, {agent} had it",
    "ticket": "Became {reference}",
    "left": "Did not want to wait",
    "silent": "Over, {agent} had it",
}
BECAME: Final = "This is **{reference}** now."
VISITOR: Final = "A visitor"
THIS_CHAT: Final = "this chat"

#: To one person alone.
STRANGER: Final = (
    "I do not know yet who you are at the desk, so nothing was done. Write to me directly: "
    "`link me to` and the address of your account. I mail a code there; type it, and press again."
)
STRANGER_WORDS: Final = (
    "I do not know yet who you are at the desk: what you write in this thread stays here and is not on the ticket. "
    "Write to me directly: `link me to` and the address of your account."
)
SECOND_FACTOR: Final = (
    "The desk asks its staff for a second factor, and this workspace is not marked as its own. "
    "Please use the console: {link}"
)
NOT_YOURS: Final = "Your account may not do that with {what}."
YOURS: Final = "{what} is yours. Plain words in this thread are notes; `!reply` and words go to {name}."
YOURS_TO_TALK: Final = "You talk with {name} now: what you write in this thread goes to them."
TAKEN: Final = "{name} was faster."
CHAT_OVER: Final = "This chat is over. Nothing was sent."
TOO_MANY: Final = "You have as many chats as you may at a time ({most})."
FINISHED_ALREADY: Final = "{reference} is {status}. Nothing was done."
GOES_ON: Final = "{reference} was merged into another ticket. Nothing was done."
NOT_POSSIBLE: Final = "That is not possible: {why}"
NOT_YOURS_TO_RELEASE: Final = "{reference} is not yours."
NO_WORDS: Final = "Write the words behind it: `!{command} …`. Nothing was sent."
UNKNOWN: Final = "I do not know `!{command}`. Nothing was sent and nothing kept. {help}"
HELP_TICKET: Final = (
    "Plain words are notes among staff. `!reply …` answers the requester, `!take` and `!release`, "
    "`!resolve` (a reason behind it stays among staff), `!status`."
)
HELP_CHAT: Final = (
    "Who took the chat here talks in this thread. `!take`, `!note …` stays here, `!end …` gives back, `!ticket`."
)
STATUS: Final = "{reference}: {status}, priority {priority}, {who}."
NOBODY_HAS_IT: Final = "nobody has it"
NOT_FROM_HERE: Final = "You talk with {name} in the console, so this stayed here. `!take` goes on from this thread."
NOT_TAKEN: Final = "Nobody talks with {name} from here, so this stayed here. `!take` does."
EDITED_REPLY: Final = "{name} has read it as it was. Send what is to be corrected with `!reply`."
EDITED_NO_REPLY: Final = "A message that is changed into an answer is not sent. Send a new one."
EDITED_SAID: Final = "{name} has read it as it was."
DELETED: Final = "What was kept of it stays: {where}"
DELETED_NOTE: Final = "it is a note on {reference}."
DELETED_REPLY: Final = "{name} has read it."
EDITED_NOTE: Final = "(changed in the thread; it reads now:) {text}"
FILES: Final = "There is nothing in it that I can put on the ticket, so it stays in this thread."
FILE_GONE: Final = "“{name}” could not be fetched and stays in this thread."
FILE_AWAY: Final = "“{name}” cannot be fetched just now and stays in this thread. Send it once more to put it there."
NO_FILE: Final = "Nothing was kept. {why}"

#: Connecting.
CONNECTED: Final = (
    "This is **{name}** now. From here on I tell it of {told}. So that I know who you are, each of you writes to me "
    "directly, once: `link me to` and the address of your account."
)
TOLD_ALL: Final = "new tickets of {whose}"
TOLD_URGENT: Final = "urgent tickets of {whose}"
TOLD_CHATS: Final = "chats that wait for a person"
TOLD_AND: Final = " and "
CONNECTED_BY: Final = "Connected."
BAD_CODE: Final = "That code is not (or no longer) one of mine. Make a new one under Settings, Alerts."
ALREADY: Final = "This place is “{name}” already. Remove that first, under Settings, Alerts."
NO_THREADS: Final = "Nothing can be answered one by one here. Connect me in a channel instead."

#: On settings pages.
NAME_MISSING: Final = "1 to 80 characters."
CHOOSE: Final = "Choose one of the list."
NOTHING_TOLD: Final = "Choose tickets, chats, or both."
TAKEN_MEANWHILE: Final = "Its channel is another place by now."
