"""Tickets and cards are kept the same, both ways, whatever goes wrong in between."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.boards import sync
from helpsage.boards import todoist as client
from helpsage.mail.models import Mail
from helpsage.people import accounts
from helpsage.people.models import Role
from helpsage.tickets import merge
from helpsage.tickets.models import Ticket
from tests.integration.boards.conftest import PRIYA, Boards, Desk
from tests.vendors.todoist import Todoist

PASSWORD = "correct horse battery staple"


def writes(todoist: Todoist) -> list[tuple[str, str]]:
    return [(method, path) for method, path in todoist.calls if method == "POST" and path != "/api/v1/sync"]


# --- to the board


def test_a_ticket_becomes_a_card(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    board.look()
    task = todoist.task(ticket.reference)
    assert task["content"] == f"{ticket.reference}: Printer jams"
    assert "since today" in task["description"]
    assert f"/agent/tickets/{ticket.reference}" in task["description"]
    assert "priority:normal" in task["labels"]
    assert "team:accounts-team" in task["labels"]
    assert (task["priority"], todoist.section_of(task)) == (2, "Open")


def test_nothing_new_writes_nothing(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    desk.reply(ticket, "On our way.")
    board.look()
    before = len(writes(todoist))
    version = desk.now(ticket).version
    board.look()
    board.look()
    assert len(writes(todoist)) == before
    assert desk.now(ticket).version == version


def test_status_words_and_priority_follow(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    board.look()
    task = todoist.task(ticket.reference)
    desk.reply(ticket, "Which floor?")
    desk.move(ticket, "waiting")
    board.look()
    assert todoist.section_of(task) == "Waiting for an answer"
    desk.move(ticket, "resolved")
    board.look()
    assert task["checked"]
    desk.move(ticket, "open")
    board.look()
    assert not task["checked"]
    assert todoist.section_of(task) == "Open"


def test_the_thread_follows_with_who_wrote_it(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    desk.reply(ticket, "Which floor?")
    desk.comment(ticket, "The second.")
    desk.note(ticket, "She calls every week.")
    board.look()
    assert todoist.comments(todoist.task(ticket.reference)) == [
        "**Priya Raman** (agent):\nWhich floor?",
        "**Asha Patel** (requester):\nThe second.",
    ]


def test_internal_notes_go_only_where_that_is_wanted(desk: Desk, board: Boards, todoist: Todoist) -> None:
    board.set(notes=True)
    ticket = desk.ticket()
    desk.note(ticket, "She calls every week.")
    board.look()
    assert todoist.comments(todoist.task(ticket.reference)) == [
        "**Priya Raman** (internal note):\nShe calls every week."
    ]


def test_what_was_finished_before_gets_no_card(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    desk.move(ticket, "resolved")
    board.look()
    assert todoist.tasks == {}


def test_a_merged_ticket_is_done_on_the_board(desk: Desk, board: Boards, todoist: Todoist) -> None:
    first, second = desk.ticket("One"), desk.ticket("The same")
    board.look()
    with Session(desk.engine) as session, session.begin():
        merge.merge(session, session.get_one(Ticket, second.id), session.get_one(Ticket, first.id), PRIYA, "", True)
    board.look()
    assert todoist.task(second.reference)["checked"]
    assert not todoist.task(first.reference)["checked"]


# --- from the board


def test_a_card_that_is_moved_moves_its_ticket(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    board.look()
    todoist.move(todoist.task(ticket.reference), "Escalated")
    board.look()
    assert desk.now(ticket).status == "escalated"


def test_done_resolves_and_undone_reopens(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    board.look()
    task = todoist.task(ticket.reference)
    todoist.check(task)
    board.look()
    assert desk.now(ticket).status == "resolved"
    todoist.check(task, checked=False)
    board.look()
    assert desk.now(ticket).status == "open"


def test_a_comment_reaches_the_requester_once(desk: Desk, board: Boards, todoist: Todoist) -> None:
    with Session(desk.engine) as session, session.begin():
        accounts.create(session, "priya@desk.example", "Priya R. (IT)", PASSWORD, Role.AGENT)
    ticket = desk.ticket()
    board.look()
    task = todoist.task(ticket.reference)
    todoist.say(task, "A new cartridge is on its way.")
    board.look()
    todoist.forget()
    board.look()
    assert desk.thread(ticket) == [("public", "Priya R. (IT)", "A new cartridge is on its way.")]
    assert todoist.comments(task) == ["A new cartridge is on its way."]


@pytest.mark.parametrize(("setting", "words"), [("reply", "Note: ask facilities"), ("note", "ask facilities")])
def test_a_comment_for_colleagues_stays_among_them(
    desk: Desk, board: Boards, todoist: Todoist, setting: str, words: str
) -> None:
    board.set(remarks=setting)
    ticket = desk.ticket()
    board.look()
    todoist.say(todoist.task(ticket.reference), words)
    board.look()
    assert [(visibility, body) for visibility, _, body in desk.thread(ticket)] == [("internal", words)]


def test_done_with_a_word_is_no_contradiction(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    board.look()
    task = todoist.task(ticket.reference)
    todoist.say(task, "Fixed.")
    todoist.check(task)
    board.look()
    assert desk.now(ticket).status == "resolved"
    assert desk.card(ticket).conflict == ""


def test_other_tasks_are_none_of_ours(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    board.look()
    other = todoist._add({"content": "Buy milk", "project_id": "p1"})
    todoist.say(other, "Two litres.")
    todoist.check(other)
    board.look()
    assert desk.thread(ticket) == []


# --- gone, and back


@pytest.mark.parametrize("how", ["deleted", "taken away"])
def test_a_card_that_is_gone_is_not_made_again(desk: Desk, board: Boards, todoist: Todoist, how: str) -> None:
    ticket = desk.ticket()
    board.look()
    task = todoist.task(ticket.reference)
    (todoist.delete if how == "deleted" else todoist.take_away)(task)
    board.look()
    desk.reply(ticket, "Still here.")
    board.look()
    assert desk.now(ticket).status == "in_progress"
    assert len(todoist.tasks) == 1
    assert desk.thread(ticket)[0][2].startswith("The card on the board Work was deleted")


def test_a_card_that_comes_back_goes_on(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    board.look()
    task = todoist.task(ticket.reference)
    todoist.take_away(task)
    board.look()
    todoist.take_away(task, project="p1")
    board.look()
    desk.move(ticket, "escalated")
    board.look()
    assert todoist.section_of(task) == "Escalated"


def test_a_card_deleted_just_before_it_is_written_to(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    board.look()
    task = todoist.task(ticket.reference)
    desk.move(ticket, "escalated")

    def meanwhile(method: str, path: str) -> None:
        if path.endswith("/move"):
            task["is_deleted"] = True

    todoist.trouble = meanwhile
    board.look()
    assert desk.card(ticket).state == "gone"


# --- both at once


def test_when_both_moved_the_desk_stands_and_says_so(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    board.look()
    task = todoist.task(ticket.reference)
    todoist.check(task)
    desk.move(ticket, "escalated")
    board.look()
    assert desk.now(ticket).status == "escalated"
    assert not task["checked"]
    assert todoist.section_of(task) == "Escalated"
    assert "Changed at the same time" in desk.card(ticket).conflict
    assert "Changed at the same time" in desk.thread(ticket)[0][2]


def test_when_both_did_the_same_there_is_no_quarrel(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    board.look()
    todoist.check(todoist.task(ticket.reference))
    desk.move(ticket, "resolved")
    board.look()
    assert desk.card(ticket).conflict == ""
    assert desk.thread(ticket) == []


def test_a_move_that_cannot_be_is_put_back(desk: Desk, board: Boards, todoist: Todoist) -> None:
    ticket = desk.ticket()
    desk.move(ticket, "waiting")
    board.look()
    task = todoist.task(ticket.reference)
    todoist.move(task, "Open")
    board.look()
    assert desk.now(ticket).status == "waiting"
    assert todoist.section_of(task) == "Waiting for an answer"
    assert "cannot follow" in desk.card(ticket).conflict


# --- trouble


def test_days_offline_are_caught_up_with(desk: Desk, board: Boards, todoist: Todoist) -> None:
    one, two = desk.ticket("One"), desk.ticket("Two")
    board.look()
    todoist.trouble = lambda method, path: (503, {}, b"<html>maintenance</html>")
    board.look()
    todoist.check(todoist.task(one.reference))
    todoist.say(todoist.task(two.reference), "Not forgotten.")
    desk.reply(one, "Done, I think.")
    three = desk.ticket("Three")
    board.look()
    assert board.row().failures == 2
    todoist.trouble = lambda method, path: None
    with clock.frozen(clock.now() + timedelta(days=4)):
        board.look()
    assert desk.thread(two)[0][2] == "Not forgotten."
    assert todoist.task(three.reference)
    assert board.row().trouble == ""


def test_a_forgotten_token_loses_nothing(desk: Desk, board: Boards, todoist: Todoist) -> None:
    done, deleted, talked = desk.ticket("Done"), desk.ticket("Deleted"), desk.ticket("Talked")
    board.look()
    todoist.forget()
    todoist.check(todoist.task(done.reference))
    todoist.say(todoist.task(talked.reference), "Hello.")
    todoist.delete(todoist.task(deleted.reference))
    board.look()
    assert desk.now(done).status == "resolved"
    assert desk.card(deleted).state == "gone"
    assert [body for _, _, body in desk.thread(talked)] == ["Hello."]


@pytest.mark.parametrize("path", ["/api/v1/tasks", "/api/v1/comments"])
def test_an_answer_that_is_lost_makes_nothing_twice(desk: Desk, board: Boards, todoist: Todoist, path: str) -> None:
    ticket = desk.ticket()
    desk.reply(ticket, "Which floor?")
    todoist.deaf = lambda method, asked: method == "POST" and asked == path
    board.look()
    assert board.row().trouble != ""
    todoist.deaf = lambda method, asked: False
    # Even where the board does not know a request again.
    todoist._requests.clear()
    board.look()
    assert len(todoist.tasks) == 1
    assert len(todoist.comments(todoist.task(ticket.reference))) == 1
    assert [body for _, _, body in desk.thread(ticket)] == ["Which floor?"]


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b"{}"),
        (200, {}, b"<html>Log in to the network</html>"),
        (200, {}, b"[]"),
        (200, {}, b'{"sync_token": 1}'),
        (302, {"Location": "http://127.0.0.1:1/"}, b""),
    ],
    ids=["500", "HTML", "a list", "half", "a redirect"],
)
def test_nonsense_is_tried_again_later(
    desk: Desk, board: Boards, todoist: Todoist, answer: tuple[int, dict[str, str], bytes]
) -> None:
    desk.ticket()
    todoist.trouble = lambda method, path: answer
    board.look()
    row = board.row()
    assert (row.failures, row.broken_at) == (1, None)
    assert row.next_at > clock.now()


def test_a_board_that_asks_to_wait_is_waited_for(desk: Desk, board: Boards, todoist: Todoist) -> None:
    todoist.trouble = lambda method, path: (429, {"Retry-After": "900"}, b"{}")
    board.look()
    assert board.row().next_at > clock.now() + timedelta(minutes=14)
    with Session(desk.engine) as session, session.begin():
        assert sync.due(session) == []


def test_a_revoked_token_is_told_to_the_administrators_once(desk: Desk, board: Boards, todoist: Todoist) -> None:
    with Session(desk.engine) as session, session.begin():
        accounts.create(session, "ada@desk.example", "Ada", PASSWORD, Role.ADMINISTRATOR)
    ticket = desk.ticket()
    todoist.trouble = lambda method, path: (401, {}, b"{}")
    board.look()
    board.look()
    with Session(desk.engine) as session:
        [letter] = session.scalars(select(Mail)).all()
        assert letter.recipient == "ada@desk.example"
        assert "Work" in letter.subject
        assert sync.due(session) == []
    todoist.trouble = lambda method, path: None
    board.set(broken_at=None)
    board.look()
    assert todoist.task(ticket.reference)


def test_a_project_that_is_gone_needs_a_person(desk: Desk, board: Boards, todoist: Todoist) -> None:
    del todoist.projects["p1"]
    board.look()
    assert board.row().broken_at is not None


def test_a_board_that_hangs_is_let_go(
    desk: Desk, board: Boards, todoist: Todoist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT", httpx.Timeout(0.2))
    released = threading.Event()
    todoist.trouble = lambda method, path: released.wait(20) and None
    begun = time.monotonic()
    board.look()
    assert time.monotonic() - begun < 10
    assert board.row().trouble == "ReadTimeout"
    released.set()


def test_a_board_is_looked_at_by_one_at_a_time(desk: Desk, board: Boards) -> None:
    with Session(desk.engine) as session, session.begin():
        assert sync.due(session) == [board.id]
    with Session(desk.engine) as session, session.begin():
        assert sync.due(session) == []


def test_one_that_is_switched_off_is_left_alone(desk: Desk, board: Boards, todoist: Todoist) -> None:
    desk.ticket()
    board.set(disabled_at=clock.now())
    with Session(desk.engine) as session, session.begin():
        assert sync.due(session) == []
    board.look()
    assert todoist.calls == []
