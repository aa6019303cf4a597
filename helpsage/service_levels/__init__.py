"""By when a ticket is to be answered and resolved, counted in working time, and what happens when it is not."""

from __future__ import annotations
