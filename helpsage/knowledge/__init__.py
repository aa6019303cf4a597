"""What the desk knows in writing, found by meaning."""

from __future__ import annotations
