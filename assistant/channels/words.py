"""What the chat itself says: refusals, apologies, notices. The dialogue's own words are in domain.yml."""

from __future__ import annotations

from typing import Final

EMPTY: Final = "I got an empty message. Please write a few words."
TOO_LONG: Final = (
    "That is longer than I can read at once ({length:,} characters; the limit is {limit:,}). "
    "Please send the most important part."
)
TOO_FAST: Final = "I am still answering your earlier messages. Please wait a moment and send this one again."
PAYLOAD: Final = "That button is no longer valid. Please choose again or write what you need."
INVALID: Final = "I could not read that message. Please try again."
UNAVAILABLE: Final = "I cannot save anything right now. Your words are not lost: they are sent again as soon as I can."
RESTORED: Final = "I am back. Thank you for waiting."
NOT_FINISHED: Final = "Sorry, I could not finish that. Please try again in a moment."
NO_ANSWER: Final = "Sorry, I have no answer to that. Could you say it in other words, or ask for a person?"
REFUSED: Final = "A request was refused: {reason}"
#: Of files that agents sent.
FILE_LINKED: Final = "{name} ({size}): [open it on our pages]({link})"
FILE_TOO_LARGE: Final = "{name} ({size}) is too large to be sent here: [open it on our pages]({link})"
FILE_NOT_TAKEN: Final = "{name} ({size}) could not be sent here: [open it on our pages]({link})"
FILE_GONE: Final = "{name} was sent to you, but we do not have it any more. Please ask for it on [your ticket]({link})."
FILE_DECLINED: Final = "You did not take {name} ({size}). If you want it after all: [open it on our pages]({link})"
BYTES: Final = "{count} bytes"
KILOBYTES: Final = "{count:.0f} kB"
MEGABYTES: Final = "{count:.1f} MB"
