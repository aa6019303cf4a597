"""What every kind of board does (`helpsage/boards/board.py`): the next one is a line in `kinds.py` here and there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from helpsage.boards.board import AccessLost, Board, BoardAway, Card, CardGone, Remark, SeenCard
from helpsage.boards.words import SECTIONS
from tests.integration.boards.kinds import NAMES, People, people_at

CARD = Card("HS-1001: Printer jams", "Since today.", "open", False, "high", ("priority:high", "team:it"))


@pytest.fixture(params=NAMES)
def people(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    with people_at(request.param, monkeypatch) as found:
        yield found


@pytest.fixture
def board(people: People) -> Board:
    """A project whose sections are made."""
    sections = people.kind.open(people.token, "p1", {}).prepare(SECTIONS)
    return people.kind.open(people.token, "p1", sections)


def test_its_projects_are_known_before_one_is_chosen(people: People) -> None:
    assert people.kind.open(people.token, "", {}).projects() == {"p1": "Help desk", "p2": "Elsewhere"}


def test_sections_are_made_once(people: People) -> None:
    once = people.kind.open(people.token, "p1", {}).prepare(SECTIONS)
    assert set(once) == set(SECTIONS)
    assert len(set(once.values())) == len(SECTIONS)
    assert people.kind.open(people.token, "p1", {}).prepare(SECTIONS) == once


def test_a_card_stands_where_it_was_put_and_is_found_again(board: Board, people: People) -> None:
    placed = board.add(replace(CARD, section="waiting"), "key")
    assert placed.url.startswith("https://")
    assert people.title(placed.id) == CARD.title
    assert set(people.labels(placed.id)) == set(CARD.labels)
    assert board.look(placed.id) == SeenCard(placed.id, "waiting", finished=False)
    assert board.find("HS-1001: ") == placed
    assert board.find("HS-1002: ") is None


def test_words_and_labels_change_and_nothing_moves(board: Board, people: People) -> None:
    placed = board.add(replace(CARD, section="waiting"), "key")
    board.change(placed.id, replace(CARD, title="HS-1001: Printer burns", labels=("priority:urgent",)))
    assert people.title(placed.id) == "HS-1001: Printer burns"
    assert people.labels(placed.id) == ("priority:urgent",)
    assert board.look(placed.id).section == "waiting"


def test_it_is_moved_finished_and_reopened(board: Board) -> None:
    placed = board.add(CARD, "key")
    board.move(placed.id, "escalated")
    assert board.look(placed.id) == SeenCard(placed.id, "escalated", finished=False)
    board.finish(placed.id)
    assert board.look(placed.id).finished
    assert board.find("HS-1001: ") is None, "only what is not finished is found"
    board.reopen(placed.id)
    assert board.look(placed.id) == SeenCard(placed.id, "escalated", finished=False)


def test_comments_stand_below_their_card(board: Board, people: People) -> None:
    one, two = board.add(CARD, "one"), board.add(CARD, "two")
    written = board.remark(one.id, "On our way.", "remark")
    people.say(one.id, "Thank you.")
    [ours, theirs] = board.remarks(one.id)
    assert (ours.id, ours.card_id, ours.text) == (written, one.id, "On our way.")
    assert theirs.text == "Thank you."
    assert theirs.author_id != ours.author_id
    assert board.remarks(two.id) == []


def test_the_first_news_is_everything_and_the_next_what_changed(board: Board, people: People) -> None:
    one, two = board.add(CARD, "one"), board.add(CARD, "two")
    first = board.news("")
    assert first.whole
    assert {card.id for card in first.cards} == {one.id, two.id}
    assert "priya@desk.example" in {who.email for who in first.people.values()}
    people.move(one.id, "In progress")
    people.say(one.id, "Looking.")
    then = board.news(first.cursor)
    assert not then.whole
    assert then.cards == (SeenCard(one.id, "in_progress", finished=False),)
    assert [(remark.card_id, remark.text) for remark in then.remarks] == [(one.id, "Looking.")]
    last = board.news(then.cursor)
    assert (last.whole, last.cards, last.remarks) == (False, (), ())


def test_news_tells_of_done_undone_deleted_and_taken_away(board: Board, people: People) -> None:
    placed = board.add(CARD, "key")
    cursor = board.news("").cursor
    told = []
    for act in (
        lambda: people.finish(placed.id),
        lambda: people.finish(placed.id, False),
        lambda: people.take_away(placed.id),
        lambda: people.take_away(placed.id, back=True),
        lambda: people.delete(placed.id),
    ):
        act()
        news = board.news(cursor)
        cursor = news.cursor
        told += [(card.finished, card.gone) for card in news.cards]
    assert told == [(True, False), (False, False), (False, True), (False, False), (False, True)]


def test_our_own_comments_are_among_the_news(board: Board) -> None:
    placed = board.add(CARD, "key")
    cursor = board.news("").cursor
    written = board.remark(placed.id, "On our way.", "remark")
    remarks = board.news(cursor).remarks
    assert [remark.id for remark in remarks] == [written]
    assert isinstance(remarks[0], Remark)


def test_a_forgotten_cursor_is_everything_again(board: Board, people: People) -> None:
    placed = board.add(CARD, "key")
    cursor = board.news("").cursor
    people.forget()
    news = board.news(cursor)
    assert news.whole
    assert [card.id for card in news.cards] == [placed.id]


def test_a_section_that_is_not_ours_is_none(board: Board, people: People) -> None:
    placed = board.add(CARD, "key")
    people.move(placed.id, "Some day")
    assert board.look(placed.id) == SeenCard(placed.id, None, finished=False)


def test_a_deleted_card_is_gone_for_every_call(board: Board, people: People) -> None:
    placed = board.add(CARD, "key")
    people.delete(placed.id)
    for call in (
        lambda: board.look(placed.id),
        lambda: board.change(placed.id, CARD),
        lambda: board.move(placed.id, "open"),
        lambda: board.finish(placed.id),
        lambda: board.reopen(placed.id),
        lambda: board.remark(placed.id, "Hello?", "remark"),
    ):
        with pytest.raises(CardGone):
            call()


def test_a_wrong_token_needs_a_person(people: People) -> None:
    board = people.kind.open("wrong", "p1", {})
    for call in (board.projects, lambda: board.news(""), lambda: board.prepare(SECTIONS)):
        with pytest.raises(AccessLost):
            call()


def test_a_project_that_is_not_there_needs_a_person(people: People) -> None:
    with pytest.raises(AccessLost):
        people.kind.open(people.token, "p9", {}).prepare(SECTIONS)


def test_one_that_is_away_says_for_how_long(board: Board, people: People) -> None:
    people.go_away()
    for call in (board.projects, lambda: board.news(""), lambda: board.look("t1")):
        with pytest.raises(BoardAway) as caught:
            call()
        assert caught.value.retry_after_s == 900
    people.go_away(False)
    assert board.news("").whole
