"""What `python -m bench.chat` is made of."""

from __future__ import annotations
