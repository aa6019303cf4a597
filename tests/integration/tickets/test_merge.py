"""Two tickets become one and two again; a second problem gets a ticket of its own and comes back."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.events.models import OutboxEvent
from helpsage.people import directory
from helpsage.tickets import merge, reached, service, split, story
from helpsage.tickets.errors import (
    IllegalTransition,
    InvalidMerge,
    InvalidText,
    StaleTicket,
    TicketMerged,
)
from helpsage.tickets.models import Ticket
from tests.integration.tickets.conftest import AGENT, REQUESTER, new_conversation, new_ticket


def two_of_one_person(session: Session) -> tuple[Ticket, Ticket]:
    """Each from a chat of its own."""
    person = directory.add(session, "Ada")
    made = [
        service.open_ticket(
            session,
            new_ticket(subject=subject, requester_id=person.id, conversation_id=new_conversation(session).id),
            REQUESTER,
        )
        for subject in ("Printer jams", "Printer again")
    ]
    return made[0], made[1]


@pytest.fixture
def pair(session: Session) -> tuple[Ticket, Ticket]:
    return two_of_one_person(session)


def actions(session: Session, ticket: Ticket) -> list[str]:
    return [line.action for line in service.history(session, ticket)]


def said(session: Session, ticket: Ticket) -> list[str]:
    return [entry.body for entry in service.thread(session, ticket)]


def test_a_merged_ticket_goes_on_as_the_other(session: Session, pair: tuple[Ticket, Ticket]) -> None:
    one, other = pair
    assert merge.merge(session, one, other, AGENT, "the same jam") is other
    assert (one.merged_into_id, one.status) == (other.id, "closed")
    assert actions(session, one)[-1] == "merged"
    assert service.history(session, one)[-1].after == {"into": other.reference}
    assert service.history(session, other)[-1].after == {"merged": one.reference}
    assert service.history(session, one)[-1].reason == "the same jam"
    assert [each.id for each in merge.family(session, other)] == [other.id, one.id]


def test_the_person_is_not_told_that_it_is_closed(session: Session, pair: tuple[Ticket, Ticket]) -> None:
    merge.merge(session, *pair, AGENT)
    kinds = session.scalars(select(OutboxEvent.kind).where(OutboxEvent.subject_id == pair[0].id)).all()
    assert "ticket.merged" in kinds
    assert "ticket.status_changed" not in kinds


def test_words_to_the_merged_one_reach_the_survivor(session: Session, pair: tuple[Ticket, Ticket]) -> None:
    one, other = pair
    merge.merge(session, one, other, AGENT)
    entry = service.comment(session, one, "any news?", REQUESTER, "message:1")
    assert said(session, other) == ["any news?"]
    assert (entry.ticket_id, entry.addressed_to_id) == (other.id, one.id)
    assert service.comment(session, one, "any news?", REQUESTER, "message:1") is entry


def test_a_waiting_survivor_goes_on_when_the_merged_one_is_answered(
    session: Session, pair: tuple[Ticket, Ticket]
) -> None:
    one, other = pair
    merge.merge(session, one, other, AGENT)
    service.reply(session, other, "which floor?", AGENT, status="waiting")
    service.comment(session, one, "the second", REQUESTER)
    assert other.status == "in_progress"


@pytest.mark.parametrize(
    "work",
    [
        lambda s, t: service.reply(s, t, "x", AGENT),
        lambda s, t: service.note(s, t, "x", AGENT),
        lambda s, t: service.change_status(s, t, "open", AGENT),
        lambda s, t: service.escalate(s, t, AGENT),
        lambda s, t: service.change_priority(s, t, "low", AGENT),
        lambda s, t: service.assign(s, t, None, AGENT),
    ],
)
def test_staff_are_shown_to_the_survivor(session: Session, pair: tuple[Ticket, Ticket], work: object) -> None:
    one, other = pair
    merge.merge(session, one, other, AGENT)
    with pytest.raises(TicketMerged) as refusal:
        work(session, one)  # type: ignore[operator]
    assert refusal.value.survivor == other.reference


def test_reopening_the_merged_one_reopens_the_survivor(session: Session, pair: tuple[Ticket, Ticket]) -> None:
    one, other = pair
    merge.merge(session, one, other, AGENT)
    with pytest.raises(IllegalTransition):
        service.reopen(session, one, REQUESTER)
    service.close(session, other, AGENT)
    assert service.reopen(session, one, REQUESTER) is other
    assert (one.status, other.status) == ("closed", "open")


def test_nobody_reopens_another_persons_ticket(session: Session, pair: tuple[Ticket, Ticket]) -> None:
    stranger = service.open_ticket(session, new_ticket(requester_name="Bo"), REQUESTER)
    merge.merge(session, stranger, pair[0], AGENT, other_person=True)
    service.close(session, pair[0], AGENT)
    with pytest.raises(TicketMerged):
        service.reopen(session, stranger, REQUESTER)
    assert pair[0].status == "closed"


def test_answers_are_read_in_every_chat_of_the_person_and_in_no_strangers(
    session: Session, pair: tuple[Ticket, Ticket]
) -> None:
    one, other = pair
    stranger = service.open_ticket(session, new_ticket(conversation_id=new_conversation(session).id), REQUESTER)
    merge.merge(session, one, other, AGENT)
    merge.merge(session, stranger, other, AGENT, other_person=True)
    told = reached.by_family(session, merge.family(session, other))
    assert told == [other.conversation_id, one.conversation_id]


def test_undoing_gives_both_threads_back(session: Session, pair: tuple[Ticket, Ticket]) -> None:
    one, other = pair
    service.reply(session, one, "before, on one", AGENT, status="waiting")
    service.note(session, other, "before, on the other", AGENT)
    was = (one.status, one.resolved_at, one.closed_at)
    merge.merge(session, one, other, AGENT)
    service.comment(session, one, "meant for one", REQUESTER)
    service.comment(session, other, "meant for the other", REQUESTER)
    service.note(session, other, "among staff", AGENT)
    merge.unmerge(session, one, AGENT)
    assert said(session, one) == ["before, on one", "meant for one"]
    assert said(session, other) == ["before, on the other", "meant for the other", "among staff"]
    assert (one.status, one.resolved_at, one.closed_at) == was
    assert one.merged_into_id is None
    assert actions(session, one)[-1] == "unmerged"
    assert actions(session, other)[-1] == "released"
    assert merge.family(session, other) == [other]


def test_a_ticket_merged_when_finished_is_finished_after_undoing(session: Session, pair: tuple[Ticket, Ticket]) -> None:
    one, other = pair
    service.change_status(session, one, "resolved", AGENT)
    resolved = one.resolved_at
    merge.merge(session, one, other, AGENT)
    merge.unmerge(session, one, AGENT)
    assert (one.status, one.resolved_at, one.closed_at) == ("resolved", resolved, None)


def test_chains_come_apart_link_by_link(session: Session, pair: tuple[Ticket, Ticket]) -> None:
    first, middle = pair
    last = service.open_ticket(session, new_ticket(), REQUESTER)
    merge.merge(session, first, middle, AGENT)
    merge.merge(session, middle, last, AGENT, other_person=True)
    service.comment(session, first, "to the first", REQUESTER)
    service.comment(session, middle, "to the middle", REQUESTER)
    assert said(session, last) == ["to the first", "to the middle"]
    assert [each.id for each in merge.family(session, last)] == [last.id, first.id, middle.id]
    merge.unmerge(session, middle, AGENT)
    assert said(session, last) == []
    assert said(session, middle) == ["to the first", "to the middle"]
    merge.unmerge(session, first, AGENT)
    assert (said(session, first), said(session, middle)) == (["to the first"], ["to the middle"])


def test_the_inner_link_of_a_chain_can_be_undone_first(session: Session, pair: tuple[Ticket, Ticket]) -> None:
    first, middle = pair
    last = service.open_ticket(session, new_ticket(), REQUESTER)
    merge.merge(session, first, middle, AGENT)
    merge.merge(session, middle, last, AGENT, other_person=True)
    service.comment(session, first, "to the first", REQUESTER)
    merge.unmerge(session, first, AGENT)
    assert (said(session, first), said(session, last)) == (["to the first"], [])
    assert middle.merged_into_id == last.id


def test_merging_into_a_merged_ticket_means_its_survivor(session: Session, pair: tuple[Ticket, Ticket]) -> None:
    one, other = pair
    third = service.open_ticket(session, new_ticket(), REQUESTER)
    merge.merge(session, one, other, AGENT)
    assert merge.merge(session, third, one, AGENT, other_person=True) is other


@pytest.mark.parametrize("problem", ["itself", "merged_already", "other_person", "not_merged", "circle"])
def test_what_cannot_be_merged(session: Session, pair: tuple[Ticket, Ticket], problem: str) -> None:
    one, other = pair
    stranger = service.open_ticket(session, new_ticket(), REQUESTER)
    if problem in ("merged_already", "circle"):
        merge.merge(session, one, other, AGENT)
    works = {
        "itself": lambda: merge.merge(session, one, one, AGENT),
        "merged_already": lambda: merge.merge(session, one, stranger, AGENT, other_person=True),
        "other_person": lambda: merge.merge(session, one, stranger, AGENT),
        "not_merged": lambda: merge.unmerge(session, one, AGENT),
        "circle": lambda: merge.merge(session, other, one, AGENT),
    }
    with pytest.raises(InvalidMerge) as refusal:
        works[problem]()
    assert refusal.value.problem == ("itself" if problem == "circle" else problem)


def test_whoever_read_an_older_version_does_not_merge(session: Session, pair: tuple[Ticket, Ticket]) -> None:
    service.note(session, pair[0], "read me first", AGENT)
    with pytest.raises(StaleTicket):
        merge.merge(session, *pair, AGENT, expected_version=1)


def test_crosswise_at_the_same_moment_one_wins(clean_database: Engine) -> None:
    with Session(clean_database) as session, session.begin():
        one, other = (ticket.id for ticket in two_of_one_person(session))
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def work(source: object, into: object) -> None:
        with Session(clean_database) as own, own.begin():
            ticket, target = own.get_one(Ticket, source), own.get_one(Ticket, into)
            together.wait()
            try:
                merge.merge(own, ticket, target, AGENT)
                outcomes.append("merged")
            except InvalidMerge as refusal:
                outcomes.append(refusal.problem)

    threads = [threading.Thread(target=work, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["merged", "merged_already"]


def test_words_written_while_it_is_merged_are_on_one_thread(clean_database: Engine) -> None:
    with Session(clean_database) as session, session.begin():
        one, other = (ticket.id for ticket in two_of_one_person(session))
    together = threading.Barrier(2)

    def merging() -> None:
        with Session(clean_database) as own, own.begin():
            ticket, target = own.get_one(Ticket, one), own.get_one(Ticket, other)
            together.wait()
            merge.merge(own, ticket, target, AGENT)

    def writing() -> None:
        with Session(clean_database) as own, own.begin():
            ticket = own.get_one(Ticket, one)
            together.wait()
            for number in range(5):
                service.comment(own, ticket, f"word {number}", REQUESTER)

    threads = [threading.Thread(target=work) for work in (merging, writing)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Session(clean_database) as session:
        family = merge.family(session, session.get_one(Ticket, other))
        told = story.tell(session, family, everything=True)
        assert sum(item.kind == "entry" for item in told.items) == 5


# --- split


@pytest.fixture
def long(session: Session, ticket: Ticket) -> Ticket:
    service.comment(session, ticket, "also: the scanner is broken", REQUESTER)
    service.reply(session, ticket, "about the printer", AGENT)
    service.comment(session, ticket, "the scanner in room 4", REQUESTER)
    return ticket


def scanner(session: Session, ticket: Ticket) -> list[object]:
    return [entry.id for entry in service.thread(session, ticket) if "scanner" in entry.body]


def test_the_chosen_words_get_a_ticket_of_their_own(session: Session, long: Ticket) -> None:
    chosen = scanner(session, long)
    new = split.split(session, long, chosen, "Scanner broken", "hardware_problem", AGENT, "k", "two problems")  # type: ignore[arg-type]
    assert said(session, long) == ["about the printer"]
    assert said(session, new) == ["also: the scanner is broken", "the scanner in room 4"]
    assert (new.subject, new.description) == ("Scanner broken", "also: the scanner is broken")
    assert (new.requester_id, new.conversation_id) == (long.requester_id, long.conversation_id)
    assert service.transcript(session, new) == []
    assert service.history(session, long)[-1].after["into"] == new.reference  # type: ignore[index]
    assert service.history(session, new)[-1].reason == "two problems"


def test_splitting_twice_with_one_key_is_splitting_once(session: Session, long: Ticket) -> None:
    chosen = scanner(session, long)
    first = split.split(session, long, chosen, "Scanner", "hardware_problem", AGENT, "k")  # type: ignore[arg-type]
    again = split.split(session, long, chosen, "Scanner", "hardware_problem", AGENT, "k")  # type: ignore[arg-type]
    assert again is first


def test_undoing_a_split_puts_the_words_back(session: Session, long: Ticket) -> None:
    before = said(session, long)
    new = split.split(session, long, scanner(session, long), "Scanner", "hardware_problem", AGENT)  # type: ignore[arg-type]
    service.note(session, new, "ordered a new one", AGENT)
    assert split.rejoin(session, new, AGENT) is long
    assert said(session, long) == before
    assert said(session, new) == ["ordered a new one"]
    assert new.merged_into_id == long.id
    with pytest.raises(InvalidMerge) as refusal:
        split.rejoin(session, new, AGENT)
    assert refusal.value.problem == "merged_already"


def test_the_story_of_a_split_ticket_says_nothing_twice(session: Session, long: Ticket) -> None:
    new = split.split(session, long, scanner(session, long), "Scanner", "hardware_problem", AGENT)  # type: ignore[arg-type]
    items = story.tell(session, merge.family(session, new)).items
    shown = [item.entry.body for item in items if item.entry is not None]
    assert shown == ["the scanner in room 4"]


def test_the_story_of_a_split_that_was_undone_says_nothing_twice(session: Session, long: Ticket) -> None:
    new = split.split(session, long, scanner(session, long), "Scanner", "hardware_problem", AGENT)  # type: ignore[arg-type]
    split.rejoin(session, new, AGENT)
    items = story.tell(session, merge.family(session, long)).items
    assert [item.ticket.reference for item in items if item.kind == "report"] == [long.reference]
    assert len([item for item in items if item.entry is not None and item.entry.body == new.description]) == 1


@pytest.mark.parametrize("problem", ["nothing_chosen", "foreign_entry"])
def test_what_cannot_be_split(session: Session, long: Ticket, problem: str) -> None:
    chosen = [] if problem == "nothing_chosen" else [uuid4()]
    with pytest.raises(InvalidMerge) as refusal:
        split.split(session, long, chosen, "Scanner", "hardware_problem", AGENT)
    assert refusal.value.problem == problem


def test_what_was_not_split_cannot_be_put_back(session: Session, long: Ticket) -> None:
    with pytest.raises(InvalidMerge) as refusal:
        split.rejoin(session, long, AGENT)
    assert refusal.value.problem == "not_split"


def test_a_split_needs_a_subject(session: Session, long: Ticket) -> None:
    with pytest.raises(InvalidText):
        split.split(session, long, scanner(session, long), " \u200b ", "hardware_problem", AGENT)  # type: ignore[arg-type]


def test_the_story_tells_everything_in_order_and_cuts_what_is_long(
    session: Session, pair: tuple[Ticket, Ticket], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    service.reply(session, one, "first", AGENT)
    service.note(session, other, "second", AGENT)
    merge.merge(session, one, other, AGENT)
    service.comment(session, one, "third", REQUESTER)
    told = story.tell(session, merge.family(session, other))
    kinds = [item.entry.body if item.entry else item.change.action if item.change else "report" for item in told.items]
    assert kinds == [
        *("report", "created") * 2,
        "first",
        "status",
        "second",
        "merged",
        "absorbed",
        "third",
    ]
    assert (told.earlier, told.seen) == (0, service.history(session, other)[-1].id)
    monkeypatch.setattr(story, "NEWEST", 2)
    cut = story.tell(session, merge.family(session, other))
    assert [item.kind for item in cut.items] == ["report", "report", "change", "entry"]
    assert cut.earlier == 6
    assert len(story.tell(session, merge.family(session, other), everything=True).items) == len(told.items)
