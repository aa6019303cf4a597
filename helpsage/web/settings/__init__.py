"""What administrators own: departments, teams, categories, replies, priorities, people, channels, and the history."""

from __future__ import annotations

from helpsage.web.settings import (
    agents,
    alerts,
    boards,
    categories,
    channels,
    departments,
    history,
    intake,
    notices,
    overview,
    people,
    priorities,
    reader,
    received,
    replies,
    routing,
    service_levels,
    teams,
    tokens,
    webhooks,
)

routers = (
    overview.router,
    departments.router,
    teams.router,
    categories.router,
    replies.router,
    priorities.router,
    service_levels.router,
    agents.router,
    routing.router,
    reader.router,
    people.router,
    notices.router,
    webhooks.router,
    boards.router,
    channels.router,
    alerts.router,
    tokens.router,
    intake.router,
    received.router,
    history.router,
)
