"""The outbox: what happened, written with what changed, read by everything that follows."""

from __future__ import annotations
