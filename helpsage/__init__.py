"""The help desk: tickets, people, conversations and the programs that serve them."""

from __future__ import annotations

__version__ = "0.1.0"
