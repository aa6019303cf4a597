"""What a candidate that reads along costs those who talk with the assistant."""

from __future__ import annotations
