"""A human in the same chat: who asks for one, waits, is answered, and what becomes of it."""

from __future__ import annotations
