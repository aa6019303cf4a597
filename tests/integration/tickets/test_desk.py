"""What agents share at the desk: who takes the next ticket, drafts, views, who is looking, and changes to many."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select, true
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.people import accounts, permissions
from helpsage.people.models import Account, Role
from helpsage.people.permissions import Viewer
from helpsage.tickets import bulk, drafts, placing, presence, service, tags, taking, views
from helpsage.tickets.bulk import BulkNotFound, Chosen, InvalidBulk, Wish
from helpsage.tickets.models import Entry, Ticket
from helpsage.tickets.queue import Filters, Sort, count, queue
from helpsage.tickets.views import ViewError, ViewNotFound
from tests.integration.tickets.conftest import AGENT, REQUESTER, new_ticket


def account(session: Session, name: str, role: Role = Role.AGENT) -> Account:
    return accounts.add(session, f"{name}@desk.example", name.title(), "", role)


def viewer(session: Session, who: Account) -> Viewer:
    return permissions.viewer_of(session, who)


def chosen(*tickets: Ticket) -> list[Chosen]:
    return [Chosen(ticket.reference, ticket.version) for ticket in tickets]


@pytest.fixture
def priya(session: Session) -> Account:
    return account(session, "priya")


@pytest.fixture
def ravi(session: Session) -> Account:
    return account(session, "ravi")


# --- the next one


def test_the_most_urgent_and_of_those_the_oldest_is_next(session: Session, priya: Account) -> None:
    made = [service.open_ticket(session, new_ticket(priority=each), REQUESTER) for each in ("low", "urgent", "urgent")]
    service.assign(session, service.open_ticket(session, new_ticket(priority="urgent"), REQUESTER), priya.id, AGENT)
    taken = [taking.take_next(session, true(), priya.id, AGENT, f"key {number}") for number in range(4)]
    assert taken == [made[1], made[2], made[0], None]
    assert made[1].assignee_id == priya.id


def test_a_second_click_takes_no_second_ticket(session: Session, priya: Account) -> None:
    for _ in range(2):
        service.open_ticket(session, new_ticket(), REQUESTER)
    first = taking.take_next(session, true(), priya.id, AGENT, "one form")
    assert taking.take_next(session, true(), priya.id, AGENT, "one form") is first


def test_what_one_may_not_see_is_never_next(session: Session, teams: Teams) -> None:
    service.open_ticket(session, new_ticket(priority="urgent"), REQUESTER).team_id = teams.other
    own = service.open_ticket(session, new_ticket(priority="low"), REQUESTER)
    own.team_id = teams.own
    session.flush()
    visible = permissions.visible_tickets(teams.viewer, permissions.Action.ASSIGN)
    assert taking.take_next(session, visible, teams.viewer.account_id, AGENT, "a") is own
    assert taking.take_next(session, visible, teams.viewer.account_id, AGENT, "b") is None


def test_eight_who_take_at_once_get_eight_tickets(clean_database: Engine) -> None:
    with Session(clean_database) as session, session.begin():
        people = [account(session, f"agent-{number}").id for number in range(8)]
        for _ in range(8):
            service.open_ticket(session, new_ticket(), REQUESTER)
    together = threading.Barrier(8)
    taken: list[UUID | None] = []

    def take(account_id: UUID) -> None:
        with Session(clean_database) as own, own.begin():
            together.wait()
            ticket = taking.take_next(own, true(), account_id, AGENT, "same key, other account")
            taken.append(ticket.id if ticket is not None else None)

    at_once([lambda each=each: take(each) for each in people])
    assert None not in taken
    assert len(set(taken)) == 8


def test_nobody_waits_for_whoever_is_just_taking(clean_database: Engine) -> None:
    with Session(clean_database) as session, session.begin():
        slow, quick = account(session, "slow").id, account(session, "quick").id
        first, second = (service.open_ticket(session, new_ticket(), REQUESTER).id for _ in range(2))
    with Session(clean_database) as one, one.begin():
        held = taking.take_next(one, true(), slow, AGENT, "a")
        assert held is not None
        with Session(clean_database) as other, other.begin():
            got = taking.take_next(other, true(), quick, AGENT, "b")
            assert got is not None
            assert (held.id, got.id) == (first, second)


def at_once(work: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- drafts


def test_a_draft_is_its_writers_alone_and_of_one_kind(
    session: Session, ticket: Ticket, priya: Account, ravi: Account
) -> None:
    drafts.keep(session, ticket, priya.id, "reply", "Half", "k")
    drafts.keep(session, ticket, priya.id, "reply", "Half a sentence", "k")
    drafts.keep(session, ticket, priya.id, "note", "Ask finance", "k")
    assert {kind: draft.body for kind, draft in drafts.of(session, ticket, priya.id).items()} == {
        "reply": "Half a sentence",
        "note": "Ask finance",
    }
    assert drafts.of(session, ticket, ravi.id) == {}


def test_nothing_typed_keeps_nothing(session: Session, ticket: Ticket, priya: Account) -> None:
    drafts.keep(session, ticket, priya.id, "reply", "Half", "k")
    drafts.keep(session, ticket, priya.id, "reply", " \u200b\n", "k")
    assert drafts.of(session, ticket, priya.id) == {}


def test_a_draft_that_comes_after_its_form_was_sent_is_none(session: Session, ticket: Ticket, priya: Account) -> None:
    drafts.keep(session, ticket, priya.id, "reply", "Half", "k")
    service.reply(session, ticket, "Half a sentence", AGENT, key="reply:k")
    drafts.keep(session, ticket, priya.id, "reply", "Half a sentence", "k")
    assert drafts.of(session, ticket, priya.id) == {}
    drafts.keep(session, ticket, priya.id, "note", "Another form", "k")
    assert list(drafts.of(session, ticket, priya.id)) == ["note"]


def test_drafts_that_nobody_came_back_to_go(session: Session, ticket: Ticket, priya: Account) -> None:
    drafts.keep(session, ticket, priya.id, "reply", "Half", "k")
    drafts.keep(session, ticket, priya.id, "note", "Half", "k")
    drafts.of(session, ticket, priya.id)["reply"].updated_at = clock.now() - drafts.KEPT - timedelta(hours=1)
    drafts.tidy(session)
    session.expire_all()
    assert list(drafts.of(session, ticket, priya.id)) == ["note"]


# --- who is looking


def test_others_are_seen_once_until_they_leave_or_are_not_heard_of(
    session: Session, ticket: Ticket, priya: Account, ravi: Account
) -> None:
    pages = [uuid4(), uuid4(), uuid4()]
    presence.show(session, pages[0], ticket.id, priya.id)
    presence.show(session, pages[1], ticket.id, priya.id)
    presence.show(session, pages[2], ticket.id, ravi.id)
    assert [each.name for each in presence.others(session, ticket.id, ravi.id)] == ["Priya"]
    presence.leave(session, pages[0], ticket.id)
    assert [each.name for each in presence.others(session, ticket.id, ravi.id)] == ["Priya"]
    session.get_one(presence.Presence, pages[1]).seen_at -= presence.GONE_AFTER
    session.flush()
    assert presence.others(session, ticket.id, ravi.id) == []
    presence.show(session, pages[1], ticket.id, priya.id)
    assert [each.name for each in presence.others(session, ticket.id, ravi.id)] == ["Priya"]


def test_whoever_typed_a_moment_ago_is_writing(session: Session, ticket: Ticket, priya: Account) -> None:
    presence.show(session, uuid4(), ticket.id, priya.id)
    drafts.keep(session, ticket, priya.id, "reply", "Half", "k")
    assert [each.writing for each in presence.others(session, ticket.id, uuid4())] == [True]
    drafts.of(session, ticket, priya.id)["reply"].updated_at -= presence.WRITING_FOR
    session.flush()
    assert [each.writing for each in presence.others(session, ticket.id, uuid4())] == [False]


# --- views


def test_a_view_is_ones_own_unless_it_is_shared(session: Session, priya: Account, ravi: Account) -> None:
    own = views.save(session, priya.id, "Mine", {"who": "mine"}, shared=False)
    everybodys = views.save(session, priya.id, "exams", {"tag": "exam"}, shared=True)
    assert views.of(session, priya.id) == [everybodys, own]
    assert views.of(session, ravi.id) == [everybodys]
    assert views.get(session, everybodys.id, ravi.id) is everybodys
    with pytest.raises(ViewNotFound):
        views.get(session, own.id, ravi.id)
    with pytest.raises(ViewNotFound):
        views.remove(session, everybodys.id, ravi.id)
    views.remove(session, everybodys.id, priya.id)
    views.remove(session, everybodys.id, priya.id)
    assert views.of(session, ravi.id) == []


@pytest.mark.parametrize(("name", "problem"), [(" \u200b", "no_name"), ("x" * 61, "long_name"), ("mine", "taken")])
def test_a_name_that_cannot_be_kept(session: Session, priya: Account, name: str, problem: str) -> None:
    views.save(session, priya.id, "Mine", {"who": "mine"}, shared=False)
    with pytest.raises(ViewError) as refusal:
        views.save(session, priya.id, name, {"tag": "exam"}, shared=False)
    assert refusal.value.problem == problem


def test_the_same_view_again_is_the_same_and_another_may_have_its_name(
    session: Session, priya: Account, ravi: Account
) -> None:
    first = views.save(session, priya.id, "Exams", {"tag": "exam"}, shared=False)
    assert views.save(session, priya.id, " exams ", {"tag": "exam"}, shared=True) is first
    assert first.shared
    assert views.save(session, ravi.id, "Exams", {"tag": "other"}, shared=False) is not first


def test_there_is_an_end_to_views(session: Session, priya: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_VIEWS", 1)
    views.save(session, priya.id, "One", {}, shared=False)
    with pytest.raises(ViewError) as refusal:
        views.save(session, priya.id, "Two", {"tag": "x"}, shared=False)
    assert refusal.value.problem == "too_many"


# --- pages while rows move


@pytest.mark.parametrize("sort", [each for each in Sort if each is not Sort.BEST])
@pytest.mark.parametrize("text", ["", "jams"])
def test_no_page_repeats_or_leaves_out_what_stays(session: Session, sort: Sort, text: str) -> None:
    made = [
        service.open_ticket(session, new_ticket(priority=each), REQUESTER)
        for each in ("low", "urgent", "low", "urgent", "high", "low", "urgent", "high")
    ]
    filters = Filters(text=text)
    everything = [ticket.id for ticket in queue(session, filters, sort=sort).tickets]
    first = queue(session, filters, limit=3, sort=sort)
    moved = [ticket for ticket in made if ticket.id in (everything[1], everything[-1])]
    for ticket in moved:
        service.note(session, ticket, "moves", AGENT)
    service.open_ticket(session, new_ticket(priority="urgent"), REQUESTER)
    seen, cursor = [ticket.id for ticket in first.tickets], first.next_cursor
    while cursor:
        page = queue(session, filters, cursor, limit=3, sort=sort)
        seen += [ticket.id for ticket in page.tickets]
        cursor = page.next_cursor
    staying = [each for each in everything if each not in {ticket.id for ticket in moved}]
    assert [each for each in seen if each in staying] == staying


# --- teams


class Teams:
    """Two teams of one department, and an agent of the first."""

    def __init__(self, session: Session) -> None:
        home = Department(key="it", name="IT", widget_key="w-it", is_default=True)
        session.add(home)
        session.flush()
        own, other = (Team(department_id=home.id, key=key, name=key) for key in ("network", "accounts"))
        session.add_all([own, other])
        session.flush()
        self.own, self.other = own.id, other.id
        self.agent = account(session, "mina")
        session.add(TeamMember(team_id=own.id, account_id=self.agent.id))
        session.flush()
        self.viewer = viewer(session, self.agent)


@pytest.fixture
def teams(session: Session) -> Teams:
    return Teams(session)


def of_team(session: Session, team_id: UUID | None, **given: object) -> Ticket:
    ticket = service.open_ticket(session, new_ticket(**given), REQUESTER)
    return placing.change_team(session, ticket, team_id, AGENT)


@pytest.mark.parametrize("text", ["", "jams", "reference"])
def test_lists_searches_and_counts_show_ones_own_teams_only(session: Session, teams: Teams, text: str) -> None:
    own, theirs, nobodys = (of_team(session, team) for team in (teams.own, teams.other, None))
    if text == "reference":
        assert queue(session, Filters(text=own.reference), viewer=teams.viewer).tickets == [own]
        assert queue(session, Filters(text=theirs.reference), viewer=teams.viewer).tickets == []
        return
    page = queue(session, Filters(text=text), viewer=teams.viewer)
    assert {ticket.id for ticket in page.tickets} == {own.id, nobodys.id}
    assert sum(page.counts.values()) == 2
    assert count(session, Filters(text=text), teams.viewer) == 2


# --- many at once


def test_each_is_changed_for_itself_and_the_others_are_told(session: Session, teams: Teams, ravi: Account) -> None:
    fine, done, stale, theirs = (of_team(session, teams.own) for _ in range(4))
    placing.change_team(session, theirs, teams.other, AGENT)
    service.close(session, done, AGENT)
    asked = [*chosen(fine, done, stale, theirs), Chosen("HS-999999"), Chosen("nonsense")]
    service.note(session, stale, "news", AGENT)
    outcome = bulk.apply(session, teams.viewer, AGENT, asked, Wish("status", "waiting"), "k")
    assert {row["reference"] for row in outcome.done} == {fine.reference}
    assert {row["reference"]: row["problem"] for row in outcome.refused} == {
        done.reference: "illegal",
        stale.reference: "changed",
        theirs.reference: "not_found",
        "HS-999999": "not_found",
        "nonsense": "not_found",
    }
    assert [ticket.status for ticket in (fine, done, stale, theirs)] == ["waiting", "closed", "open", "open"]


def test_one_form_changes_once(session: Session, ticket: Ticket, priya: Account) -> None:
    who = viewer(session, priya)
    first = bulk.apply(session, who, AGENT, chosen(ticket), Wish("tag", "exam"), "k")
    tags.change(session, ticket, AGENT, remove=["exam"])
    assert bulk.apply(session, who, AGENT, chosen(ticket), Wish("tag", "exam"), "k") is first
    assert ticket.tags == []


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        (Wish("status", "nonsense"), "unknown_value"),
        (Wish("priority", ""), "unknown_value"),
        (Wish("team", "nonsense"), "unknown_value"),
        (Wish("tag", ","), "unknown_value"),
    ],
)
def test_what_can_be_done_to_nothing(
    session: Session, ticket: Ticket, priya: Account, wish: Wish, problem: str
) -> None:
    with pytest.raises(InvalidBulk) as refusal:
        bulk.apply(session, viewer(session, priya), AGENT, chosen(ticket), wish, "k")
    assert refusal.value.problem == problem


def test_none_and_too_many(session: Session, ticket: Ticket, priya: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST_TICKETS", 0)
    for asked, problem in (([], "nothing_chosen"), (chosen(ticket), "too_many")):
        with pytest.raises(InvalidBulk) as refusal:
            bulk.apply(session, viewer(session, priya), AGENT, asked, Wish("status", "waiting"), "k")
        assert refusal.value.problem == problem


@pytest.mark.parametrize("kind", ["status", "priority", "assignee", "team", "tag", "untag"])
def test_undoing_gives_back_what_each_had(session: Session, teams: Teams, kind: str) -> None:
    one, other = of_team(session, teams.own), of_team(session, teams.own, priority="low")
    for ticket in (one, other):
        tags.change(session, ticket, AGENT, add=["old"])
        placing.give(session, ticket, teams.agent.id, AGENT)
    service.change_status(session, other, "waiting", AGENT)
    before = [state(ticket) for ticket in (one, other)]
    to = {"status": "escalated", "priority": "urgent", "assignee": "", "team": str(teams.other), "tag": "new"}
    wish = Wish(kind, to.get(kind, "old"))  # type: ignore[arg-type]
    done = bulk.apply(session, teams.viewer, AGENT, chosen(one, other), wish, "k")
    assert len(done.done) == 2
    assert all(state(ticket) != was for ticket, was in zip((one, other), before, strict=True))
    bulk.undo(session, done.id, teams.viewer, AGENT, "undone")
    session.expire_all()
    assert [state(ticket) for ticket in (one, other)] == before
    versions = [one.version, other.version]
    bulk.undo(session, done.id, teams.viewer, AGENT, "undone")
    assert [one.version, other.version] == versions, "undone once"
    assert done.refused == []


def state(ticket: Ticket) -> tuple[object, ...]:
    return ticket.status, ticket.priority, ticket.assignee_id, ticket.team_id, list(ticket.tags)


def test_what_somebody_changed_since_is_not_given_back(session: Session, teams: Teams) -> None:
    one, other = of_team(session, teams.own), of_team(session, teams.own)
    done = bulk.apply(session, teams.viewer, AGENT, chosen(one, other), Wish("priority", "urgent"), "k")
    service.change_priority(session, one, "low", AGENT)
    service.note(session, other, "another thing", AGENT)
    bulk.undo(session, done.id, teams.viewer, AGENT, "undone")
    assert (one.priority, other.priority) == ("low", "normal")
    assert done.refused == [{"reference": one.reference, "problem": "changed"}]


def test_what_went_out_of_reach_is_not_given_back(session: Session, teams: Teams) -> None:
    ticket = of_team(session, teams.own)
    done = bulk.apply(session, teams.viewer, AGENT, chosen(ticket), Wish("priority", "urgent"), "k")
    placing.change_team(session, ticket, teams.other, AGENT)
    bulk.undo(session, done.id, teams.viewer, AGENT, "undone")
    assert ticket.priority == "urgent"
    assert done.refused == [{"reference": ticket.reference, "problem": "forbidden"}]


def test_only_ones_own_change_and_only_for_a_day(
    session: Session, ticket: Ticket, priya: Account, ravi: Account
) -> None:
    done = bulk.apply(session, viewer(session, priya), AGENT, chosen(ticket), Wish("tag", "exam"), "k")
    with pytest.raises(BulkNotFound):
        bulk.undo(session, done.id, viewer(session, ravi), AGENT, "undone")
    assert bulk.get(session, done.id, ravi.id) is None
    done.at -= bulk.UNDONE_WITHIN + timedelta(minutes=1)
    with pytest.raises(InvalidBulk) as refusal:
        bulk.undo(session, done.id, viewer(session, priya), AGENT, "undone")
    assert refusal.value.problem == "too_late"
    assert ticket.tags == ["exam"]
    assert session.scalar(select(func.count()).select_from(Entry)) == 0
