"""Tickets at chosen moments, under levels of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.configuration import live
from helpsage.service_levels import levels
from helpsage.service_levels.levels import Levels
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from tests.integration.tickets.conftest import REQUESTER, new_ticket

#: Nine to five with an hour for lunch, in Berlin.
OFFICE = {
    "title": "Office",
    "zone": "Europe/Berlin",
    "hours": {day: ["09:00-12:00", "13:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
    "countries": [],
    "days_off": [],
    "days_worked": [],
}


def policy(key: str, **given: Any) -> dict[str, Any]:
    """A policy around the clock: an answer within an hour, a resolution within four."""
    return {
        "key": key,
        "title": key.capitalize(),
        "priorities": [],
        "categories": [],
        "departments": [],
        "calendar": "always",
        "first_response": 60,
        "resolution": 240,
        "warn_at": 75,
        "warn": ["assignee"],
        "breach": ["assignee"],
        "escalate": False,
        "hand_to": "",
        "repeat_every": 0,
        "repeat_most": 0,
        **given,
    }


def content(*policies: dict[str, Any], **office: Any) -> dict[str, Any]:
    """A document of levels."""
    made = deepcopy(live.seed(levels.FILE))
    made["calendars"]["office"] = {**deepcopy(OFFICE), **office}
    made["policies"] = list(policies)
    return dict(made)


def at(hour: int, minute: int = 0, day: int = 17, month: int = 6) -> datetime:
    """A moment in 2026, in UTC; the 17th of June is a Wednesday, and Berlin two hours ahead."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def on(moment: datetime) -> AbstractContextManager[None]:
    """The clock shows this."""
    return clock.frozen(moment)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Levels]:
    """Set the levels: around the clock unless policies say otherwise."""

    def used(*policies: dict[str, Any], **office: Any) -> Levels:
        known = levels.build(content(*policies, **office))
        monkeypatch.setattr(levels, "load", lambda: known)
        return known

    used(policy("urgent", priorities=["urgent"], first_response=30, resolution=120), policy("usual"))
    return used


@pytest.fixture
def open_at(session: Session, use: Callable[..., Levels]) -> Callable[..., Ticket]:
    """Open a ticket at a moment."""

    def opened(moment: datetime, **known: Any) -> Ticket:
        with on(moment):
            return service.open_ticket(session, new_ticket(**{"priority": "normal", **known}), REQUESTER)

    return opened
