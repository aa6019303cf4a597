"""What is written on a ticket through the interface, once, by those who may."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people.models import Role
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tokens import answers
from helpsage.tokens.models import Answer
from tests.integration.api.conftest import Desk, Program


def said(desk: Desk, ticket: Ticket) -> list[tuple[str, str, str]]:
    with Session(desk.engine) as session:
        entries = service.thread(session, service.by_id(session, ticket.id))
        return [(entry.author_kind, entry.visibility, entry.body) for entry in entries]


def test_reply_note_and_comment(desk: Desk, ada: Program, asha: Program) -> None:
    ticket = desk.ticket(desk.account("asha@x.example"))
    address = f"/tickets/{ticket.reference}"
    assert ada.post(f"{address}/replies", json={"body": "On it.", "status": "waiting"}).status_code == 201
    assert ada.post(f"{address}/notes", json={"body": "Ask the bank."}).status_code == 201
    assert asha.post(f"{address}/comments", json={"body": "Thank you."}).status_code == 201
    assert said(desk, ticket) == [
        ("agent", "public", "On it."),
        ("agent", "internal", "Ask the bank."),
        ("requester", "public", "Thank you."),
    ]
    # The person answered, so that nobody waits for them any more.
    assert desk.now(ticket).status == "in_progress"
    assert [one["body"] for one in ada.get(f"{address}/thread").json()["items"]] == [
        "On it.", "Ask the bank.", "Thank you.",
    ]  # fmt: skip
    assert [one["body"] for one in asha.get(f"{address}/thread").json()["items"]] == ["On it.", "Thank you."]


def test_a_thread_goes_by_cursor(desk: Desk, ada: Program) -> None:
    ticket = desk.ticket()
    for number in range(5):
        ada.post(f"/tickets/{ticket.reference}/notes", json={"body": str(number)})
    seen: list[str] = []
    address = f"/tickets/{ticket.reference}/thread?limit=2"
    while address:
        answer = ada.get(address)
        seen += [one["body"] for one in answer.json()["items"]]
        address = answer.links.get("next", {}).get("url", "")
    assert seen == ["0", "1", "2", "3", "4"]
    assert ada.get(f"/tickets/{ticket.reference}/thread?cursor=bm9uZQ").status_code == 422


def test_nobody_writes_as_somebody_else(desk: Desk, ada: Program, asha: Program) -> None:
    ticket = desk.ticket(desk.account("asha@x.example"))
    address = f"/tickets/{ticket.reference}"
    assert asha.post(f"{address}/replies", json={"body": "Solved!"}).status_code == 403
    assert asha.post(f"{address}/notes", json={"body": "Hm."}).status_code == 403
    assert ada.post(f"{address}/comments", json={"body": "I am Asha."}).status_code == 403
    assert said(desk, ticket) == []


def test_nothing_is_said_on_a_ticket_that_moved_on(desk: Desk, ada: Program) -> None:
    ticket = desk.ticket()
    address = f"/tickets/{ticket.reference}/replies"
    ada.post(f"/tickets/{ticket.reference}/notes", json={"body": "Wait."})
    assert ada.post(address, json={"body": "Done."}, headers={"If-Match": '"1"'}).status_code == 412
    assert ada.post(address, json={"body": "Done."}, headers={"If-Match": '"2"'}).status_code == 201
    refused = ada.post(address, json={"body": "And?", "status": "nowhere"})
    assert refused.status_code == 422


# --- once


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.ticket()


@pytest.mark.parametrize("kind", ["tickets", "notes"])
def test_the_same_request_is_done_once_and_answered_alike(desk: Desk, ada: Program, ticket: Ticket, kind: str) -> None:
    address = "/tickets" if kind == "tickets" else f"/tickets/{ticket.reference}/notes"
    body = {"description": "Again?", "requester": {"name": "Asha"}} if kind == "tickets" else {"body": "Again?"}
    first = ada.post(address, json=body, headers={"Idempotency-Key": "one"})
    second = ada.post(address, json=body, headers={"Idempotency-Key": '"one"'})
    assert (first.status_code, second.status_code, second.content) == (201, 201, first.content)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers.get("location") == first.headers.get("location")
    with Session(desk.engine) as session:
        count = session.scalar(text("select (select count(*) from ticket) + (select count(*) from ticket_entry)"))
    assert count == 2


def test_a_key_with_another_request_is_a_mistake(desk: Desk, ada: Program, ticket: Ticket) -> None:
    address = f"/tickets/{ticket.reference}/notes"
    ada.post(address, json={"body": "One"}, headers={"Idempotency-Key": "k"})
    answer = ada.post(address, json={"body": "Two"}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (422, "key-reused")
    assert len(said(desk, ticket)) == 1


def test_a_key_is_one_tokens_own(desk: Desk, ada: Program, ticket: Ticket) -> None:
    other = desk.of("other@desk.example", Role.ADMINISTRATOR)
    for program in (ada, other):
        program.post(f"/tickets/{ticket.reference}/notes", json={"body": "Mine"}, headers={"Idempotency-Key": "1"})
    assert len(said(desk, ticket)) == 2


def test_while_the_first_is_at_work_the_second_waits(desk: Desk, ada: Program, ticket: Ticket) -> None:
    """The first stands before the ticket's row, which somebody holds."""
    address, answered = f"/tickets/{ticket.reference}/notes", []
    headers = {"Idempotency-Key": "slow"}
    with Session(desk.engine) as holder, holder.begin():
        holder.execute(text("select 1 from ticket where id = :id for update"), {"id": ticket.id})
        first = threading.Thread(target=lambda: answered.append(ada.post(address, json={"body": "x"}, headers=headers)))
        first.start()
        wait_for_lock(desk)
        second = ada.post(address, json={"body": "x"}, headers=headers)
    first.join(60)
    assert (second.status_code, second.headers["retry-after"]) == (409, "1")
    assert answered[0].status_code == 201
    assert len(said(desk, ticket)) == 1


def wait_for_lock(desk: Desk) -> None:
    """Until somebody waits for a row."""
    waits = text(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    )
    stop = clock.now().timestamp() + 20
    while clock.now().timestamp() < stop:
        with desk.engine.connect() as connection:
            if connection.scalar(waits):
                return
    raise AssertionError("nobody waits")


def test_what_was_refused_can_be_sent_again(desk: Desk, ada: Program, ticket: Ticket) -> None:
    """Nothing is kept of a request that did nothing."""
    address, headers = f"/tickets/{ticket.reference}/replies", {"Idempotency-Key": "again", "If-Match": '"2"'}
    assert ada.post(address, json={"body": "Done."}, headers=headers).status_code == 412
    ada.post(f"/tickets/{ticket.reference}/notes", json={"body": "Now it is at two."})
    assert ada.post(address, json={"body": "Done."}, headers=headers).status_code == 201


def test_answers_are_kept_for_a_day(desk: Desk, ada: Program, ticket: Ticket) -> None:
    ada.post(f"/tickets/{ticket.reference}/notes", json={"body": "One"}, headers={"Idempotency-Key": "old"})
    with Session(desk.engine) as session, session.begin():
        answers.tidy(session)
        assert session.scalars(select(Answer)).one().key == "old"
        session.execute(update(Answer).values(created_at=clock.now() - answers.KEPT * 2))
        answers.tidy(session)
        assert session.scalars(select(Answer)).all() == []


def test_a_ticket_that_was_kept_and_not_answered_is_found_again(desk: Desk, ada: Program) -> None:
    """As after a crash between keeping it and answering: the same request gets its ticket, another one none."""
    body, headers = {"description": "Once.", "requester": {"name": "Asha"}}, {"Idempotency-Key": "crash"}
    first = ada.post("/tickets", json=body, headers=headers)
    with Session(desk.engine) as session, session.begin():
        session.execute(text("delete from api_answer"))
    again = ada.post("/tickets", json=body, headers=headers)
    assert (again.status_code, again.json()["reference"]) == (201, first.json()["reference"])
    with Session(desk.engine) as session, session.begin():
        session.execute(text("delete from api_answer"))
    other = ada.post("/tickets", json={**body, "description": "Twice."}, headers=headers)
    assert (other.status_code, other.json()["title"]) == (422, "The key came with another request before")


@pytest.mark.parametrize("key", ["", '"', "with space", "x" * 256])
def test_a_key_that_is_none_is_refused(ada: Program, key: str) -> None:
    answer = ada.post("/tickets", json={"description": "x"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["header"] == "Idempotency-Key"
