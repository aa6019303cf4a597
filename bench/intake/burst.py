"""Records and tickets a second beside plain inserts, and a burst that is worked off while the worker is killed."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from bench.web import data
from helpsage import settings
from helpsage.intake import drain, gate, service
from helpsage.jobs.programs import DUTIES
from helpsage.jobs.queue import DEFAULT_QUEUE, QUEUES
from helpsage.mailroom import keeping, listener
from helpsage.setup import steps

#: Connections at a time, for the ceiling and for us alike.
CONNECTIONS = 4
#: Letters that arrive at a time: as many as the listener keeps.
SENDERS = listener.KEEPERS
#: Seconds for which is looked how many tickets of a burst are routed, once all are made.
ROUTED_S = 60.0
#: Seconds of each measurement of acceptance.
SECONDS = 10.0
PEOPLE = 500
#: Seconds between two looks at what has become of letters: waits are that much too long at most.
LOOK_S = 0.1

_LETTER = """From: Person {who} <person{who}@people.example>
To: help@desk.example
Subject: The {thing} in the {place}
Date: Fri, 20 Nov 2026 10:00:00 +0000
Message-ID: <{number}.{mark}@people.example>
Content-Type: text/plain; charset=utf-8

Since this morning the {thing} in the {place} is {trouble}, whatever I do.
I switched it off and on again. The code it shows is ERR{number}.

--
Person {who}
"""


@dataclass(frozen=True)
class Rate:
    """How many a second, in all connections together."""

    count: int
    seconds: float

    @property
    def a_second(self) -> float:
        """The rate."""
        return round(self.count / self.seconds, 1)


def letter(number: int, mark: str) -> bytes:
    """A letter of one of many people."""
    told = {
        "thing": data.THINGS[number % len(data.THINGS)],
        "trouble": data.TROUBLES[number // 7 % len(data.TROUBLES)],
        "place": data.PLACES[number // 11 % len(data.PLACES)],
    }
    return _LETTER.format(who=number % PEOPLE, number=number, mark=mark, **told).replace("\n", "\r\n").encode()


def ceiling(url: str) -> Rate:
    """Plain inserts of the same letters into a table with one unique key, a transaction each, as pgbench does it: the
    driver alone, and as many connections as the letters are kept with.
    """
    with _connected(url) as admin, admin.cursor() as cursor:
        cursor.execute("drop table if exists plain")
        cursor.execute("create table plain (id bigserial primary key, key text unique, raw bytea)")

    def insert(connection: Any, number: int) -> None:
        with connection, connection.cursor() as cursor:
            cursor.execute("insert into plain (key, raw) values (%s, %s)", (f"key {number}", letter(number, "plain")))

    return _repeated(lambda: _connected(url), insert)


def accepted(url: str) -> Rate:
    """Letters kept and committed before anybody hears of it, as the listener does it: so many senders at a time."""
    _use(url)

    def keep(_connection: Any, number: int) -> None:
        gate.keep(keeping.arrival(letter(number, "burst"), {"envelope_to": ["help@desk.example"]}))

    return _repeated(contextlib.nullcontext, keep, SENDERS)


def _repeated(connect: Callable[[], Any], work: Callable[[Any, int], None], at_a_time: int = CONNECTIONS) -> Rate:
    counts = [0] * at_a_time
    began = time.monotonic()

    def run(place: int) -> None:
        connection = connect()
        number = place
        while time.monotonic() - began < SECONDS:
            work(connection, number)
            number += at_a_time
            counts[place] += 1
        if hasattr(connection, "close"):
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(at_a_time)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Rate(sum(counts), time.monotonic() - began)


def made(url: str) -> Rate:
    """Tickets made of the letters that wait, in this process, all shards at a time, as a worker does it."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"), pool_size=2 * service.SHARDS)
    before = _count(url, "select count(*) from ticket")
    began = time.monotonic()

    def run(place: int) -> None:
        while time.monotonic() - began < SECONDS and drain.drain_shards(engine, [place]):
            pass

    threads = [threading.Thread(target=run, args=(place,)) for place in range(service.SHARDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    engine.dispose()
    return Rate(_count(url, "select count(*) from ticket") - before, took)


def fill(url: str, records: int) -> Rate:
    """Bring so many letters as fast as they are taken."""
    _use(url)
    began = time.monotonic()
    with ThreadPoolExecutor(SENDERS) as pool:
        # A person's letters come one after the other: they are of one sender's turn.
        turns = [range(place, records, PEOPLE) for place in range(PEOPLE)]
        for _ in pool.map(_bring, turns):
            pass
    return Rate(records, time.monotonic() - began)


def _bring(numbers: range) -> None:
    for number in numbers:
        gate.keep(keeping.arrival(letter(number, "drain"), {"envelope_to": ["help@desk.example"]}))


def _use(url: str) -> None:
    """What is kept by this process goes there."""
    os.environ["DATABASE_URL"] = url
    settings.get.cache_clear()


def warm(url: str, folder: Path) -> None:
    """Let a worker route a letter: it trains its reader when it has none yet."""
    _use(url)
    with worker(url, folder):
        begun(url)


def begun(url: str) -> int:
    """Wait until the programs that run have routed a letter and all show life: they are at work, not still starting.

    Returns:
        The number of the letter's record.
    """
    kept = gate.keep(keeping.arrival(letter(0, "warm"), {"envelope_to": ["help@desk.example"]}))
    routed = f"select count(*) from ({_ROUTED}) done where id = {kept.number}"
    deadline = time.monotonic() + 300
    alive = "select count(distinct program) from heartbeat"
    while not _count(url, routed) or _count(url, alive) < len(DUTIES):
        if time.monotonic() > deadline:
            raise TimeoutError("no letter was routed within five minutes")
        time.sleep(LOOK_S)
    return kept.number


@dataclass(frozen=True)
class Drained:
    """What became of a burst."""

    records: int
    tickets: int
    seconds: float
    kills: int
    lost: int
    doubled: int
    out_of_order: int
    #: Still waiting when patience ran out.
    unfinished: int
    #: Tickets that were routed when the looking ended, and seconds from the beginning until then.
    routed: int
    routed_s: float

    @property
    def a_second(self) -> float:
        """Tickets made a second, kills and restarts included."""
        return round(self.tickets / self.seconds, 1)


def drained(url: str, records: int, folder: Path, kills: int = 2, patience_s: float = 900.0) -> Drained:
    """Let a worker make tickets of what waits, killing it on the way."""
    variables = _variables(url, folder)
    began = time.monotonic()
    left = kills
    beside = [_worker(variables, folder, queue) for queue in QUEUES if queue != DEFAULT_QUEUE]
    worker = _worker(variables, folder)
    try:
        while (done := _count(url, "select count(*) from inbound where state <> 'waiting'")) < records:
            if left and done >= records * (kills - left + 1) // (kills + 1):
                worker.kill()
                worker.wait()
                worker = _worker(variables, folder)
                left -= 1
            if time.monotonic() - began > patience_s:
                break
            time.sleep(0.2)
        took = time.monotonic() - began
        enough = time.monotonic() + ROUTED_S
        while (routed := _count(url, "select count(*) from routing")) < done and time.monotonic() < enough:
            time.sleep(0.5)
        routed_s = time.monotonic() - began
    finally:
        _end(worker)
        for each in beside:
            _end(each)
    return Drained(
        records,
        _count(url, "select count(*) from ticket"),
        took,
        kills - left,
        _count(url, "select count(*) from inbound where ticket_id is null and state <> 'waiting'"),
        _count(url, "select count(*) - count(distinct ticket_id) from inbound where ticket_id is not null"),
        _count(url, _OUT_OF_ORDER),
        _count(url, "select count(*) from inbound where state = 'waiting'"),
        routed,
        round(routed_s, 1),
    )


#: Tickets of one person whose order is not that in which their letters came.
_OUT_OF_ORDER = """
select count(*) from (
  select t.number, lag(t.number) over (partition by i.sender order by i.id) as before
  from inbound i join ticket t on t.id = i.ticket_id
) ordered where number < before
"""


def _variables(url: str, folder: Path) -> dict[str, str]:
    """Of a worker: the bench's database and files, the encoder of this installation."""
    encoder = str(steps.encoder_folder())
    return {**os.environ, "DATABASE_URL": url, "HELPSAGE_VAR": str(folder), "HELPSAGE_ENCODER": encoder}


def _worker(variables: dict[str, str], folder: Path, queue: str = DEFAULT_QUEUE) -> subprocess.Popen[bytes]:
    with (folder / f"{queue}.log").open("ab") as log:
        command = [sys.executable, "-m", "helpsage.worker", queue]
        return subprocess.Popen(command, env=variables, stdout=log, stderr=log)


@contextmanager
def worker(url: str, folder: Path) -> Iterator[None]:
    """A worker of each queue, running inside, as `./sage up` runs them."""
    variables = _variables(url, folder)
    running = [_worker(variables, folder, queue) for queue in QUEUES]
    try:
        yield
    finally:
        for each in running:
            _end(each)


def _end(running: subprocess.Popen[bytes]) -> None:
    """Ask it to stop; one that takes long on a busy machine is killed, what it was at does not count any more."""
    running.terminate()
    try:
        running.wait(60)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()


def waited(url: str, rate: float, seconds: float) -> dict[str, Any]:
    """Seconds from acceptance until the ticket and where it was sent can be seen, with a worker that is at work."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    _use(url)
    first = begun(url)
    seen: dict[str, dict[int, float]] = {"ticket": {}, "routed": {}}
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(url, seen, over))
    watcher.start()
    began, number = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        gate.keep(keeping.arrival(letter(number, "steady"), {"envelope_to": ["help@desk.example"]}))
        number += 1
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
    took = time.monotonic() - began
    deadline = time.monotonic() + 60
    while len(seen["routed"]) < number + 1 and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    over.set()
    watcher.join()
    with Session(engine) as session:
        came = {row[0]: row[1] for row in session.execute(text(_CAME)) if row[0] > first}
    found: dict[str, Any] = {"letters": number, "rate": round(number / took, 1)}
    for what, at in seen.items():
        # What was never seen counts as waiting until the end.
        waits = sorted(at.get(each, time.time()) - moment for each, moment in came.items())
        found |= {f"{what}_p50_s": round(statistics.median(waits), 3), f"{what}_p95_s": round(_p95(waits), 3)}
    return found


def _watch(url: str, seen: dict[str, dict[int, float]], over: threading.Event) -> None:
    """Note when things become visible to others."""
    with _connected(url) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        while not over.wait(LOOK_S):
            for what, sql in (("ticket", _TICKETS), ("routed", _ROUTED)):
                cursor.execute(sql)
                now = time.time()
                for (inbound_id,) in cursor.fetchall():
                    seen[what].setdefault(inbound_id, now)


def _p95(waits: list[float]) -> float:
    return waits[int(len(waits) * 0.95)]


_CAME = "select id, extract(epoch from received_at)::float from inbound"
_TICKETS = "select id from inbound where ticket_id is not null"
_ROUTED = "select i.id from inbound i join routing r on r.ticket_id = i.ticket_id"


def _connected(url: str) -> Any:
    return psycopg2.connect(url)


def _count(url: str, sql: str) -> int:
    with _connected(url) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])
