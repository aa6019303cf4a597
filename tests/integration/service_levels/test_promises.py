"""What requesters read: only when the desk tells people, and honestly when it is late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from actions import track
from helpsage.service_levels import levels, standing
from helpsage.service_levels.levels import Kind, Levels
from helpsage.service_levels.standing import State
from helpsage.tickets import service
from helpsage.tickets.models import Status, Ticket
from tests.integration.service_levels.conftest import at, on
from tests.integration.tickets.conftest import AGENT, new_conversation

Open = Callable[..., Ticket]


@pytest.fixture
def told(use: Callable[..., Levels], monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk tells people by when they are answered."""
    known = replace(levels.load(), promise=True)
    monkeypatch.setattr(levels, "load", lambda: known)


def test_nothing_is_promised_unless_it_is_wanted(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    with on(at(10, 30)):
        assert standing.promised(session, ticket) is None


@pytest.mark.usefixtures("told")
def test_first_the_answer_then_the_resolution(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))

    def promised() -> tuple[Kind, State, Any] | None:
        found = standing.promised(session, ticket)
        return (found.kind, found.state, found.due_at) if found else None

    with on(at(10, 30)):
        assert promised() == (Kind.FIRST_RESPONSE, State.RUNNING, at(11))
    with on(at(11, 30)):
        assert promised() == (Kind.FIRST_RESPONSE, State.LATE, at(11))
        service.reply(session, ticket, "On it", AGENT)
        assert promised() == (Kind.RESOLUTION, State.RUNNING, at(14))
    with on(at(12)):
        service.change_status(session, ticket, Status.WAITING, AGENT)
        assert promised() is None
    with on(at(12, 30)):
        service.change_status(session, ticket, Status.RESOLVED, AGENT)
        assert promised() is None


@pytest.mark.usefixtures("told")
def test_the_chat_says_it_in_words(session: Session, use: Callable[..., Levels], open_at: Open) -> None:
    chat = new_conversation(session)
    open_at(at(10), conversation_id=chat.id)
    with on(at(10, 30)):
        found = track._standing(session, chat, None)
        assert found is not None
        assert found.promised == ("utter_promised_first_response", "11:00 UTC today")
    with on(at(9, day=18)):
        found = track._standing(session, chat, None)
        assert found is not None
        assert found.promised == ("utter_promised_first_response_late", "Wednesday 17 June, 11:00 UTC")


def test_every_promise_has_its_words() -> None:
    assert set(track.PROMISED) == {(kind, late) for kind in Kind for late in (False, True)}


@pytest.mark.usefixtures("told")
def test_what_goes_on_as_another_ticket_promises_nothing(session: Session, open_at: Open) -> None:
    from helpsage.tickets import merge

    first, second = open_at(at(10)), open_at(at(10))
    with on(at(10, 10)):
        merge.merge(session, first, second, AGENT, other_person=True)
        assert standing.promised(session, first) is None
        assert standing.of(session, first) == []
