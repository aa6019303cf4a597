"""Databases full of tickets, generated once and kept under `var/bench`: the same words, dates and sizes for all."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from helpsage.analytics import upkeep
from helpsage.db import embedded, migrate
from helpsage.departments import service as departments
from helpsage.departments.models import TeamMember
from helpsage.people import accounts
from helpsage.people.models import Role
from helpsage.tickets import categories
from helpsage.tickets.search import typos

AGENTS = 200
CHUNK = 100_000
#: Tickets from which the list of words for mistyped searches is learned; later ones use the same words.
LEARNED = 20_000
#: Of the 200: sees a whole department, and its figures.
LEAD = "lead@bench.example"

#: Every ticket has words of these, and a code of its own: searches find much, little, or one.
THINGS = [
    "printer",
    "laptop",
    "projector",
    "wifi",
    "vpn",
    "mailbox",
    "calendar",
    "password",
    "account",
    "invoice",
    "payment",
    "refund",
    "timetable",
    "exam",
    "form",
    "scholarship",
    "hostel",
    "room",
    "library",
    "card",
    "scanner",
    "keyboard",
    "monitor",
    "licence",
    "browser",
    "website",
    "portal",
    "database",
    "backup",
    "folder",
]
TROUBLES = [
    "jams",
    "crashes",
    "freezes",
    "vanished",
    "expired",
    "failed",
    "locked",
    "missing",
    "slow",
    "broken",
    "duplicated",
    "refused",
    "rejected",
    "unreachable",
    "corrupted",
    "delayed",
    "wrong",
    "empty",
    "cancelled",
    "pending",
]
PLACES = [
    "lobby",
    "basement",
    "lab",
    "office",
    "canteen",
    "auditorium",
    "workshop",
    "clinic",
    "archive",
    "studio",
    "dormitory",
    "garage",
]

TICKETS = """
insert into ticket (id, number, requester_id, subject, description, category, priority, priority_reason, status,
                    channel, assignee_id, department_id, team_id, tags, rating, created_at, updated_at,
                    first_response_at, resolved_at, closed_at)
select gen_random_uuid(), nextval('ticket_number'), %(people)s[1 + (a * %(n_people)s)::int %% %(n_people)s],
       thing || ' ' || trouble || ' in the ' || place,
       'The ' || thing || ' in the ' || place || ' ' || trouble || ' since this morning. Code ERR' || n ||
         '. I tried it twice, and my colleague in the ' || place || ' sees the same.',
       category, priority, 'category', status, (array['web', 'web', 'web', 'email', 'portal'])[1 + (b * 5)::int %% 5],
       case when status <> 'open'
            then %(agents)s[team + %(n_teams)s * ((c * %(n_agents)s)::int %% (%(n_agents)s / %(n_teams)s))] end,
       %(department)s, %(teams)s[team],
       case when d < 0.2 then array[place] else '{}' end,
       case when status = 'closed' and e < 0.3 then 1 + (f * 4.999)::int %% 5 end,
       opened, greatest(opened, coalesce(solved, answered, opened)), answered, solved,
       case when status = 'closed' then solved end
from (
  select *, case when status not in ('open') then opened + make_interval(secs => exp(7 + 2 * a + b)) end as answered,
         case when status in ('resolved', 'closed')
              then least(opened + make_interval(secs => exp(9 + 3 * c + d)), now()) end as solved
  from (
    select *, (%(team_of)s::jsonb ->> category)::int as team,
           case when done then case when e < 0.9 then 'closed' else 'resolved' end
                   else (array['open', 'open', 'in_progress', 'waiting', 'escalated'])[1 + (f * 5)::int %% 5]
              end as status
    from (
      select n, random() a, random() b, random() c, random() d, random() e, random() f,
             now() - make_interval(secs => (%(total)s - n)::double precision / %(total)s * 364 * 86400) as opened,
             random() < case when n > %(total)s * 0.97 then 0.2 else 0.995 end as done,
             (%(things)s)[1 + (random() * 29.99)::int %% 30] as thing,
             (%(troubles)s)[1 + (random() * 19.99)::int %% 20] as trouble,
             (%(places)s)[1 + (random() * 11.99)::int %% 12] as place,
             (%(categories)s)[1 + (power(random(), 2) * %(n_categories)s)::int %% %(n_categories)s] as category,
             (array['low', 'normal', 'normal', 'normal', 'high', 'urgent'])[1 + (random() * 6)::int %% 6] as priority
      from generate_series(%(first)s, %(last)s) n
    ) numbered
  ) standing
) timed
"""
ENTRIES = """
insert into ticket_entry (id, ticket_id, author_kind, author_name, visibility, body, source, created_at)
select gen_random_uuid(), id, kind, 'Somebody', 'public', body, 'console', coalesce(first_response_at, created_at)
from ticket, (values ('agent', 'Thank you, I am looking into it and will be back soon.'),
                     ('requester', 'It happened again after the restart, the same message as before.')) said(kind, body)
where number between %(first)s and %(last)s and first_response_at is not null
"""
CHANGES = """
insert into ticket_change (ticket_id, at, actor_kind, actor_name, action, before, after)
select id, coalesce(resolved_at, created_at), 'agent', 'Somebody', action, before::jsonb, after::jsonb
from ticket, (values ('created', null, '{"status": "open"}'), ('replied', null, '{}'),
                     ('status', '{"status": "open"}', '{"status": "in_progress"}')) line(action, before, after)
where number between %(first)s and %(last)s
"""
SEARCH = """
insert into ticket_search (ticket_id, number, document)
select id, number, search_document(t) from ticket t where number between %(first)s and %(last)s
"""
PEOPLE = """
insert into person (id, name, email)
select gen_random_uuid(), 'Person ' || n, 'person' || n || '@bench.example' from generate_series(1, %(n)s) n
returning id
"""
TALKS = """
insert into conversation_day (conversation_id, day, channel, helped, not_helped, filed, left_open)
select id, created_at::date, 'web', (number %% 3 = 0)::int, (number %% 7 = 0)::int, (number %% 2)::int,
       (number %% 5 = 4)::int
from (select id, created_at, row_number() over () as number from conversation) c
"""
CONVERSATIONS = """
insert into conversation (id, sender_id, channel, created_at)
select id, 'web:' || id, 'web', at from (
  select gen_random_uuid() as id, now() - make_interval(secs => random() * 364 * 86400) as at
  from generate_series(1, %(n)s)) made
"""
FEEDBACK = """
insert into answer_feedback (conversation_id, answer, helped, at)
select id, 'answer_' || (random() * 75)::int, random() < 0.8, created_at from conversation where random() < 0.4
"""
INDEXES = """
select c.relname, pg_get_indexdef(i.indexrelid)
from pg_index i join pg_class c on c.oid = i.indexrelid
where i.indrelid in ('ticket'::regclass, 'ticket_entry'::regclass, 'ticket_change'::regclass, 'ticket_search'::regclass)
  and not exists (select 1 from pg_constraint where conindid = i.indexrelid)
  and c.relname <> 'ix_ticket_entry_ticket_id_created_at'
"""
ATTEMPTS = """
insert into report_attempt (form, conversation_id, asked, begun_at, last_at, outcome)
select id::text, id, (array['description', 'email', 'place', 'amount', 'confirm'])[1 + (random() * 5)::int %% 5],
       created_at, created_at, case when random() < 0.9 then 'sent' end
from conversation where random() < 0.5
"""


@contextmanager
def server(folder: Path) -> Iterator[Callable[[str], str]]:
    """PostgreSQL of the bench, running inside (and after, if it was before); gives a database's address by its name."""
    was_running = embedded.is_running(folder)
    address = embedded.start(folder)
    try:
        yield lambda name: address.replace(f"/{embedded.DATABASE}?", f"/{name}?")
    finally:
        if not was_running:
            embedded.stop(folder)


def exists(admin: str, name: str) -> bool:
    """Whether there is a finished database of this name: half a one is made anew."""
    connection = psycopg2.connect(admin)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select shobj_description(oid, 'pg_database') from pg_database where datname = %s", (name,))
            row = cursor.fetchone()
            return row is not None and row[0] == "complete"
    finally:
        connection.close()


def make(admin: str, name: str) -> None:
    """An empty database of this name."""
    _as_admin(admin, f'drop database if exists "{name}" with (force)')
    _as_admin(admin, f'create database "{name}"')


def finish(admin: str, url: str, name: str) -> None:
    """Statistics, and the mark that it is complete."""
    _as_admin(url, "vacuum analyze")
    _as_admin(admin, f"comment on database \"{name}\" is 'complete'")


def renew(url: str) -> None:
    """Bring a kept database to the present tables, and do what the worker would have done since."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    migrate.upgrade(engine)
    for work in (upkeep.fold, typos.learn):
        waiting = True
        while waiting:
            with Session(engine) as session, session.begin():
                waiting = bool(work(session))
    engine.dispose()
    # A migration may have written a table anew; on an installation autovacuum sees to that within a minute or two.
    _as_admin(url, "vacuum analyze")


def megabytes(url: str) -> int:
    """Size of a database with its indexes."""
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select pg_database_size(current_database()) / 1000000")
            row = cursor.fetchone()
            return int(row[0]) if row is not None else 0
    finally:
        connection.close()


def _as_admin(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def fill(url: str, tickets: int, say: Callable[[str], None]) -> None:
    """A desk of this many tickets over a year, with agents, threads, logs, search, conversations and figures."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    migrate.upgrade(engine)
    with Session(engine) as session, session.begin():
        department = departments.ensure_defaults(session)
        found = departments.teams(session)
        names = [team.key for team in found]
        teams = [str(team.id) for team in found]
        agents = []
        for n in range(AGENTS):
            address, role = (f"agent{n}@bench.example", Role.AGENT) if n else (LEAD, Role.LEAD)
            account = accounts.add(session, address, f"Agent {n}", "", role)
            session.flush()
            session.add(TeamMember(team_id=found[n % len(found)].id, account_id=account.id))
            agents.append(str(account.id))
        team_of = {key: 1 + names.index(team) for key, team in categories_and_teams().items()}
        place = str(department.id)
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        # Nothing follows from these rows by itself: search and figures are made from all of them at once.
        cursor.execute("set session_replication_role = replica")
        cursor.execute("select setseed(0.42)")
        cursor.execute(PEOPLE, {"n": max(50, tickets // 20)})
        people = [str(row[0]) for row in cursor.fetchall()]
        known = {
            "people": people, "agents": agents, "department": place, "teams": teams, "total": tickets,
            "things": THINGS, "troubles": TROUBLES, "places": PLACES, "categories": list(team_of),
            "team_of": json.dumps(team_of),
        }  # fmt: skip
        sizes = {f"n_{name}": len(known[name]) for name in ("people", "agents", "teams", "categories")}  # type: ignore[arg-type]
        indexes = _without_indexes(cursor)
        for first in range(1, tickets + 1, CHUNK):
            begun = time.monotonic()
            last = min(first + CHUNK - 1, tickets)
            cursor.execute(_typed(TICKETS), {**known, **sizes, "first": first, "last": last})
            for statement in (ENTRIES, CHANGES, SEARCH):
                cursor.execute(statement, {"first": 1000 + first, "last": 1000 + last})
            connection.commit()
            cursor.execute("set session_replication_role = replica")
            say(f"{last:,} tickets ({time.monotonic() - begun:.0f} s)")
        cursor.execute("set maintenance_work_mem = '512MB'")
        for definition in indexes:
            cursor.execute(definition)
        say("indexes made")
        cursor.execute(CONVERSATIONS, {"n": tickets})
        for statement in (TALKS, FEEDBACK, ATTEMPTS):
            cursor.execute(statement, {})
        cursor.execute(
            "insert into search_pending (ticket_id) select id from ticket order by number desc limit %s", (LEARNED,)
        )
    connection.close()
    with Session(engine) as session:
        while typos.learn(session):
            session.commit()
        session.commit()
    say("search words learned")
    upkeep.rebuild("UTC", engine)
    say("figures made")
    engine.dispose()


def _without_indexes(cursor: Any) -> list[str]:
    """Take the large tables' indexes away (but those of keys) and return how to make them: once is faster than row
    by row.
    """
    cursor.execute(INDEXES)
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f'drop index "{name}"')
    return [definition for _, definition in found]


def _typed(statement: str) -> str:
    """Lists of ids and of words as arrays of their types."""
    for name in ("people", "agents", "teams"):
        statement = statement.replace(f"%({name})s[", f"(%({name})s::uuid[])[")
    for name in ("things", "troubles", "places", "categories"):
        statement = statement.replace(f"(%({name})s)[", f"(%({name})s::text[])[")
    return statement.replace("%(department)s", "%(department)s::uuid")


@cache
def categories_and_teams() -> dict[str, str]:
    """The installed ones, each with the key of its team."""
    return {key: category.team.lower() for key, category in categories.read(categories.FILE).categories.items()}
