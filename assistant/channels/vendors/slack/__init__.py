"""Slack: Events API, interactivity and slash commands in; Web API out.

Sources: https://docs.slack.dev/apis/events-api/, https://docs.slack.dev/interactivity/handling-user-interaction/,
https://docs.slack.dev/interactivity/implementing-slash-commands/, https://docs.slack.dev/apis/web-api/
"""

from __future__ import annotations
