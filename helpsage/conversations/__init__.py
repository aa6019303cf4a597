"""Conversations: who owns one, what was said in it, and how words reach the person."""

from __future__ import annotations
