"""What people are told about files that cannot be attached."""

from __future__ import annotations

EMPTY = "“{name}” is empty."
TOO_LARGE = "“{name}” is larger than {limit} MB."
TOO_MANY = "“{name}” is one file too many: at most {limit} at once."
TICKET_FULL = "“{name}” does not fit: the files of one ticket have at most {limit} MB together."
NOT_ALLOWED = (
    "Files like “{name}” cannot be attached. Pictures, PDF, text, Office and OpenDocument files, sound, video and "
    "archives can."
)
NOT_WHAT_IT_SAYS = "“{name}” does not hold what its ending says. Save it anew in that format, or correct the ending."
DAMAGED = "“{name}” cannot be opened as a picture; it seems to be damaged."
TOO_MANY_PIXELS = "“{name}” has more than {limit} million pixels. Please make the picture smaller."
GONE = "“{name}” waited for too long. Please choose it again."
NOT_KEPT = "“{name}” could not be saved just now. Please try again in a moment."
