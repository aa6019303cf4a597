"""Chat applications (Slack, Teams, Telegram): how they are set up, how they are, and what they brought."""

from __future__ import annotations
