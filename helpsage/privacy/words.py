"""What stands where a person's words stood, and what their download says."""

from __future__ import annotations

REMOVED = "[Removed at the person's own wish]"
REMOVED_SUBJECT = "[Removed]"
REMOVED_NAME = "[name]"

README = """Your data at {desk}, {at:%Y-%m-%d %H:%M} UTC

profile.json             who you are to us, and what you want to be told of
tickets/HS-.../          each of your tickets: its facts, what was said on it, and its files
conversations/*.json     what was said in your chats

What staff noted among themselves is not in here. Times are UTC (ISO 8601). Files in this archive were sent by people:
open them with the same care as files from anywhere else.
"""
