"""What a ticket looks like to other programs: one strict model for the API, webhooks and what comes in."""

from __future__ import annotations

from helpsage.schema.ticket import Requester, Ticket

__all__ = ["Requester", "Ticket"]
