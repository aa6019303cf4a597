"""People: who asks, who answers, how they prove it."""

from __future__ import annotations
