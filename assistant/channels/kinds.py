"""Every kind of chat application that there is a connector for."""

from __future__ import annotations

from assistant.channels.connector import Connector
from assistant.channels.vendors.slack.connector import Slack
from assistant.channels.vendors.teams.connector import Teams
from assistant.channels.vendors.telegram.connector import Telegram

KINDS: dict[str, type[Connector]] = {each.kind: each for each in (Slack, Teams, Telegram)}
