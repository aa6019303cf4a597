"""What trainers need: whether the data is whole, and what to make of it."""

from __future__ import annotations
