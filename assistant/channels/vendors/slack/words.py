"""What people read in Slack besides the conversation."""

from __future__ import annotations

from typing import Final

FORM_TITLE: Final = "New ticket"
FORM_SEND: Final = "Send"
FORM_CANCEL: Final = "Cancel"
FORM_SUBJECT: Final = "What is it about?"
FORM_DESCRIPTION: Final = "What happened, and what did you expect?"
FORM_EMPTY: Final = "Please write a few words."
HOME_NEW: Final = "New ticket"
HOME_TICKETS: Final = "My tickets"
HOME_NONE: Final = "You have no tickets yet. Write to me under Messages, or press “New ticket”."
COMMAND_HELP: Final = (
    "Write `{command}` and what is wrong: I answer you in our direct messages. `{command} new` opens the ticket form."
)
#: Behind the name of the app, in an assistant's thread.
TYPING: Final = "is typing…"
COMMAND_TAKEN: Final = "I answer you in our direct messages: “{text}”"
