"""Any sequence of what can be done to a ticket leaves row, log and outbox telling the same story."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.events.models import OutboxEvent
from helpsage.tickets import lifecycle, service
from helpsage.tickets.errors import AlreadyRated, IllegalTransition, StaleTicket
from helpsage.tickets.models import Entry, Status, Ticket
from tests.integration.tickets.conftest import AGENT, REQUESTER, new_ticket

EVENT_OF = {
    "created": "ticket.opened",
    "status": "ticket.status_changed",
    "priority": "ticket.priority_changed",
    "replied": "ticket.replied",
    "noted": "ticket.noted",
    "commented": "ticket.commented",
    "rated": "ticket.rated",
}


class TicketMachine(RuleBasedStateMachine):
    """A ticket, beside a plain model of it."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.connection = engine.connect()
        self.outer = self.connection.begin()
        self.session = Session(self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.clock = clock.frozen(lambda: self.now)
        self.clock.__enter__()

    def teardown(self) -> None:
        self.clock.__exit__(None, None, None)
        self.session.close()
        self.outer.rollback()
        self.connection.close()

    @initialize()
    def open(self) -> None:
        self.ticket: Ticket = service.open_ticket(self.session, new_ticket(), REQUESTER)
        self.status = Status.OPEN
        self.entries = 0
        self.rated = False

    @rule(days=st.integers(0, 40))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days, seconds=1)

    @rule(to=st.sampled_from(Status), by=st.sampled_from([AGENT, REQUESTER]))
    def move(self, to: Status, by: service.Actor) -> None:
        self.expect(to, lambda: service.change_status(self.session, self.ticket, to, by))

    @rule()
    def close(self) -> None:
        self.expect(Status.CLOSED, lambda: service.close(self.session, self.ticket, REQUESTER))

    @rule()
    def escalate(self) -> None:
        self.expect(Status.ESCALATED, lambda: service.escalate(self.session, self.ticket, REQUESTER))

    @precondition(lambda self: self.status in lifecycle.FINISHED)
    @rule()
    def reopen(self) -> None:
        self.expect(Status.OPEN, lambda: service.reopen(self.session, self.ticket, REQUESTER))

    @rule(to=st.none() | st.sampled_from(Status))
    def reply(self, to: Status | None) -> None:
        target = to or (Status.IN_PROGRESS if self.status is Status.OPEN else self.status)
        if self.expect(target, lambda: service.reply(self.session, self.ticket, "answer", AGENT, status=to)):
            self.entries += 1

    @rule()
    def comment(self) -> None:
        service.comment(self.session, self.ticket, "words", REQUESTER)
        self.entries += 1
        if self.status is Status.WAITING:
            self.status = Status.IN_PROGRESS

    @rule()
    def note(self) -> None:
        service.note(self.session, self.ticket, "among us", AGENT)
        self.entries += 1

    @rule(to=st.sampled_from(["low", "normal", "high", "urgent"]))
    def prioritise(self, to: str) -> None:
        service.change_priority(self.session, self.ticket, to, AGENT)
        assert self.ticket.priority == to

    @rule(score=st.integers(1, 5))
    def rate(self, score: int) -> None:
        if self.rated:
            with pytest.raises(AlreadyRated):
                service.rate(self.session, self.ticket, score, "", REQUESTER)
        else:
            service.rate(self.session, self.ticket, score, "", REQUESTER)
            self.rated = True

    @rule(behind=st.integers(1, 5))
    def write_from_an_old_page(self, behind: int) -> None:
        with pytest.raises(StaleTicket) as refusal:
            service.reply(self.session, self.ticket, "x", AGENT, expected_version=self.ticket.version - behind)
        assert refusal.value.current_version == self.ticket.version

    def expect(self, to: Status, act: Callable[[], object]) -> bool:
        """Act; whether the map lets it happen."""
        too_late = self.status is Status.CLOSED and not lifecycle.may_come_back(self.ticket.closed_at, self.now, 30)
        legal = to is self.status or (to in lifecycle.TRANSITIONS[self.status] and not too_late)
        if not legal:
            with pytest.raises(IllegalTransition):
                act()
            return False
        act()
        self.status = to
        return True

    @invariant()
    def row_says_what_the_model_says(self) -> None:
        self.session.flush()
        self.session.refresh(self.ticket)
        assert self.ticket.status == self.status
        assert (self.ticket.closed_at is not None) == (self.status is Status.CLOSED)
        assert (self.ticket.resolved_at is not None) == (self.status in lifecycle.FINISHED)
        count = select(func.count()).select_from(Entry).where(Entry.ticket_id == self.ticket.id)
        assert self.session.scalar(count) == self.entries

    @invariant()
    def log_is_an_unbroken_chain_to_the_row(self) -> None:
        status, priority = "open", service.history(self.session, self.ticket)[0].after["priority"]  # type: ignore[index]
        for line in service.history(self.session, self.ticket)[1:]:
            if line.action == "status":
                assert line.before == {"status": status}
                status = line.after["status"]  # type: ignore[index]
            if line.action == "priority":
                assert line.before == {"priority": priority}
                priority = line.after["priority"]  # type: ignore[index]
        assert (status, priority) == (self.ticket.status, self.ticket.priority)

    @invariant()
    def every_line_of_the_log_was_told(self) -> None:
        asked = select(OutboxEvent.kind).where(OutboxEvent.subject_id == self.ticket.id).order_by(OutboxEvent.id)
        told = [kind for kind in self.session.scalars(asked) if kind != "ticket.escalated"]
        assert told == [EVENT_OF[line.action] for line in service.history(self.session, self.ticket)]


def test_any_life_of_a_ticket(engine: Engine) -> None:
    run_state_machine_as_test(
        lambda: TicketMachine(engine),
        settings=settings(
            max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
