"""What came in is worked off once, in order, through failures and dead workers."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments import service as departments
from helpsage.events.models import OutboxEvent
from helpsage.intake import batches, drain, forms, service
from helpsage.intake.made import Homes, Plain
from helpsage.intake.models import Inbound, InboundBatch, Lane, MailIdentity, Progress
from helpsage.jobs import upkeep
from helpsage.people.models import Person
from helpsage.tickets.models import Change, Ticket
from helpsage.worker import program
from tests.integration.jobs.conftest import WorkerProgram, eventually, new_session, queue_database, start_worker
from tests.integration.jobs.test_worker import waits_for_lock

__all__ = ["new_session", "queue_database", "start_worker"]

Bring = Callable[..., None]
StartWorker = Callable[..., WorkerProgram]


@pytest.fixture
def bring(queue_database: Engine) -> Bring:
    with Session(queue_database) as session, session.begin():
        departments.ensure_defaults(session)

    def brought(*told: str, sender: str = "asha@people.example") -> None:
        with Session(queue_database) as session, session.begin():
            for said in told:
                raw = json.dumps({"message": said, "email": sender}).encode()
                key = f"{sender or uuid4()} {said}"
                service.accept(session, Lane.FORM, key, raw, "application/json", {}, sender, said)

    return brought


def made(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return list(session.scalars(select(Ticket.description).order_by(Ticket.number)))


def states(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return list(session.scalars(select(Inbound.state).order_by(Inbound.id)))


def later(engine: Engine) -> None:
    """Let every waiting record be due."""
    with Session(engine) as session, session.begin():
        session.execute(update(Inbound).values(next_try_at=clock.now() - timedelta(seconds=1)))


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Messages that cannot be worked off."""
    broken: set[str] = set()
    real = forms.work

    def work(session: Session, record: Inbound) -> object:
        if record.subject in broken:
            raise ValueError(record.subject)
        return real(session, record)

    monkeypatch.setattr(service, "_WORK", {**service._WORK, Lane.FORM: work})
    not_plain(monkeypatch, broken)
    return broken


def not_plain(monkeypatch: pytest.MonkeyPatch, some: set[str]) -> None:
    """Messages of these subjects are worked off one by one."""
    real = forms.plain

    def plain(homes: Homes, record: Inbound) -> Plain | None:
        return None if record.subject in some else real(homes, record)

    monkeypatch.setattr(batches, "_PLAIN", {**batches._PLAIN, Lane.FORM: plain})


def test_one_sender_is_worked_off_in_order(queue_database: Engine, bring: Bring) -> None:
    told = [f"Message {number}" for number in range(90)]
    bring(*told)
    while drain.drain(queue_database):
        pass
    assert made(queue_database) == told


def test_two_who_drain_at_once_make_each_ticket_once(queue_database: Engine, bring: Bring) -> None:
    for number in range(60):
        bring("Hello", sender=f"{number}@people.example")

    def work() -> None:
        while Progress.WAITING in states(queue_database):
            drain.drain(queue_database, 5)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made(queue_database)) == 60
    assert set(states(queue_database)) == {Progress.DONE}


def test_little_of_many_people_is_one_batch(queue_database: Engine, bring: Bring) -> None:
    """Each batch costs nearly as much as one of ten."""
    for number in range(20):
        bring("Hello", sender=f"{number}@people.example")
    with Session(queue_database) as session:
        assert len(drain.waiting(session)) == service.SHARDS
    assert drain.drain(queue_database) == 20
    assert set(states(queue_database)) == {Progress.DONE}


@pytest.mark.parametrize("at_a_time", [3, drain.BATCH])
async def test_the_worker_stops_only_when_nothing_is_due(
    queue_database: Engine, bring: Bring, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(drain, "BATCH", at_a_time)
    monkeypatch.setattr(program, "PACE_INBOUND_S", 0.0)
    for number in range(20):
        bring("Hello", sender=f"{number}@people.example")
    await program._drain_all()
    assert set(states(queue_database)) == {Progress.DONE}


async def test_what_comes_at_once_waits_for_what_comes_with_it(
    queue_database: Engine, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two looks is time in which something else comes; what comes alone is not waited with."""
    bring("one")
    batches_of: list[int] = []
    real = drain.drain_shards

    def look(engine: Engine, shards: Sequence[int]) -> int:
        done = real(engine, shards)
        batches_of.append(done)
        if len(batches_of) == 1:
            bring("two")
        return done

    async def sleep(_seconds: float) -> None:
        bring("three")

    monkeypatch.setattr(drain, "drain_shards", look)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(program, "PACE_INBOUND_S", 5.0)
    await program._drain_all()
    assert batches_of == [1, 2]


def test_while_somebody_works_on_a_shard_nobody_else_does(queue_database: Engine, bring: Bring) -> None:
    """A second one would take what the same person sent next, and be done sooner."""
    bring("First", "Second")
    with Session(queue_database) as session:
        (shard,) = drain.waiting(session)
    with drain._alone(queue_database, [shard]) as (_, held):
        assert held == [shard]
        assert drain.drain_shards(queue_database, [shard]) == 0
        assert made(queue_database) == []
    assert drain.drain_shards(queue_database, [shard]) == 2
    assert made(queue_database) == ["First", "Second"]


def test_what_fails_is_tried_again_and_what_came_after_it_waits(
    queue_database: Engine, bring: Bring, failing: set[str]
) -> None:
    failing.add("two")
    bring("one", "two", "three")
    bring("other", sender="ben@people.example")
    while drain.drain(queue_database):
        pass
    assert sorted(made(queue_database)) == ["one", "other"]
    with Session(queue_database) as session:
        record = session.scalars(select(Inbound).where(Inbound.subject == "two")).one()
        assert (record.state, record.attempts, record.reason.startswith("builtins.ValueError")) == ("waiting", 1, True)
        assert record.next_try_at > clock.now()
    failing.clear()
    later(queue_database)
    while drain.drain(queue_database):
        pass
    assert [told for told in made(queue_database) if told != "other"] == ["one", "two", "three"]


def test_what_fails_each_time_is_given_up_and_holds_up_nobody(
    queue_database: Engine, bring: Bring, failing: set[str]
) -> None:
    failing.add("two")
    bring("two", "three")
    for _ in range(service.MOST_TRIES):
        drain.drain(queue_database)
        later(queue_database)
    while drain.drain(queue_database):
        pass
    assert states(queue_database) == [Progress.FAILED, Progress.DONE]
    failing.clear()
    with Session(queue_database) as session, session.begin():
        service.replay(session, session.scalars(select(Inbound.id).where(Inbound.subject == "two")).one())
    drain.drain(queue_database)
    assert states(queue_database) == [Progress.DONE, Progress.DONE]


def test_what_kills_its_worker_is_given_up(queue_database: Engine, bring: Bring) -> None:
    bring("deadly")
    with Session(queue_database) as session:
        shard = session.scalars(select(Inbound.shard)).one()
    for _ in range(service.MOST_TRIES):
        # Claimed, and then nothing more was heard.
        with queue_database.connect() as connection:
            assert drain._claimed(connection, [shard], 10)
    drain.drain(queue_database)
    assert states(queue_database) == [Progress.FAILED]
    assert made(queue_database) == []


@pytest.mark.parametrize("way", ["batch", "alone"])
def test_a_record_and_its_ticket_come_together_or_not_at_all(
    queue_database: Engine, bring: Bring, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    bring("one")
    if way == "alone":
        not_plain(monkeypatch, {"one"})
    module = service if way == "alone" else batches
    real = module.work

    def dies(session: Session, what: object) -> None:
        real(session, what)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "work", dies)
        with pytest.raises(KeyboardInterrupt):
            drain.drain(queue_database)
    assert (states(queue_database), made(queue_database)) == ([Progress.WAITING], [])
    drain.drain(queue_database)
    assert (states(queue_database), made(queue_database)) == ([Progress.DONE], ["one"])


def test_one_that_cannot_be_kept_holds_up_none_of_its_batch(queue_database: Engine, bring: Bring) -> None:
    for number in range(20):
        bring("before", sender=f"{number}@people.example")
    bring("one", "poison", "three")
    for number in range(20):
        bring("behind", sender=f"{number}@people.example")
    poison = "alter table ticket add constraint ck_no_poison check (description <> 'poison')"
    with queue_database.begin() as connection:
        connection.execute(text(poison))
    try:
        while drain.drain(queue_database):
            pass
        assert states(queue_database) == ["done"] * 21 + ["waiting"] * 2 + ["done"] * 20
        with Session(queue_database) as session:
            tries = {row.subject: row.attempts for row in session.execute(select(Inbound.subject, Inbound.attempts))}
        assert (tries["one"], tries["poison"], tries["three"]) == (0, 1, 0)
    finally:
        with queue_database.begin() as connection:
            connection.execute(text("alter table ticket drop constraint ck_no_poison"))
    later(queue_database)
    while drain.drain(queue_database):
        pass
    assert [told for told in made(queue_database) if told not in ("before", "behind")] == ["one", "poison", "three"]
    assert len(made(queue_database)) == 43


def test_what_is_not_plain_keeps_its_place_among_what_one_person_sent(
    queue_database: Engine, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    not_plain(monkeypatch, {"two", "four"})
    told = ["one", "two", "three", "four", "five"]
    bring(*told)
    drain.drain(queue_database)
    assert made(queue_database) == told


def test_a_batch_makes_what_one_by_one_makes(
    queue_database: Engine, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ["The printer jams.", "URGENT: nobody can log in!", "No hurry: a suggestion"]
    with clock.frozen(clock.now()):
        for way in ("batch", "alone"):
            with monkeypatch.context() as patch:
                if way == "alone":
                    patch.setattr(batches, "_PLAIN", {})
                bring(*told, sender=f"{way}@people.example")
                bring("Without a name", sender="")
                bring("Known already", sender=f"{way}@people.example")
                drain.drain(queue_database)
    with Session(queue_database) as session:
        rows = session.execute(select(Ticket, Change, OutboxEvent, Inbound, Person).where(*JOINED).order_by(Inbound.id))
        found = [[kept(each, "batch", "alone") for each in row] for row in rows]
        assert session.scalar(select(func.count()).select_from(MailIdentity)) == 2
    assert len(found) == 10
    assert found[:5] == found[5:]


JOINED = (
    Change.ticket_id == Ticket.id,
    OutboxEvent.subject_id == Ticket.id,
    OutboxEvent.kind == "ticket.opened",
    Inbound.ticket_id == Ticket.id,
    Person.id == Ticket.requester_id,
)
#: What differs from one ticket to the next.
OWN = {"id", "number", "ticket_id", "requester_id", "subject_id", "actor_id", "person_id", "key", "shard"} | {
    "at",
    "created_at",
    "updated_at",
}


def kept(row: object, *ways: str) -> dict[str, object]:
    """What a row says, apart from names and numbers of its own."""
    columns = row.__table__.columns.keys()  # type: ignore[attr-defined]
    said = {name: getattr(row, name) for name in columns if name not in OWN}
    if "payload" in said:
        said["payload"] = {
            name: each for name, each in said["payload"].items() if name not in ("reference", "actor_id")
        }
    for way in ways:
        said = {name: each.replace(way, "") if isinstance(each, str) else each for name, each in said.items()}
    return {
        name: each.replace(b"batch", b"").replace(b"alone", b"") if isinstance(each, bytes) else each
        for name, each in said.items()
        if name != "idempotency_key"
    }


def test_a_worker_that_is_killed_within_a_batch_has_made_nothing_of_it(
    start_worker: StartWorker, queue_database: Engine, bring: Bring
) -> None:
    with queue_database.connect() as blocker:
        # Somebody is just meeting the same person, and does not come to an end: the batch waits in its midst.
        person = "insert into person (id, name) values (gen_random_uuid(), '') returning id"
        met = "insert into mail_identity (address, person_id) values ('asha@people.example', :person)"
        blocker.execute(text(met), {"person": blocker.scalar(text(person))})
        bring("one", "two", "three")
        victim = start_worker()
        eventually(lambda: waits_for_lock(queue_database))
        assert made(queue_database) == []
        victim.kill()
        blocker.rollback()
    eventually(lambda: not waits_for_lock(queue_database))
    assert states(queue_database) == ["waiting"] * 3
    with Session(queue_database) as session:
        assert session.scalars(select(InboundBatch.inbound_ids)).one() != []
    start_worker()
    eventually(lambda: states(queue_database) == ["done"] * 3)
    assert made(queue_database) == ["one", "two", "three"]
    with Session(queue_database) as session:
        assert set(session.scalars(select(Inbound.attempts))) == {1}
        assert session.scalars(select(InboundBatch.shard)).all() == []


def test_a_batch_that_killed_its_worker_comes_in_ever_smaller_ones(queue_database: Engine, bring: Bring) -> None:
    bring(*(str(number) for number in range(60)))
    with Session(queue_database) as session:
        shard = session.scalars(select(Inbound.shard).limit(1)).one()
    with queue_database.connect() as connection:
        sizes = [len(drain._claimed(connection, [shard], 50)) for _ in range(4)]
    assert sizes == [50, 25, 5, 1]


def test_old_records_are_forgotten_but_not_those_that_wait_or_failed(queue_database: Engine, bring: Bring) -> None:
    bring("one")
    drain.drain(queue_database)
    bring("two")
    with clock.frozen(clock.now() + timedelta(days=2)), Session(queue_database) as session, session.begin():
        assert upkeep._run(session, upkeep.FORGET_RECEIVED, 1) == 1
    assert states(queue_database) == [Progress.WAITING]


def test_a_burst_is_worked_off_with_the_worker_killed_twice(
    start_worker: StartWorker, queue_database: Engine, bring: Bring
) -> None:
    for number in range(300):
        bring("first", "second", sender=f"{number % 40}.{number}@people.example")

    def done(at_least: int) -> bool:
        return states(queue_database).count(Progress.DONE) >= at_least

    for share in (100, 300):
        worker = start_worker()
        eventually(lambda share=share: done(share))
        worker.kill()
    start_worker()
    eventually(lambda: done(600), 120)
    with Session(queue_database) as session:
        each = session.execute(
            select(Ticket.requester_id, func.array_agg(Ticket.description).label("told")).group_by(Ticket.requester_id)
        ).all()
        assert len(each) == 300
        numbers = session.execute(select(Ticket.requester_id, Ticket.description).order_by(Ticket.number)).all()
    told: dict[object, list[str]] = {}
    for requester, said in numbers:
        told.setdefault(requester, []).append(said)
    assert set(map(tuple, told.values())) == {("first", "second")}
