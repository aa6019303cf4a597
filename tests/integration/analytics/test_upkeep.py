"""Folding, rebuilding, and what the dialogue tells of conversations, with several connections at once."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.analytics import figures, upkeep
from helpsage.analytics.figures import Scope
from helpsage.analytics.periods import Period
from helpsage.conversations import service as conversations
from helpsage.jobs import figures as job
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from tests.integration.analytics.conftest import Row, make_places, write

PERSON = Actor("requester", "Ada")


@pytest.fixture
def tickets(clean_database: Engine) -> Engine:
    """Forty committed tickets of the last days."""
    days = (clock.now() - datetime(2026, 1, 1, tzinfo=UTC)) / timedelta(days=1)
    with Session(clean_database) as session, session.begin():
        places = make_places(session)
        write(
            session,
            places,
            [Row(opened=days - n % 9, answered_after=60 * n, done_after=3600 if n % 2 else None) for n in range(1, 41)],
        )
    return clean_database


def period() -> Period:
    return Period.ending(clock.now().date(), 30)


def opened(engine: Engine) -> int:
    with Session(engine) as session:
        return figures.total(figures.by_day(session, Scope(), period())).opened


def everything(engine: Engine) -> list[tuple[object, ...]]:
    """What is folded, row by row."""
    with engine.connect() as connection:
        counts = connection.execute(text("select * from analytics_count where opened + done + answered <> 0"))
        spreads = connection.execute(text("select * from analytics_spread where spread <> '{}'"))
        return sorted((tuple(row) for row in (*counts, *spreads)), key=repr)


def test_folded_and_made_anew_are_the_same(tickets: Engine) -> None:
    while True:
        with Session(tickets) as session, session.begin():
            if upkeep.fold(session, batch=7) < 7:
                break
    folded = everything(tickets)
    assert folded
    upkeep.rebuild()
    assert everything(tickets) == folded


def test_figures_that_went_wrong_are_noticed_and_mended(tickets: Engine) -> None:
    upkeep.fold_all()
    with Session(tickets) as session, session.begin():
        assert upkeep.differences(session) == 0
        session.execute(text("update analytics_count set opened = opened + 1 where dimension = 'all'"))
    with Session(tickets) as session:
        assert upkeep.differences(session) > 0
    upkeep.rebuild()
    with Session(tickets) as session:
        assert upkeep.differences(session) == 0


def test_readers_see_the_same_sum_while_others_fold_and_rebuild(tickets: Engine) -> None:
    done = threading.Event()
    seen: set[int] = set()

    def read() -> None:
        while not done.is_set():
            seen.add(opened(tickets))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(3):
            upkeep.fold_all()
            upkeep.rebuild()
    finally:
        done.set()
        reader.join(60)
    assert seen == {40}


def test_what_changes_during_a_rebuild_is_counted_once(tickets: Engine) -> None:
    def change_all() -> None:
        with Session(tickets) as session:
            for ticket_id in session.scalars(text("select id from ticket")).all():
                session.execute(text("update ticket set priority = 'urgent' where id = :id"), {"id": ticket_id})
                session.commit()

    writer = threading.Thread(target=change_all)
    writer.start()
    while writer.is_alive():
        upkeep.rebuild()
    writer.join(60)
    with Session(tickets) as session:
        assert upkeep.differences(session) == 0
        urgent = figures.by_value(session, Scope(), period(), "priority")["urgent"]
    assert urgent.opened == 40


def test_two_fold_at_once_and_nothing_counts_twice(tickets: Engine) -> None:
    folders = [threading.Thread(target=upkeep.fold_all) for _ in range(4)]
    for folder in folders:
        folder.start()
    for folder in folders:
        folder.join(60)
    with Session(tickets) as session:
        assert upkeep.differences(session) == 0
        assert session.scalar(text("select count(*) from analytics_delta")) == 0


def test_days_begin_in_the_configured_zone(tickets: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    late = datetime(2026, 3, 1, 20, tzinfo=UTC)  # half past one in the morning of the second in Kolkata
    with tickets.begin() as connection:
        connection.execute(text("update ticket set created_at = :at"), {"at": late})
    monkeypatch.setenv("HELPSAGE_TIME_ZONE", "Asia/Kolkata")
    settings.get.cache_clear()
    try:
        job.fold(0)
    finally:
        monkeypatch.undo()
        settings.get.cache_clear()
    with Session(tickets) as session:
        days = figures.by_day(session, Scope(), Period(late.date(), late.date() + timedelta(1)))
        assert {day.isoformat(): sums.opened for day, sums in days.items()} == {"2026-03-02": 40}
        session.execute(text("delete from analytics_zone"))
        session.commit()


# --- conversations


def talk(session: Session) -> uuid.UUID:
    """A chat in which a person said something."""
    found = conversations.ensure(session, f"web:{uuid.uuid4()}", "web")
    conversations.push(session, found.id, "person", text="hello", client_id="1")
    return found.id


def remember(session: Session, conversation: uuid.UUID, n: int, slot: str, value: object) -> None:
    """What the assistant writes when a turn sets a slot."""
    sender = f"web:{conversation}"
    session.execute(
        text("insert into tracker (sender_id, version) values (:sender, 0) on conflict do nothing"), {"sender": sender}
    )
    data = {"event": "slot", "timestamp": clock.now().timestamp(), "name": slot, "value": value}
    session.execute(
        text("insert into tracker_event (sender_id, n, data) values (:sender, :n, cast(:data as jsonb))"),
        {"sender": sender, "n": n, "data": json.dumps(data)},
    )


def outcomes(session: Session) -> dict[str, int]:
    found = figures.outcomes(figures.talks(session, Scope(), period()))
    return {outcome: n for outcome, n in found.items() if n}


def draft(form: str, asked: str | None) -> dict[str, object]:
    return {"form": form, "asked": asked, "category": "wifi_problem"}


def test_each_conversation_has_the_outcome_that_it_came_to(session: Session) -> None:
    talk(session)
    assert outcomes(session) == {"other": 1}
    not_helped = talk(session)
    conversations.record_feedback(session, not_helped, "connect_wifi", helped=False)
    assert outcomes(session) == {"other": 1, "not_helped": 1}
    conversations.record_feedback(session, not_helped, "connect_wifi", helped=True)
    assert outcomes(session) == {"other": 1, "helped": 1}
    new = NewTicket("Wi-Fi", "It does not work", "wifi_problem", "web", conversation_id=not_helped)
    service.open_ticket(session, new, PERSON)
    assert outcomes(session) == {"other": 1, "ticket": 1}
    upkeep.fold(session)
    assert outcomes(session) == {"other": 1, "ticket": 1}


def test_two_messages_of_a_day_are_one_conversation(session: Session) -> None:
    found = talk(session)
    conversations.push(session, found, "person", text="still there?", client_id="2")
    conversations.push(session, found, "bot", text="yes")
    assert outcomes(session) == {"other": 1}
    with clock.frozen(clock.now() - timedelta(days=2)):
        conversations.push(session, found, "person", text="before", client_id="3")
    assert outcomes(session) == {"other": 2}


def test_the_question_at_which_a_form_was_left_is_known(session: Session) -> None:
    found = talk(session)
    for n, asked in enumerate([None, "place", "own_device"]):
        remember(session, found, n, "ticket_draft", draft("f1", asked))
    assert figures.left_forms(session, Scope(), period()) == {"own_device": 1}
    assert outcomes(session) == {"left": 1}


def test_a_form_that_was_sent_or_cancelled_was_not_left(session: Session) -> None:
    sent, cancelled = talk(session), talk(session)
    remember(session, sent, 0, "ticket_draft", draft("f1", "confirm"))
    remember(session, sent, 1, "filed", {"form": "f1", "reference": "HS-1001"})
    remember(session, sent, 2, "ticket_draft", None)
    remember(session, cancelled, 0, "ticket_draft", draft("f2", "place"))
    remember(session, cancelled, 1, "ticket_draft", None)
    assert figures.left_forms(session, Scope(), period()) == {}
    assert outcomes(session) == {"other": 2}
    assert dict(session.execute(text("select form, outcome from report_attempt")).all()) == {  # type: ignore[arg-type]
        "f1": "sent",
        "f2": "cancelled",
    }


def test_a_second_form_leaves_the_first_one_behind(session: Session) -> None:
    found = talk(session)
    remember(session, found, 0, "ticket_draft", draft("f1", "place"))
    remember(session, found, 1, "ticket_draft", draft("f2", "email"))
    remember(session, found, 2, "filed", {"form": "f2", "reference": "HS-1001"})
    remember(session, found, 3, "ticket_draft", None)
    # Ending a form ends what was open in this conversation: the first one was given up for it.
    assert figures.left_forms(session, Scope(), period()) == {}


def test_the_dialogue_can_be_forgotten_and_the_figure_stays(session: Session) -> None:
    found = talk(session)
    remember(session, found, 0, "ticket_draft", draft("f1", "place"))
    session.execute(text("delete from tracker"))
    assert figures.left_forms(session, Scope(), period()) == {"place": 1}


def test_a_forgotten_conversation_leaves_the_figures(session: Session) -> None:
    found = talk(session)
    upkeep.fold(session)
    session.execute(text("delete from conversation where id = :id"), {"id": found})
    assert outcomes(session) == {}


def test_events_of_senders_without_a_conversation_disturb_nobody(session: Session) -> None:
    remember(session, uuid.uuid4(), 0, "ticket_draft", draft("f1", "place"))
    assert figures.left_forms(session, Scope(), period()) == {}


def test_answers_are_counted_by_what_people_said(session: Session) -> None:
    found = talk(session)
    for helped in (True, True, False):
        conversations.record_feedback(session, found, "connect_wifi", helped)
    conversations.record_feedback(session, found, "vpn_setup", helped=True)
    answered = figures.answers(session, Scope(), period())
    assert [(answer.key, answer.helped, answer.not_helped) for answer in answered] == [
        ("connect_wifi", 2, 1),
        ("vpn_setup", 1, 0),
    ]


def test_answers_and_left_forms_count_where_their_conversation_is(session: Session) -> None:
    """Conversations of another department are no business of the one that looks."""
    places = make_places(session)
    for number, department in enumerate(places.departments):
        found = talk(session)
        session.execute(
            text("update conversation set department_id = :place where id = :id"), {"place": department, "id": found}
        )
        conversations.record_feedback(session, found, f"answer{number}", helped=True)
        remember(session, found, 0, "ticket_draft", draft(f"f{number}", f"question{number}"))
    first = Scope(departments=frozenset({places.departments[0]}))
    assert [answer.key for answer in figures.answers(session, first, period())] == ["answer0"]
    assert figures.left_forms(session, first, period()) == {"question0": 1}


def test_satisfaction_counts_when_a_ticket_is_resolved(session: Session) -> None:
    ticket: Ticket = service.open_ticket(session, NewTicket("Wi-Fi", "It does not work", "wifi_problem", "web"), PERSON)
    service.change_status(session, ticket, "resolved", PERSON)
    service.rate(session, ticket, 5, "", PERSON)
    sums = figures.total(figures.by_day(session, Scope(), period()))
    assert (sums.rated, sums.satisfaction) == (1, 1.0)
    service.reopen(session, ticket, PERSON)
    sums = figures.total(figures.by_day(session, Scope(), period()))
    assert (sums.done, sums.rated, sums.satisfaction) == (0, 0, None)
