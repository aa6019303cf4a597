"""Who works which ticket: presence, capacity, skills, and a desk that gives tickets out by itself."""

from __future__ import annotations
