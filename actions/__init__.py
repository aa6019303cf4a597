"""The action server: what the assistant does beside talking. One module a kind of conversation."""

from __future__ import annotations
