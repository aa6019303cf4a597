"""Teams told of tickets and waiting chats where they talk: in a Slack channel, a Teams channel, a Telegram group."""

from __future__ import annotations
