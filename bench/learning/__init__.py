"""How much faster the assistant learns from the review's ranking than from examples picked at random."""

from __future__ import annotations
