"""Ways in which people talk to the assistant."""

from __future__ import annotations
