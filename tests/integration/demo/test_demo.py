"""The demonstration is consistent, repeatable, and keeps away from real installations."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.demo import fill, times
from helpsage.service_levels import document
from helpsage.settings import ROOT
from helpsage.tickets import lifecycle
from helpsage.tickets.models import Status

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TICKETS = 400


def silent(_: str) -> None:
    pass


@pytest.fixture
def filled(clean_database: Engine) -> Engine:
    with clock.frozen(NOW), Session(clean_database) as session, session.begin():
        fill.fill(session, TICKETS, seed=1, password="correct horse battery staple", tell=silent)
    return clean_database


def ask(engine: Engine, question: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(question), {"now": NOW})]


def test_nothing_contradicts_itself(filled: Engine) -> None:
    never = {
        "in the future": "select 1 from ticket where greatest(updated_at, resolved_at, closed_at) > :now",
        "changes in the future": "select 1 from ticket_change where at > :now",
        "words in the future": "select 1 from ticket_entry where created_at > :now",
        "answered before asked": "select 1 from ticket where first_response_at < created_at",
        "solved before answered": "select 1 from ticket where resolved_at < first_response_at",
        "closed before solved": "select 1 from ticket where closed_at < resolved_at",
        "finished without a time": "select 1 from ticket where status in ('resolved','closed') and resolved_at is null",
        "unfinished with one": "select 1 from ticket where status in ('open','waiting') and resolved_at is not null",
        "closed without a time": "select 1 from ticket where (status = 'closed') <> (closed_at is not null)",
        "placed elsewhere": """select 1 from ticket t join team m on m.id = t.team_id
            where m.department_id <> t.department_id""",
        "not placed": "select 1 from ticket where department_id is null or team_id is null",
        "assigned outside": """select 1 from ticket t where assignee_id is not null and not exists (
            select 1 from team_member m where m.team_id = t.team_id and m.account_id = t.assignee_id)""",
        "unhandled words": "select 1 from message where author = 'person' and handled_at is null",
        "gaps in a chat": """select 1 from conversation c where last_seq <> (
            select count(*) from message m where m.conversation_id = c.id)""",
        "rated while open": "select 1 from ticket where rating is not null and status <> 'closed'",
    }
    for what, question in never.items():
        assert ask(filled, question) == [], what


def test_every_move_is_one_that_the_lifecycle_allows(filled: Engine) -> None:
    moves = ask(
        filled, "select distinct before->>'status', after->>'status' from ticket_change where action = 'status'"
    )
    assert moves
    for origin, target in moves:
        assert Status(str(target)) in lifecycle.TRANSITIONS[Status(str(origin))]


def test_there_is_something_of_everything(filled: Engine) -> None:
    counted = ask(
        filled,
        """select count(*), count(distinct category), count(distinct channel), count(distinct department_id),
                  count(rating), count(*) filter (where tags <> '{}'), count(*) filter (where status <> 'closed')
           from ticket""",
    )[0]
    assert counted[0] == TICKETS
    assert all(int(str(number)) > 2 for number in counted)
    helped = ask(filled, "select helped, count(*) from answer_feedback group by helped")
    assert len(helped) == 2
    assert ask(filled, "select 1 from report_attempt where outcome is null limit 1")


def test_it_looks_like_a_desk_that_copes(filled: Engine) -> None:
    unfinished, stale, good, rated = ask(
        filled,
        """select count(*) filter (where status not in ('resolved', 'closed')),
                  count(*) filter (where resolved_at is null and created_at < :now - interval '30 days'),
                  count(*) filter (where rating >= 4), count(rating) from ticket""",
    )[0]
    assert 0 < int(str(unfinished)) < TICKETS / 10
    assert int(str(stale)) < TICKETS / 50
    assert int(str(good)) > int(str(rated)) * 0.6
    medians = ask(
        filled,
        """select percentile_cont(0.5) within group (order by first_response_at - created_at)
           from ticket where priority in ('high', 'normal') group by priority order by priority""",
    )
    assert medians[0] < medians[1], "what is urgent is answered earlier"


def test_nobody_invented_is_written_to(filled: Engine) -> None:
    for table in ("mail", "dead_letter"):
        assert ask(filled, f"select count(*) from {table}") == [(0,)], table
    # That the desk now has service levels concerns the clocks, and no person.
    assert ask(filled, "select distinct kind from outbox_event") == [(document.CHANGED,)]


def test_the_same_seed_makes_the_same_year(clean_database: Engine) -> None:
    question = "select md5(string_agg(subject || created_at || status, ',' order by number)) from ticket"
    made = []
    for _ in range(2):
        with clock.frozen(NOW), Session(clean_database) as session:
            fill.fill(session, 50, seed=3, password="correct horse battery staple", tell=silent)
            made.append(session.scalar(text(question)))
            session.rollback()
    assert made[0] == made[1]


def test_next_ticket_gets_the_next_number(filled: Engine) -> None:
    last, following = ask(filled, "select max(number), nextval('ticket_number') from ticket")[0]
    assert following == int(str(last)) + 1


def test_work_is_done_in_working_hours() -> None:
    friday_evening = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    assert times.working(friday_evening, 1.0) == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    assert times.working(datetime(2026, 11, 21, 3, 0, tzinfo=UTC), 10.0) == datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def sage(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "helpsage.cli", *arguments],
        cwd=ROOT,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_command_refuses_an_installation_that_is_in_use(clean_database: Engine) -> None:
    first = sage("demo", "--tickets", "30", "--json")
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert told["tickets"] == 30
    assert told["password"] not in first.stderr
    again = sage("demo", "--tickets", "30")
    assert again.returncode == 1
    assert "30 tickets already" in again.stderr
    assert ask(clean_database, "select count(*) from ticket") == [(30,)]
    assert sage("demo", "--tickets", "10", "--yes", "--json").returncode == 0
    assert ask(clean_database, "select count(*) from ticket") == [(40,)]


def test_tickets_that_are_worked_on_are_due_and_nobody_is_told_of_old_ones(filled: Engine) -> None:
    with clock.frozen(NOW), Session(filled) as session, session.begin():
        fill.settle(session)
    unsettled = "select 1 from ticket where status not in ('resolved','closed') and service_terms is null"
    assert ask(filled, f"select count(*) from ({unsettled} and merged_into_id is null) t") == [(0,)]
    late = "select count(*) > 0 from ticket where next_due_at < :now"
    ahead = "select count(*) > 0 from ticket where next_alarm_at > :now"
    told = "select count(*) from outbox_event where kind in ('ticket.due_soon','ticket.breached')"
    overdue_alarms = "select count(*) from ticket where next_alarm_at <= :now"
    assert [ask(filled, each) for each in (late, ahead, told, overdue_alarms)] == [[(True,)], [(True,)], [(0,)], [(0,)]]


def test_the_last_weeks_were_read_and_routed_by_the_desks_own_code(filled: Engine) -> None:
    lately = "select count(*) from ticket where created_at > cast(:now as timestamptz) - interval '35 days'"
    [(tickets,)] = ask(filled, lately)
    assert ask(filled, "select count(*) from reading") == [(tickets,)]
    assert ask(filled, "select count(*) from routing") == [(tickets,)]
    assert ask(filled, "select count(*) > 0 from routing where rule <> '' and before <> '{}'") == [(True,)]
    # What a rule changed stands in the log, as everywhere.
    unlogged = """select 1 from routing r where r.before ? 'priority' and not exists (
        select 1 from ticket_change c where c.ticket_id = r.ticket_id and c.action = 'priority'
        and c.actor_kind = 'system')"""
    assert ask(filled, unlogged) == []


def test_every_letter_and_form_lies_under_received(filled: Engine) -> None:
    lost = """select 1 from ticket t where channel in ('email', 'form')
        and created_at > cast(:now as timestamptz) - interval '35 days'
        and not exists (select 1 from inbound i where i.ticket_id = t.id)"""
    assert ask(filled, lost) == []
    assert ask(filled, "select distinct state from inbound order by 1") == [("done",), ("ignored",)]


def test_the_webhook_of_the_demonstration_calls_nobody(filled: Engine) -> None:
    with clock.frozen(NOW), Session(filled) as session, session.begin():
        fill.settle(session)
    assert ask(filled, "select count(*) > 0 from webhook where disabled_at is null") == [(False,)]
    stages = ask(filled, "select distinct stage from webhook_message order by 1")
    assert stages == [("dead",), ("sent",)]
