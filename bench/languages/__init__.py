"""How well the assistant understands people who do not write English, on messages that nothing was trained on."""

from __future__ import annotations
