"""The agents' pages: the queue with its views, changes to many tickets, and a ticket with everything done to it."""

from __future__ import annotations

from fastapi import APIRouter

from helpsage.web.console import (
    away,
    bulk,
    chats,
    live,
    merging,
    queue,
    received,
    suggestions,
    taking,
    ticket,
    triage,
    views,
    working,
    writing,
)

routers: tuple[APIRouter, ...] = (
    queue.router,
    views.router,
    bulk.router,
    taking.router,
    away.router,
    chats.router,
    ticket.router,
    suggestions.router,
    writing.router,
    working.router,
    merging.router,
    triage.pages,
    received.router,
    live.router,
)
