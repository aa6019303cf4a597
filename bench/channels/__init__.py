"""What `python -m bench.channels` is made of."""

from __future__ import annotations
