"""How the database answers programs: from indexes, so that a request costs at a million tickets what it costs here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from helpsage.people.models import Role
from tests.integration.api.conftest import Desk, Program

TICKETS, PEOPLE = 4_000, 400
#: Tables that grow with what people write. (Requesters of one page are few: how those are read is PostgreSQL's choice.)
LARGE = frozenset({"ticket", "ticket_entry", "ticket_change", "ticket_search"})

_PEOPLE = """
    insert into person (id, name, email) select gen_random_uuid(), 'Person ' || n, 'p' || n || '@x.example'
    from generate_series(1, :people) n
"""
_ADDRESSES = """
    insert into mail_identity (address, person_id, created_at) select email, id, now() from person
    where email like 'p%@x.example'
"""
_TICKETS = """
    insert into ticket (id, subject, description, category, priority, priority_reason, status, channel, requester_id,
                        department_id, team_id, tags, created_at, updated_at)
    select gen_random_uuid(), 'Ticket ' || n, 'Code ERR' || n, 'wifi_problem', 'normal', '', status, 'web', asked.id,
           :department, :team, case when n % 100 = 0 then array['fees'] else '{}' end,
           now() - n * interval '1 hour', now() - n * interval '1 hour'
    from generate_series(1, :tickets) n
    join (select id, row_number() over (order by id) as place from person where email like 'p%@x.example') asked
      on asked.place = 1 + n % :people
    cross join lateral (select (array['open', 'in_progress', 'waiting', 'resolved', 'closed'])[1 + n % 5] as status) s
"""
_ENTRIES = """
    insert into ticket_entry (id, ticket_id, author_kind, author_name, visibility, body, source, created_at)
    select gen_random_uuid(), id, 'agent', 'Ravi', 'public', 'We look at it.', 'console', created_at from ticket
"""
_SEARCH = """
    insert into ticket_search (ticket_id, number, document) select id, number, search_document(t) from ticket t
"""


@pytest.fixture
def many(desk: Desk) -> Desk:
    """A desk with so many tickets that reading them all would cost more than an index."""
    known = {"people": PEOPLE, "tickets": TICKETS, "department": desk.homes["it"].id, "team": desk.teams["wires"].id}
    with desk.engine.begin() as connection:
        # Nothing follows from these rows.
        connection.execute(text("set local session_replication_role = replica"))
        for statement in (_PEOPLE, _ADDRESSES, _TICKETS, _ENTRIES, _SEARCH):
            connection.execute(text(statement), known)
    with desk.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze person, mail_identity, ticket, ticket_entry, ticket_search"))
    return desk


@pytest.fixture
def ravi(many: Desk) -> Program:
    """An agent's program."""
    return many.of("ravi@desk.example", Role.AGENT, "wires")


Sent = list[tuple[str, Any]]


@pytest.fixture
def sent(database: Engine) -> Iterator[Sent]:
    """What the database is asked meanwhile."""
    found: Sent = []

    def note(_: object, __: object, statement: str, parameters: Any, *rest: object) -> None:
        found.append((statement, parameters))

    event.listen(database, "before_cursor_execute", note)
    yield found
    event.remove(database, "before_cursor_execute", note)


def _parts(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _parts(each)


def _reads(engine: Engine, sent: Sent, tables: frozenset[str] = LARGE) -> list[dict[str, Any]]:
    """How each of these tables is read for these questions."""
    found = []
    with engine.connect() as connection, connection.connection.cursor() as cursor:
        for statement, parameters in sent:
            if statement.lstrip("( \n").lower().startswith(("select", "with")):
                cursor.execute(f"explain (format json) {statement}", parameters)
                found += [
                    part for part in _parts(cursor.fetchone()[0][0]["Plan"]) if part.get("Relation Name") in tables
                ]
    return found


LONG_AGO = f"{datetime.now(UTC) - timedelta(days=80):%Y-%m-%dT%H:%M:%SZ}"


PATHS = (
    "/tickets", "/tickets?category=wifi_problem&priority=normal", "/tickets?tag=fees", "/tickets?channel=fax",
    "/tickets?team=wires&status=open", "/tickets?assignee=me", "/tickets?requester={person}", "/tickets?sort=due",
    f"/tickets?opened_before={LONG_AGO}", f"/tickets?changed_from={LONG_AGO}&sort=unchanged",
    "/tickets?sort=newest&cursor={cursor}", "/search?q=ERR77", "/tickets/{reference}", "/tickets/{reference}/thread",
    "/people", "/people?email=p77@x.example", "/people/{person}",
)  # fmt: skip


def test_no_request_reads_all_tickets(ravi: Program, many: Desk, sent: Sent) -> None:
    """In one test: making the tickets takes longer than asking for them."""
    one = ravi.get("/tickets", params={"limit": 1, "sort": "newest", "opened_before": LONG_AGO}).json()
    (ticket,) = one["items"]
    names = {"person": ticket["requester"]["id"], "reference": ticket["reference"], "cursor": one["next_cursor"]}
    for path in PATHS:
        sent.clear()
        assert ravi.get(path.format(**names)).status_code == 200, path
        reads = _reads(many.engine, list(sent))
        assert reads, path
        for read in reads:
            assert "Seq Scan" not in read["Node Type"], (path, read)
            assert "Index Cond" in read or "Recheck Cond" in read, (path, read)


def test_a_channel_that_nobody_uses_is_looked_for_in_its_index(ravi: Program, many: Desk, sent: Sent) -> None:
    sent.clear()
    assert ravi.get("/tickets?channel=fax").json()["items"] == []
    reads = [read for read in _reads(many.engine, list(sent)) if read["Relation Name"] == "ticket"]
    assert {read["Index Name"] for read in reads} == {"ix_ticket_channel_status_updated_at_id"}


def test_an_address_is_looked_up(ravi: Program, many: Desk, sent: Sent) -> None:
    sent.clear()
    assert [one["name"] for one in ravi.get("/people?email=p77@x.example").json()["items"]] == ["Person 77"]
    reads = _reads(many.engine, list(sent), frozenset({"person", "mail_identity"}))
    assert [read for read in reads if "Index Cond" not in read and "Recheck Cond" not in read] == []
