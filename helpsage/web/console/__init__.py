"""The agents' pages: the queue with its views, changes to many tickets, and a ticket with everything done to it."""

from __future__ import annotations

from fastapi import APIRouter

from helpsage.web.console import bulk, live, merging, queue, taking, ticket, views, working, writing

routers: tuple[APIRouter, ...] = (
    queue.router,
    views.router,
    bulk.router,
    taking.router,
    ticket.router,
    writing.router,
    working.router,
    merging.router,
    live.router,
)
