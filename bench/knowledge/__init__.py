"""How well articles are found, how sure one may be of them, and how long it takes."""

from __future__ import annotations
