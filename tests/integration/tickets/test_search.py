"""Search finds every word of a ticket, forgives slips, and shows nobody what is not theirs to see."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from helpsage.departments.models import Department, Team, TeamMember
from helpsage.people import accounts, permissions
from helpsage.people.models import Role
from helpsage.tickets import merge, service, tags
from helpsage.tickets.models import Entry, Status, Ticket
from helpsage.tickets.queue import Filters, Sort
from helpsage.tickets.search import find, typos
from helpsage.tickets.search.models import SearchWord
from tests.integration.tickets.conftest import AGENT, REQUESTER, new_ticket


def open_ticket(session: Session, subject: str, description: str = "please help", **given: object) -> Ticket:
    return service.open_ticket(session, new_ticket(subject=subject, description=description, **given), REQUESTER)


def found(session: Session, words: str, **filters: object) -> list[str]:
    page = service.queue(session, Filters(text=words, **filters), None, 50)  # type: ignore[arg-type]
    return [ticket.reference for ticket in page.tickets]


def learn(session: Session) -> None:
    while typos.learn(session):
        pass


def test_thread_notes_and_requester_are_found(session: Session) -> None:
    ticket = open_ticket(session, "Printer", requester_name="Zoë Łukasiewicz", contact_email="zoe@mail.example")
    service.reply(session, ticket, "Replace the fuser unit", AGENT)
    service.note(session, ticket, "warranty lapsed", AGENT)
    service.comment(session, ticket, "still smudging", REQUESTER)
    for words in ("fuser", "warranty", "smudging", "zoe", "zoe@mail.example", "mail.example", "fuser warranty zoe"):
        assert found(session, words) == [ticket.reference], words
    assert found(session, "fuser absent") == []


@pytest.mark.parametrize(
    ("written", "asked"), [("Büro", "buro"), ("Buro", "büro"), ("ÉCOLE", "ecole"), ("wi-fi", "wi fi")]
)
def test_accents_and_marks_do_not_count(session: Session, written: str, asked: str) -> None:
    ticket = open_ticket(session, written)
    assert found(session, asked) == [ticket.reference]


@pytest.mark.parametrize("slip", ["pasword", "passwrod", "passsword", "passwort"])
def test_a_mistyped_word_finds_what_was_meant_and_says_so(session: Session, slip: str) -> None:
    ticket = open_ticket(session, "Password expired")
    learn(session)
    page = service.queue(session, Filters(text=f"{slip} expired"), None, 50)
    assert page.tickets == [ticket]
    assert page.meant == {slip: ("password",)}
    assert [piece.text for piece in page.excerpts[ticket.id].subject if piece.found] == ["Password", "expired"]


def test_a_slip_that_somebody_else_made_too_still_finds_the_rest(session: Session) -> None:
    slipped = open_ticket(session, "scholarhsip late")
    right = [open_ticket(session, f"Scholarship {number}") for number in range(typos.MORE_OFTEN)]
    learn(session)
    assert set(found(session, "scholarhsip")) == {slipped.reference, *(ticket.reference for ticket in right)}
    assert found(session, "scholarhsip")[0] == slipped.reference, "as it was asked for comes first"
    assert slipped.reference not in found(session, "scholarship")


@pytest.mark.parametrize("other", ["cart", "fees", "12345678", "xyz"])
def test_short_words_and_numbers_are_taken_as_they_are(session: Session, other: str) -> None:
    open_ticket(session, "card fee 12345679 xyw")
    learn(session)
    if other == "cart":  # four letters may have one mistake
        assert len(found(session, other)) == 1
    else:
        assert found(session, other) == []


def test_words_in_the_subject_rank_before_the_thread(session: Session) -> None:
    in_thread = open_ticket(session, "Something else")
    service.note(session, in_thread, "the projector is meant", AGENT)
    in_description = open_ticket(session, "A device", "the projector hums")
    in_subject = open_ticket(session, "Projector hums")
    service.note(session, in_thread, "changed last", AGENT)
    assert found(session, "projector") == [each.reference for each in (in_subject, in_description, in_thread)]


def test_words_as_asked_rank_before_longer_ones(session: Session) -> None:
    exact = open_ticket(session, "Pay now")
    longer = open_ticket(session, "Payment now")
    assert found(session, "pay") == [exact.reference, longer.reference]


def test_sorted_otherwise_when_asked(session: Session) -> None:
    three = [open_ticket(session, f"Lift stuck {number}") for number in range(3)]
    service.note(session, three[0], "x", AGENT)
    orders = {
        Sort.CHANGED: [0, 2, 1],
        Sort.LONGEST_UNCHANGED: [1, 2, 0],
        Sort.NEWEST: [2, 1, 0],
        Sort.OLDEST: [0, 1, 2],
    }
    for sort, order in orders.items():
        page = service.queue(session, Filters(text="lift"), None, 50, sort=sort)
        assert page.tickets == [three[number] for number in order], sort


def test_the_excerpt_shows_where_it_stands(session: Session) -> None:
    ticket = open_ticket(session, "Lift stuck")
    service.note(session, ticket, "the technician comes at noon", AGENT)
    page = service.queue(session, Filters(text="technician"), None, 50)
    assert [piece.text for piece in page.excerpts[ticket.id].text if piece.found] == ["technician"]


def test_pages_of_a_search_show_everything_once(session: Session) -> None:
    for number in range(7):
        open_ticket(session, f"Lift {number}", "lift " * (number + 1))
    seen: list[Ticket] = []
    cursor = None
    while True:
        page = service.queue(session, Filters(text="lift"), cursor, 3)
        seen += page.tickets
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == service.queue(session, Filters(text="lift"), None, 50).tickets
    assert len({ticket.id for ticket in seen}) == 7


def test_changed_words_are_found_and_old_ones_are_not(session: Session) -> None:
    ticket = open_ticket(session, "Printer")
    entry = service.note(session, ticket, "cartridge", AGENT)
    session.execute(update(Entry).where(Entry.id == entry.id).values(body="drum"))
    session.execute(update(Ticket).where(Ticket.id == ticket.id).values(subject="Copier"))
    assert (found(session, "cartridge"), found(session, "printer")) == ([], [])
    assert found(session, "drum copier") == [ticket.reference]
    session.execute(text("delete from ticket_entry where id = :id"), {"id": entry.id})
    assert found(session, "drum") == []


def test_a_person_who_gets_a_name_is_found_by_it(session: Session) -> None:
    ticket = open_ticket(session, "Printer")
    ticket.requester.name = "Quentin Quist"
    session.flush()
    assert found(session, "quist") == [ticket.reference]


def test_words_and_filters_together(session: Session) -> None:
    account = accounts.create(session, "priya@example.org", "Priya", "correct horse", "agent")
    one = open_ticket(session, "Lift stuck", category="vpn_problem", priority="urgent")
    other = open_ticket(session, "Lift stuck")
    service.assign(session, one, account.id, AGENT)
    tags.change(session, one, AGENT, add=["it's odd \\"])
    service.close(session, other, AGENT)
    for filters in (
        {"statuses": [Status.OPEN]},
        {"category": "vpn_problem"},
        {"priorities": ["urgent"]},
        {"assignee_id": account.id},
        {"tag": "it's odd \\"},
    ):
        assert found(session, "lift", **filters) == [one.reference], filters
    assert found(session, "lift", unassigned=True) == [other.reference]
    page = service.queue(session, Filters(text="lift", statuses=["closed"]), None, 50)
    assert (page.counts[Status.OPEN], page.counts[Status.CLOSED]) == (1, 1)


def test_more_matches_than_are_looked_at_show_the_newest(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "MOST_MATCHES", 3)
    monkeypatch.setattr(find, "PORTION", 3)
    made = [open_ticket(session, "Lift") for _ in range(5)]
    assert set(found(session, "lift")) == {ticket.reference for ticket in made[2:]}


def test_what_the_index_does_not_know_is_looked_for_further_down(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "PORTION", 2)
    wanted = open_ticket(session, "Lift")
    for _ in range(4):
        open_ticket(session, "Lift")
    assert found(session, "lift", opened_before=session.get_one(Ticket, wanted.id).created_at) == []
    page = service.queue(session, Filters(text="lift"), None, 50)
    assert len(page.tickets) == 5


def test_well_known_words_find_longer_ones_from_the_list(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typos, "ENOUGH", 2)
    for subject in ("Pay", "Payment", "Paypal", "Pay"):
        open_ticket(session, subject)
    learn(session)
    assert typos.meaning(session, "pay").longer is not None
    assert len(found(session, "pay")) == 4


def test_learning_counts_each_word_and_leaves_nothing_waiting(session: Session) -> None:
    open_ticket(session, "Printer jams", "printer 0x80070005")
    open_ticket(session, "Printer")
    learn(session)
    assert dict(session.execute(select(SearchWord.word, SearchWord.seen)).all())["printer"] == 2
    assert session.scalar(text("select count(*) from search_pending")) == 0
    assert session.get(SearchWord, "0x80070005") is None, "nobody mistypes a number into another one usefully"


def test_a_thread_too_long_for_the_index_can_still_be_written(session: Session) -> None:
    ticket = open_ticket(session, "Endless")
    for number in range(70):
        service.note(session, ticket, " ".join(f"{number:03}x{word:05}{'y' * 8}" for word in range(1_100)), AGENT)
    assert len(service.thread(session, ticket)) == 70
    assert found(session, "endless") == [ticket.reference]
    service.close(session, ticket, AGENT)
    assert found(session, "endless", statuses=["closed"]) == [ticket.reference]


def test_the_index_answers(session: Session) -> None:
    open_ticket(session, "Lift")
    session.execute(text("set local enable_seqscan = off"))
    session.execute(text("set local enable_indexscan = off"))
    asked = find.question(session, "lift")
    statement = select(find.SearchDocument.number).where(find._finds(asked, [["=s:open"]], None))
    compiled = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    plan = "\n".join(row[0] for row in session.execute(text(f"explain {compiled}".replace(":*", "\\:*"))))
    assert "ix_ticket_search_document" in plan


@pytest.fixture
def places(session: Session) -> tuple[list[Department], list[Team]]:
    departments = [Department(key=key, name=key, widget_key=key, is_default=key == "it") for key in ("it", "finance")]
    session.add_all(departments)
    session.flush()
    teams = [Team(department_id=departments[at].id, name=f"T{n}", key=f"t{n}") for n, at in enumerate((0, 0, 1))]
    session.add_all(teams)
    session.flush()
    return departments, teams


def test_everybody_finds_exactly_what_they_may_see(
    session: Session, places: tuple[list[Department], list[Team]]
) -> None:
    departments, teams = places
    viewers = []
    for number, (role, member_of) in enumerate(
        product((Role.AGENT, Role.LEAD, Role.ADMINISTRATOR), ((), (teams[0],), (teams[1], teams[2])))
    ):
        account = accounts.create(session, f"a{number}@example.org", f"A{number}", "correct horse", role)
        session.add_all(TeamMember(team_id=team.id, account_id=account.id) for team in member_of)
        session.flush()
        viewers.append(permissions.viewer_of(session, account))
    for department, team, viewer in product(
        (None, *departments), (None, *teams), (None, viewers[0], viewers[1], viewers[4])
    ):
        ticket = open_ticket(session, "Lift")
        ticket.department_id = department.id if department else None
        ticket.team_id = team.id if team else None
        ticket.assignee_id = viewer.account_id if viewer else None
        session.flush()
    for viewer in viewers:
        seen = set(session.scalars(select(Ticket.number).where(permissions.visible_tickets(viewer))))
        asked = find.question(session, "lift")
        raw = session.scalars(select(find.SearchDocument.number).where(find._finds(asked, [], viewer)))
        assert set(raw) == seen, (viewer.role, len(viewer.team_ids))
        page = service.queue(session, Filters(text="lift"), None, 200, viewer)
        assert {ticket.number for ticket in page.tickets} == seen


def test_nobody_finds_by_reference_what_they_may_not_see(
    session: Session, places: tuple[list[Department], list[Team]]
) -> None:
    _, teams = places
    account = accounts.create(session, "a@example.org", "A", "correct horse", Role.AGENT)
    session.add(TeamMember(team_id=teams[0].id, account_id=account.id))
    session.flush()
    ticket = open_ticket(session, "Lift")
    ticket.team_id, ticket.department_id = teams[2].id, teams[2].department_id
    session.flush()
    viewer = permissions.viewer_of(session, account)
    assert service.queue(session, Filters(text=ticket.reference), None, 50, viewer).tickets == []
    assert service.queue(session, Filters(text="lift"), None, 50, viewer).tickets == []


def test_merged_tickets_are_still_found(session: Session) -> None:
    one, other = open_ticket(session, "Lift stuck"), open_ticket(session, "Elevator")
    merge.merge(session, one, other, AGENT, other_person=True)
    assert found(session, "lift") == [one.reference]


def test_bulk_loads_are_searchable(clean_database: Engine) -> None:
    with Session(clean_database) as session, session.begin():
        person = open_ticket(session, "First").requester_id
        session.execute(
            text(
                "insert into ticket (id, requester_id, subject, description, category, priority, channel)"
                " select gen_random_uuid(), :person, 'Lift ' || n, 'x', 'general_issue', 'low', 'web'"
                " from generate_series(1, 50) n"
            ),
            {"person": person},
        )
        assert len(found(session, "lift")) == 50
