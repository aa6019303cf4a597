"""Microsoft Teams, over the Bot Framework's connector: tokens, activities, cards, calls."""

from __future__ import annotations
