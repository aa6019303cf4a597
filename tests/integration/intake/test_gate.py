"""Many come at once: they share commits, and each hears of its own record only."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from helpsage.intake import gate, service
from helpsage.intake.gate import Gate
from helpsage.intake.models import Inbound, Lane
from helpsage.intake.service import Arrival


def arrival(key: str, raw: bytes = b"{}") -> Arrival:
    return service.arrival(Lane.FORM, key, raw, "application/json", sender=f"{key}@people.example")


@pytest.fixture
def at_once(clean_database: Engine, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Keys by commit. The first commit waits until everybody else has come."""
    commits: list[list[str]] = []
    real = gate._commit

    def commit(some: list[gate._Waiting]) -> None:
        commits.append([waiting.arrival.key for waiting in some])
        if commits == [["first"]]:
            while len(opened._queue) < 9:
                threading.Event().wait(0.005)
        real(some)

    opened = Gate()
    monkeypatch.setattr(gate, "_commit", commit)
    monkeypatch.setattr(gate, "_GATE", opened)
    return commits


def keep_all(*arrivals: Arrival) -> dict[str, object]:
    """The first one alone, the others while it is being committed."""

    def kept(each: Arrival) -> object:
        try:
            return gate.keep(each).number
        except IntegrityError as error:
            return type(error)

    with ThreadPoolExecutor(len(arrivals)) as pool:
        first = pool.submit(kept, arrivals[0])
        while not gate._GATE._taken:
            threading.Event().wait(0.005)
        others = list(pool.map(kept, arrivals[1:]))
        return dict(zip((each.key for each in arrivals), (first.result(), *others), strict=True))


def test_those_who_come_meanwhile_share_the_next_commit(clean_database: Engine, at_once: list[list[str]]) -> None:
    keys = ["first", *(str(number) for number in range(9))]
    answered = keep_all(*map(arrival, keys))
    assert [len(each) for each in at_once] == [1, 9]
    with Session(clean_database) as session:
        assert {row.key: row.id for row in session.execute(select(Inbound.key, Inbound.id))} == answered


def test_one_that_cannot_be_kept_keeps_none_of_the_others_out(clean_database: Engine, at_once: list[list[str]]) -> None:
    with clean_database.begin() as connection:
        connection.execute(text("alter table inbound add constraint ck_no_poison check (key <> 'poison')"))
    try:
        answered = keep_all(*map(arrival, ["first", "poison", *(str(number) for number in range(8))]))
    finally:
        with clean_database.begin() as connection:
            connection.execute(text("alter table inbound drop constraint ck_no_poison"))
    assert answered.pop("poison") is IntegrityError
    with Session(clean_database) as session:
        assert {row.key: row.id for row in session.execute(select(Inbound.key, Inbound.id))} == answered


def test_the_same_brought_at_once_is_one(clean_database: Engine, at_once: list[list[str]]) -> None:
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(gate.keep, arrival("first"))
        while not gate._GATE._taken:
            threading.Event().wait(0.005)
        kept = list(pool.map(gate.keep, [arrival("same")] * 9))
    assert [each.is_new for each in kept].count(True) == 1
    assert {each.number for each in kept} == {gate.keep(arrival("same")).number}
    assert first.result().number != kept[0].number
    with Session(clean_database) as session:
        assert session.scalar(select(func.count()).select_from(Inbound)) == 2


def test_what_is_large_goes_alone() -> None:
    small, large = gate._Waiting(arrival("a")), gate._Waiting(arrival("b", b" " * (gate.MOST_BYTES + 1)))
    assert gate._together([small, large, small]) == [small]
    assert gate._together([large, small]) == [large]
    assert len(gate._together([gate._Waiting(arrival(str(number))) for number in range(100)])) == gate.MOST


def test_the_second_of_a_key_hears_that_it_is_the_second() -> None:
    first, second = gate._Waiting(arrival("a")), gate._Waiting(arrival("a"))
    assert gate._together([first, second]) == [first]
