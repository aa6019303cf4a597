"""Figures for leads and administrators: what came in, what became of it, how long it took, and what people thought."""

from __future__ import annotations

from helpsage.web.analytics import assistant, breakdown, export, overview, satisfaction, tickets

routers = (
    overview.router,
    breakdown.router,
    satisfaction.router,
    assistant.router,
    tickets.router,
    export.router,
)
