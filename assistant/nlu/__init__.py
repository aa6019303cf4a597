"""How a message is understood: what it asks for (intent) and the facts it mentions (entities)."""

from __future__ import annotations
