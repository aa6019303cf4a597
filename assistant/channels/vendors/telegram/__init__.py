"""Telegram, over its Bot API: updates in, messages out, by webhook or by asking."""

from __future__ import annotations
