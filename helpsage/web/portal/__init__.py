"""The requester's pages: my tickets, a ticket, a new one, what I am told of, my data. Files, for everyone who may."""

from __future__ import annotations

from fastapi import APIRouter

from helpsage.web.portal import data, files, opening, outside, profile, ticket, tickets

routers: tuple[APIRouter, ...] = (
    tickets.router,
    opening.router,
    ticket.router,
    profile.router,
    data.router,
    files.router,
    outside.router,
)
