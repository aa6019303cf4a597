"""Search in tickets: every word of a ticket, its thread and its requester, in any tense of typing."""

from __future__ import annotations
