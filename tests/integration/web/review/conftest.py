"""The pages of learning with something on them: two clusters of what was misunderstood, and a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from encoder.model import WIDTH
from helpsage import clock
from helpsage.departments import service as departments
from helpsage.people.models import Role
from helpsage.tickets import service
from helpsage.tickets.actor import Actor
from helpsage.tickets.service import NewTicket
from helpsage.training import review
from helpsage.training.items import KnowledgeGap, ReviewItem
from tests.integration.web.conftest import PASSWORD, make_account
from tests.integration.web.visitor import Visitor

SAID = ("wlan <b>is</b> lost", "wlan is lost again", "blorp the quux")
NEAR = {
    "text": "wlan is down",
    "intent": "wifi_problem",
    "file": "data/nlu/issues_network.yml",
    "line": 6,
    "likeness": 0.8,
}


@dataclass(frozen=True)
class Stock:
    """Ids of what is there: the two of one cluster, the one that is alone, and the gap."""

    first: int
    second: int
    alone: int
    gap: int


def vector(place: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Of length 1, far from those of other places."""
    made = np.zeros(WIDTH, np.float32)
    made[place] = 1
    return made


def fill(engine: Engine) -> Stock:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        departments.ensure_defaults(session)
        items = [
            ReviewItem(
                said_at=clock.now() - timedelta(days=1),
                reason="low_confidence",
                saw={"intent": "nlu_fallback", "confidence": 0.3, "model": "sage-1", "reasons": ["low_confidence"]},
                text=said,
                encoder="e",
                vector=vector(0 if number < 2 else 1),
                suggested="wifi_problem" if number < 2 else "",
                suggested_by="near" if number < 2 else "",
                near=[NEAR],
            )
            for number, said in enumerate(SAID)
        ]
        session.add_all(items)
        session.flush()
        review.regroup(session)
        new = NewTicket("Parking", "How do I get a parking permit?", "general_issue", "email")
        ticket = service.open_ticket(session, new, Actor("requester"))
        gap = KnowledgeGap(
            ticket_id=ticket.id,
            question="How do I get a parking permit?",
            tickets=[str(ticket.id)],
            size=3,
            size_before=1,
            minutes=42,
            near=[{"key": "reset_password", "title": "Reset password", "likeness": 0.31}],
            title="How do I get a parking permit?",
            answer="Ask at the gate house.",
            sources=[ticket.reference],
            asked=["How do I get a parking permit?"],
        )
        session.add(gap)
        session.flush()
        return Stock(items[0].id, items[1].id, items[2].id, gap.id)


@pytest.fixture
def stock(database: Engine) -> Stock:
    """What is on the pages."""
    return fill(database)


@pytest.fixture
def log_in(web_url: str, database: Engine) -> Iterator[Callable[[Role], Visitor]]:
    """Make an account with a role, and log it in."""
    browsers: list[Visitor] = []

    def logged_in(role: Role) -> Visitor:
        make_account(database, f"{role.value}@desk.example", role.value.title(), role)
        browser = Visitor(web_url)
        browsers.append(browser)
        assert browser.log_in(f"{role.value}@desk.example", PASSWORD).status_code == 200
        return browser

    yield logged_in
    for browser in browsers:
        browser.close()


@pytest.fixture
def lead(log_in: Callable[[Role], Visitor]) -> Visitor:
    """A lead of the default department."""
    return log_in(Role.LEAD)
