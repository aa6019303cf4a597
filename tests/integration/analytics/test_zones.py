"""Days begin where the viewer's clock strikes midnight: in any zone the figures are what a naive count there gives."""

from __future__ import annotations

import random
import threading
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.analytics import behind, figures, upkeep
from helpsage.analytics.behind import What
from helpsage.analytics.figures import DIMENSIONS, Scope, Sums
from helpsage.analytics.models import DESK, Zone
from helpsage.analytics.periods import Period
from helpsage.conversations import service as conversations
from helpsage.tickets.models import Ticket
from tests.integration.analytics.conftest import Places, Row, make_places, moment, write
from tests.integration.analytics.test_figures import assert_close, one_row

#: Ahead, behind, by three quarters of an hour, with clocks that change in the weeks of the test, and at midnight.
ZONES = ("Asia/Kathmandu", "America/New_York", "Europe/London", "Pacific/Auckland", "Africa/Cairo")
FIRST = date(2026, 2, 20)
PERIOD = Period(FIRST, date(2026, 5, 10))


@pytest.fixture
def desk(clean_database: Engine) -> Engine:
    return clean_database


def a_spring(engine: Engine, seed: int = 7, count: int = 150) -> tuple[list[Row], Places]:
    """Tickets around the days on which clocks change, committed."""
    dice = random.Random(seed)
    with Session(engine) as session, session.begin():
        places = make_places(session)
        rows = [one_row(dice, places) for _ in range(count)]
        for row in rows:
            row.opened = dice.uniform(48, 132)
        write(session, places, rows)
    return rows, places


def zone_ids(engine: Engine) -> dict[str, int]:
    with Session(engine) as session:
        return {zone.name: zone.id for zone in session.query(Zone) if zone.id != DESK}


def naive(rows: list[Row], period: Period, zone: ZoneInfo, dimension: str = "all", value: str = "") -> Sums:
    def within(at: datetime | None) -> bool:
        return at is not None and period.first <= at.astimezone(zone).date() <= period.last

    found = Sums()
    for row in rows:
        if row.merged or row.of(dimension) != value:
            continue
        found += Sums(opened=int(within(row.created_at)))
        if within(row.first_response_at):
            found += Sums(answered=1, answer_s=int(row.answered_after or 0))
        if within(row.resolved_at):
            rated = row.rating is not None
            found += Sums(done=1, solve_s=int(row.done_after or 0), rated=int(rated), rating_sum=row.rating or 0)
            found += Sums(satisfied=int((row.rating or 0) >= 4))
    return found


def agree(engine: Engine, rows: list[Row]) -> None:
    """Every day, value and percentile of every zone."""
    for name, zone_id in zone_ids(engine).items():
        zone, scope = ZoneInfo(name), Scope(zone_id=zone_id)
        with Session(engine) as session:
            days = figures.by_day(session, scope, PERIOD)
            for piece in PERIOD.steps(figures.Step.DAY):
                assert days.get(piece.first, Sums()) == naive(rows, piece, zone), (name, piece)
            for dimension in DIMENSIONS:
                for value, sums in figures.by_value(session, scope, PERIOD, dimension).items():
                    assert sums == naive(rows, PERIOD, zone, dimension, value), (name, dimension, value)
            answers = [
                int(row.answered_after or 0)
                for row in rows
                if row.first_response_at is not None
                and not row.merged
                and PERIOD.first <= row.first_response_at.astimezone(zone).date() <= PERIOD.last
            ]
            assert_close(figures.percentiles(session, scope, PERIOD, "answer"), [float(one) for one in answers])


def test_each_day_of_each_zone_is_counted_as_its_own_clocks_say(desk: Engine) -> None:
    rows, _ = a_spring(desk)
    for name in ZONES[:3]:
        upkeep.add_zone(name)
    agree(desk, rows)
    upkeep.fold_all()
    for name in ZONES[3:]:
        upkeep.add_zone(name)
    assert set(zone_ids(desk)) == set(ZONES)
    agree(desk, rows)
    with Session(desk) as session:
        assert upkeep.differences(session) == 0


def test_what_changes_later_is_counted_in_every_zone(desk: Engine) -> None:
    rows, places = a_spring(desk)
    for name in ZONES[:2]:
        upkeep.add_zone(name)
    dice = random.Random(8)
    for number, row in enumerate(rows):
        if number % 3 == 0 and not row.merged:
            row.done_after, row.rating = dice.lognormvariate(11, 2), dice.choice([None, 1, 5])
            changed = row.values(places.requester, None)
            with Session(desk) as session, session.begin():
                values = {name: changed[name] for name in ("resolved_at", "rating", "status")}
                session.execute(update(Ticket).where(Ticket.id == row.id).values(**values))
    agree(desk, rows)
    upkeep.fold_all()
    agree(desk, rows)


def test_a_zone_is_added_while_tickets_change_and_others_fold(desk: Engine) -> None:
    rows, _ = a_spring(desk)
    done = threading.Event()

    def change() -> None:
        dice = random.Random(9)
        with Session(desk) as session:
            for row in rows:
                row.priority = dice.choice(["low", "high", "urgent"])
                session.execute(update(Ticket).where(Ticket.id == row.id).values(priority=row.priority))
                session.commit()
        done.set()

    def fold() -> None:
        while not done.is_set():
            upkeep.fold_all()

    busy = [threading.Thread(target=change), threading.Thread(target=fold)]
    for thread in busy:
        thread.start()
    for name in ZONES:
        upkeep.add_zone(name)
    for thread in busy:
        thread.join(60)
    agree(desk, rows)


@pytest.mark.parametrize("what", [What.OPENED, What.ANSWERED, What.RESOLVED, What.RATED])
def test_behind_each_day_stand_its_tickets(desk: Engine, what: What) -> None:
    """On the days of a change of the clocks, too: 29 March 2026 has 23 hours in London."""
    a_spring(desk)
    upkeep.add_zone("Europe/London")
    scope = Scope(zone_id=zone_ids(desk)["Europe/London"])
    column = {What.OPENED: "opened", What.ANSWERED: "answered", What.RESOLVED: "done", What.RATED: "rated"}[what]
    with Session(desk) as session:
        days = figures.by_day(session, scope, PERIOD)
        for piece in PERIOD.steps(figures.Step.DAY):
            sums = days.get(piece.first, Sums())
            assert behind.count(session, scope, piece, what) == getattr(sums, column), piece
        assert figures.total(days).opened > 100


def test_the_hour_that_is_skipped_and_the_hour_that_comes_twice(desk: Engine) -> None:
    """London 2026: at 01:00 UTC on 29 March to summer time, at 01:00 UTC on 25 October back."""
    at = [
        datetime(2026, 3, 28, 23, 59, 59, tzinfo=UTC),  # still winter: the 28th
        datetime(2026, 3, 29, 22, 59, 59, tzinfo=UTC),  # one second to midnight of summer time: the 29th
        datetime(2026, 3, 29, 23, 0, tzinfo=UTC),  # midnight: the 30th
        datetime(2026, 10, 24, 23, 0, tzinfo=UTC),  # midnight of summer time: the 25th
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # half past one, the first time
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # and the second time
        datetime(2026, 10, 25, 23, 59, 59, tzinfo=UTC),  # winter again: still the 25th, which had 25 hours
        datetime(2026, 10, 26, 0, 0, tzinfo=UTC),
    ]
    with Session(desk) as session, session.begin():
        places = make_places(session)
        write(session, places, [Row(opened=(one - moment(0)) / timedelta(days=1)) for one in at])
        for ticket, one in zip(session.query(Ticket).order_by(Ticket.created_at), at, strict=True):
            ticket.created_at = one
    upkeep.add_zone("Europe/London")
    with Session(desk) as session:
        days = figures.by_day(session, Scope(zone_id=1), Period(date(2026, 3, 1), date(2026, 11, 1)))
        assert {day.isoformat(): sums.opened for day, sums in days.items()} == {
            "2026-03-28": 1, "2026-03-29": 1, "2026-03-30": 1, "2026-10-25": 4, "2026-10-26": 1,
        }  # fmt: skip


# --- conversations


def say(session: Session, conversation: uuid.UUID, at: datetime, key: str) -> None:
    with clock.frozen(at):
        conversations.push(session, conversation, "person", text="hello", client_id=key)


def talked(engine: Engine, zone_id: int) -> dict[str, dict[str, int]]:
    with Session(engine) as session:
        found = figures.talks(session, Scope(zone_id=zone_id), Period(date(2026, 3, 1), date(2026, 4, 30)))
        days = {day.isoformat(): {what: n for what, n in of.items() if n} for day, of in found.items()}
        return {day: of for day, of in days.items() if of}


def test_conversations_count_on_the_days_of_each_zone(desk: Engine) -> None:
    """One evening in London is two days in Auckland, and one in New York."""
    evening = datetime(2026, 3, 14, 10, 0, tzinfo=UTC)
    with Session(desk) as session, session.begin():
        found = conversations.ensure(session, "web:1", "web").id
        say(session, found, evening, "1")
        say(session, found, evening + timedelta(hours=3), "2")  # 02:00 on the 15th in Auckland
    upkeep.add_zone("Pacific/Auckland")
    upkeep.add_zone("America/New_York")
    ids = zone_ids(desk)
    assert talked(desk, ids["Pacific/Auckland"]) == {"2026-03-14": {"other": 1}, "2026-03-15": {"other": 1}}
    assert talked(desk, ids["America/New_York"]) == {"2026-03-14": {"other": 1}}
    with Session(desk) as session, session.begin():
        with clock.frozen(evening + timedelta(hours=3)):
            conversations.record_feedback(session, found, "connect_wifi", helped=True)
        say(session, found, evening + timedelta(hours=16), "3")
    upkeep.fold_all()
    assert talked(desk, ids["Pacific/Auckland"]) == {"2026-03-14": {"other": 1}, "2026-03-15": {"helped": 1}}
    assert talked(desk, ids["America/New_York"]) == {"2026-03-14": {"helped": 1}}
    upkeep.fold_all()
    assert talked(desk, ids["America/New_York"]) == {"2026-03-14": {"helped": 1}}
    with Session(desk) as session, session.begin():
        session.execute(text("delete from conversation"))
    assert talked(desk, ids["Pacific/Auckland"]) == {}


# --- which zones there are


def all_rows(engine: Engine) -> list[Any]:
    tables = ("analytics_count", "analytics_spread", "analytics_talk", "conversation_day", "analytics_talk_delta")
    with engine.connect() as connection:
        return [row for table in tables for row in connection.execute(text(f"select zone_id from {table}")).scalars()]


def test_a_zone_in_which_nobody_looks_is_forgotten_whole(desk: Engine) -> None:
    a_spring(desk, count=20)
    with Session(desk) as session, session.begin():
        say(session, conversations.ensure(session, "web:1", "web").id, clock.now(), "1")
    upkeep.add_zone("Asia/Kathmandu")
    upkeep.add_zone("Europe/London")
    ids = zone_ids(desk)
    with clock.frozen(clock.now() + upkeep.UNUSED), Session(desk) as session, session.begin():
        kept = upkeep.kept(session, "Europe/London")
        assert kept is not None
        upkeep.use(session, kept)
    with clock.frozen(clock.now() + upkeep.UNUSED + timedelta(days=1)), Session(desk) as session, session.begin():
        upkeep.drop_unused(session)
    upkeep.fold_all()
    assert zone_ids(desk) == {"Europe/London": ids["Europe/London"]}
    assert ids["Asia/Kathmandu"] not in set(all_rows(desk))


def test_there_are_never_more_than_so_many(desk: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "MOST_ZONES", 2)
    for name in (*ZONES, ZONES[0]):
        upkeep.add_zone(name)
    assert set(zone_ids(desk)) == set(ZONES[:2])
    with Session(desk) as session:
        assert not upkeep.has_room(session)


def test_when_the_desk_moves_to_a_zone_that_was_kept_it_is_kept_once(desk: Engine) -> None:
    rows, _ = a_spring(desk, count=40)
    for name in ZONES[:2]:
        upkeep.add_zone(name)
    upkeep.rebuild(ZONES[0])
    with Session(desk) as session:
        assert upkeep.zone(session).key == ZONES[0]
        days = figures.by_day(session, Scope(), PERIOD)
        assert figures.total(days) == naive(rows, PERIOD, ZoneInfo(ZONES[0]))
        assert upkeep.differences(session) == 0
    assert set(zone_ids(desk)) == {ZONES[1]}
    agree(desk, rows)
    with desk.begin() as connection:
        connection.execute(text("delete from analytics_zone"))
