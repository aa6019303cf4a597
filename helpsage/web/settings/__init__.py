"""What administrators own: departments, teams, categories, replies, priorities, people, channels, and the history."""

from __future__ import annotations

from helpsage.web.settings import (
    categories,
    departments,
    history,
    overview,
    people,
    priorities,
    replies,
    teams,
)

routers = (
    overview.router,
    departments.router,
    teams.router,
    categories.router,
    replies.router,
    priorities.router,
    people.router,
    history.router,
)
