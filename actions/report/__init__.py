"""Writing a ticket with the person: what is open, what was answered, what is sent in the end."""

from __future__ import annotations
