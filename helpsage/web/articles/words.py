"""What the articles' pages say to those who write."""

from __future__ import annotations

from collections.abc import Mapping

from helpsage.knowledge.importing import Outcome
from helpsage.knowledge.models import Audience, Deed, State

STATES: Mapping[str, str] = {
    State.DRAFT: "Draft",
    State.IN_REVIEW: "In review",
    State.PUBLISHED: "Published",
    State.ARCHIVED: "Archived",
}
AUDIENCES: Mapping[str, str] = {
    Audience.PUBLIC: "Everybody",
    Audience.STAFF: "Staff only",
    Audience.BRAND: "Readers of one department",
}
#: What somebody did, as their line of the history says it.
DEEDS: Mapping[str, str] = {
    Deed.CREATED: "began the article",
    Deed.EDITED: "wrote a new version",
    Deed.SUBMITTED: "asked for review",
    Deed.SENT_BACK: "sent it back",
    Deed.PUBLISHED: "published it",
    Deed.UNPUBLISHED: "took it from its readers",
    Deed.ARCHIVED: "put it away",
    Deed.RESTORED: "went back to an older version",
    Deed.IMPORTED: "imported it",
    Deed.FILE_ADDED: "attached a file",
    Deed.FILE_REMOVED: "removed a file",
}
#: What a page says after something was done.
TOLD: Mapping[str, str] = {
    "created": "Saved as a draft. Only colleagues see it until it is published.",
    "saved": "Saved.",
    "submit": "It waits for review now.",
    "send-back": "It is a draft again.",
    "publish": "Published: readers have it now. The chat finds it in a moment.",
    "unpublish": "Taken from its readers. It is a draft again.",
    "archive": "Put away. Write on, or go back to a version, to take it out again.",
    "restored": "The older version is the newest draft now.",
    "attached": "Attached.",
    "removed": "Removed.",
}
SUBMIT, SEND_BACK, PUBLISH = "Submit for review", "Send back to its writer", "Publish"
TAKE_BACK, UNPUBLISH, ARCHIVE = "Take back from review", "Take from readers", "Put away"

STALE_STEP = "Somebody changed this article just now, so nothing was done. Look at it once more, then try again."
ONLY_LEADS_FILES = "Readers see files at once: a lead or an administrator changes those of a published article."
NO_FILE = "Choose a file."

# Import
IMPORTED, NOTHING_IMPORTED = "Imported: {parts}.", "Nothing was imported."
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.NEW: "new",
    Outcome.CHANGED: "changed",
    Outcome.SAME: "as they were",
    Outcome.EDITED_HERE: "left as they are here",
    Outcome.BAD: "not read",
}
EDITED_HERE = "{name}: left as it is here, because somebody edited it since the last import, or it is not published"
NO_FILES = "Choose at least one file."
NO_MARKDOWN = "{name}: left out, because its name does not end in .md"
BAD_NAME = "{name}: left out; a file is called like its address, in small letters, digits and dashes: mailbox-full.md"
TWICE = "{name}: left out, because another file has the same name"
LARGE_FILE = "{name}: left out, because it is larger than 400 kB"
LARGE_IMPORT = "{name}: left out, because there is too much for one import; send the rest in a second one"
NO_TEXT = "{name}: left out, because it is no text"
BAD_ARCHIVE = "{name}: the rest of it was left out, because it is damaged, locked or no ZIP archive"
BAD_PATH = "{name}: left out, because its path leads out of the archive"
MANY_FILES = "An archive with more than {most} files was left out."

# An article of a ticket
FROM_TICKET = "From the answers on {reference}"
#: The subject of articles for each group of tickets, where the two are called differently.
OF_GROUPS: Mapping[str, str] = {"payments": "money", "other": "desk"}
