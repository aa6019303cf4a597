"""What happens on a ticket, told: to whom it concerns, once, where they want it, and not what they did themselves."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Message
from helpsage.departments.models import Team, TeamMember
from helpsage.events import outbox
from helpsage.events.models import OutboxEvent
from helpsage.intake.models import MailIdentity
from helpsage.jobs import chat
from helpsage.mail import threading
from helpsage.mail.models import Mail
from helpsage.notify.models import Delivery, Notice
from helpsage.people import preferences
from helpsage.people.models import Person, Role
from helpsage.people.preferences import DEFAULTS, Channel, Event
from helpsage.tickets import followers, merge, service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor
from tests.integration.notify.conftest import PRIYA, Desk, actor


@pytest.fixture
def asha(desk: Desk) -> Person:
    """Someone whose address is proven."""
    return desk.person()


@pytest.fixture
def ticket(desk: Desk, asha: Person) -> Ticket:
    chat_id: UUID = desk.do(lambda session: conversations.ensure(session, "web:asha", "web").id)
    return desk.ticket(asha, conversation_id=chat_id)


def choose(desk: Desk, person_id: UUID, *wanted: tuple[Event, Channel]) -> None:
    desk.do(lambda session: preferences.choose(session, person_id, wanted))


def replied(ticket: Ticket, words: str = "words", by: Actor = PRIYA, status: str | None = None):  # type: ignore[no-untyped-def]
    return lambda session: service.reply(session, service.by_id(session, ticket.id), words, by, status=status)


def moved(ticket: Ticket, status: str, by: Actor = PRIYA):  # type: ignore[no-untyped-def]
    return lambda session: service.change_status(session, service.by_id(session, ticket.id), status, by)


# --- requesters


def test_a_receipt_has_the_number_and_the_way_to_it(desk: Desk, asha: Person) -> None:
    ticket = desk.ticket(asha)
    [letter] = desk.letters()
    assert letter.recipient == "asha@uni.example"
    assert letter.subject == f"{ticket.reference}: Printer jams"
    assert f"/my/tickets/{ticket.reference}" in letter.text
    assert "/my/notifications" in letter.text
    assert letter.headers["Auto-Submitted"] == "auto-replied"


def test_a_reply_is_told_once_with_its_words_and_nobodys_html(desk: Desk, ticket: Ticket) -> None:
    [letter] = desk.happen(replied(ticket, "Fixed <i>it</i>, **really**."))
    assert "Fixed <i>it</i>, **really**." in letter.text
    assert letter.html is not None
    assert "Fixed &lt;i&gt;it&lt;/i&gt;, **really**." in letter.html
    assert "<b>Raman" not in letter.html


def test_an_answer_to_the_letter_lands_on_the_ticket(desk: Desk, ticket: Ticket) -> None:
    first, second = desk.happen(replied(ticket, "one")), desk.happen(replied(ticket, "two"))
    for letter in (*first, *second):
        assert threading.ticket_of_message_id(letter.headers["Message-ID"]) == ticket.number
        assert letter.headers["References"] == first[0].headers["References"]
    assert first[0].headers["Message-ID"] != second[0].headers["Message-ID"]


def test_notes_and_what_they_did_themselves_are_not_told(desk: Desk, ticket: Ticket) -> None:
    asha = Actor("requester", "Asha Patel", ticket.requester_id)

    def work(session: Session) -> None:
        found = service.by_id(session, ticket.id)
        service.note(session, found, "internal", PRIYA)
        service.comment(session, found, "mine", asha)
        service.close(session, found, asha)

    assert desk.happen(work) == []


@pytest.mark.parametrize(
    ("status", "wanted", "told"),
    [
        ("resolved", (Event.FINISHED, Channel.EMAIL), True),
        ("resolved", (Event.PROGRESS, Channel.EMAIL), False),
        ("waiting", (Event.PROGRESS, Channel.EMAIL), True),
        ("waiting", (Event.FINISHED, Channel.EMAIL), False),
    ],
)
def test_only_what_they_want_to_hear(
    desk: Desk, ticket: Ticket, status: str, wanted: tuple[Event, Channel], told: bool
) -> None:
    choose(desk, ticket.requester_id, wanted)
    assert bool(desk.happen(moved(ticket, status))) is told


def test_nothing_is_sent_when_nothing_is_wanted(desk: Desk, ticket: Ticket) -> None:
    choose(desk, ticket.requester_id)
    assert desk.happen(replied(ticket)) == []


def test_an_address_that_nobody_proved_gets_nothing(desk: Desk, ticket: Ticket) -> None:
    def unprove(session: Session) -> None:
        person = session.get_one(Person, ticket.requester_id)
        person.email, person.contact_email = None, "someone@else.example"

    desk.do(unprove)
    assert desk.happen(replied(ticket)) == []


def test_who_wrote_by_mail_is_answered_there_until_letters_come_back(desk: Desk) -> None:
    writer = desk.person("Ben", None)
    desk.do(lambda session: session.add(MailIdentity(address="ben@home.example", person_id=writer.id)))
    ticket = desk.ticket(writer)
    [letter] = desk.happen(replied(ticket))
    assert letter.recipient == "ben@home.example"

    def bounce(session: Session) -> None:
        session.get_one(MailIdentity, "ben@home.example").bounced_at = letter.created_at

    desk.do(bounce)
    assert desk.happen(replied(ticket)) == []


def test_an_account_whose_letters_come_back_gets_none_until_the_address_works(desk: Desk, ticket: Ticket) -> None:
    def bounced(came_back: bool):  # type: ignore[no-untyped-def]
        def mark(session: Session) -> None:
            person = session.get_one(Person, ticket.requester_id)
            assert person.email is not None
            known = session.get(MailIdentity, person.email.lower())
            if known is None:
                known = MailIdentity(address=person.email.lower(), person_id=person.id)
                session.add(known)
            known.bounced_at = clock.now() if came_back else None

        return mark

    desk.do(bounced(True))
    assert desk.happen(replied(ticket)) == []
    desk.do(bounced(False))
    assert len(desk.happen(replied(ticket))) == 1


def test_a_reply_that_also_resolves_says_both_and_one_that_waits_is_one_letter(desk: Desk, ticket: Ticket) -> None:
    choose(desk, ticket.requester_id, *DEFAULTS)
    waiting = desk.happen(replied(ticket, status="waiting"))
    solved = desk.happen(replied(ticket, status="resolved"))
    assert sorted(letter.subject[:3] for letter in waiting) == ["Re:"]
    assert sorted(letter.subject[:3] for letter in solved) == ["HS-", "Re:"]


def test_where_it_went_is_not_told_when_it_has_moved_on(desk: Desk, ticket: Ticket) -> None:
    def there_and_back(session: Session) -> None:
        moved(ticket, "resolved")(session)
        moved(ticket, "in_progress")(session)

    assert all("solved" not in letter.text for letter in desk.happen(there_and_back))


def test_people_of_merged_tickets_hear_the_end_as_that_of_their_own(desk: Desk, ticket: Ticket) -> None:
    other = desk.person("Ben", "ben@uni.example")
    theirs = desk.ticket(other)

    def merged(session: Session) -> None:
        merge.merge(
            session, service.by_id(session, theirs.id), service.by_id(session, ticket.id), PRIYA, other_person=True
        )

    desk.happen(merged)
    letters = desk.happen(moved(ticket, "resolved"))
    assert {letter.recipient: letter.subject.split(":")[0] for letter in letters} == {
        "asha@uni.example": ticket.reference,
        "ben@uni.example": theirs.reference,
    }


def test_the_chat_is_quiet_about_moves_when_that_is_chosen(desk: Desk, ticket: Ticket) -> None:
    def said() -> int:
        desk.do(moved(ticket, "in_progress"))
        with desk.new() as session:
            event = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id.desc())).first()
        assert event is not None
        chat.tell_status_to_chat(event.id, str(event.subject_id), event.payload)
        desk.do(moved(ticket, "open"))
        with desk.new() as session:
            return len(session.scalars(select(Message)).all())

    choose(desk, ticket.requester_id, (Event.PROGRESS, Channel.EMAIL))
    assert said() == 0
    choose(desk, ticket.requester_id, (Event.PROGRESS, Channel.CHAT))
    assert said() == 1


# --- staff


def recipients(letters: list[Mail]) -> list[str]:
    return sorted(letter.recipient.partition("@")[0] for letter in letters)


def test_followers_hear_of_everything_but_their_own_doing(desk: Desk, ticket: Ticket) -> None:
    ravi, tom = desk.colleague("Ravi"), desk.colleague("Tom")
    for one in (ravi, tom):
        desk.do(lambda session, one=one: followers.follow(session, service.by_id(session, ticket.id), one.id))  # type: ignore[misc]
    noted = desk.happen(lambda session: service.note(session, service.by_id(session, ticket.id), "psst", actor(ravi)))
    assert recipients(noted) == ["tom"]
    assert "Ravi noted, among staff:" in noted[0].text
    assert "psst" in noted[0].text
    assert f"/agent/tickets/{ticket.reference}" in noted[0].text
    assert recipients(desk.happen(moved(ticket, "waiting", actor(tom)))) == ["ravi"]


def test_one_notice_for_whoever_is_several_things_at_once(desk: Desk, asha: Person) -> None:
    """Requester, assignee, follower and member of the team: one letter."""
    ravi = desk.colleague("Ravi")
    ticket = desk.ticket(desk.do(lambda session: session.get_one(Person, ravi.person_id)))

    def everything(session: Session) -> None:
        found = service.by_id(session, ticket.id)
        service.assign(session, found, ravi.id, PRIYA)
        followers.follow(session, found, ravi.id)
        if found.team_id is not None:
            session.add(TeamMember(team_id=found.team_id, account_id=ravi.id))

    desk.happen(everything)
    letters = desk.happen(replied(ticket, "Once."))
    assert recipients(letters) == ["ravi"]
    with desk.new() as session:
        told = session.scalars(select(Notice.because).order_by(Notice.id.desc())).first()
    assert told == "requester"


def test_what_is_not_wanted_as_one_is_told_as_the_other(desk: Desk, ticket: Ticket) -> None:
    ravi = desk.colleague("Ravi")

    def both(session: Session) -> None:
        found = service.by_id(session, ticket.id)
        service.assign(session, found, ravi.id, PRIYA)
        followers.follow(session, found, ravi.id)

    desk.happen(both)
    choose(desk, ravi.person_id, (Event.FOLLOWED, Channel.EMAIL))
    asha = Actor("requester", "Asha Patel", ticket.requester_id)
    letters = desk.happen(
        lambda session: service.comment(session, service.by_id(session, ticket.id), "Still jams.", asha)
    )
    assert recipients(letters) == ["ravi"]
    assert "you follow it" in letters[0].text


def test_whoever_gets_a_ticket_hears_of_it_unless_they_took_it(desk: Desk, ticket: Ticket) -> None:
    ravi = desk.colleague("Ravi")

    def give(to: UUID | None, by: Actor):  # type: ignore[no-untyped-def]
        return lambda session: service.assign(session, service.by_id(session, ticket.id), to, by)

    letters = desk.happen(give(ravi.id, PRIYA))
    assert recipients(letters) == ["ravi"]
    desk.happen(give(None, PRIYA))
    assert desk.happen(give(ravi.id, actor(ravi))) == []


def test_who_may_not_see_the_ticket_any_more_hears_nothing(desk: Desk, ticket: Ticket) -> None:
    ravi = desk.colleague("Ravi")
    desk.do(lambda session: followers.follow(session, service.by_id(session, ticket.id), ravi.id))
    desk.do(lambda session: setattr(session.merge(ravi), "role", Role.REQUESTER.value))
    assert recipients(desk.happen(replied(ticket))) == ["asha"]


def test_a_follower_who_moved_to_another_team_hears_nothing(desk: Desk, ticket: Ticket) -> None:
    ravi = desk.colleague("Ravi")
    desk.do(lambda session: followers.follow(session, service.by_id(session, ticket.id), ravi.id))

    def move(session: Session) -> None:
        elsewhere = session.scalars(select(Team.id).where(Team.id != ticket.team_id)).first()
        session.add(TeamMember(team_id=elsewhere, account_id=ravi.id))

    assert recipients(desk.happen(replied(ticket))) == ["asha", "ravi"]
    desk.do(move)
    assert recipients(desk.happen(replied(ticket))) == ["asha"]


def test_a_breach_is_told_to_those_it_names(desk: Desk, ticket: Ticket) -> None:
    ravi, tom = desk.colleague("Ravi"), desk.colleague("Tom")
    desk.colleague("Lee", Role.LEAD)

    def breached(*named: str):  # type: ignore[no-untyped-def]
        payload = {"actor_kind": "system", "due_at": "2026-11-20T10:00:00+00:00", "accounts": list(named)}
        return lambda session: outbox.record(session, "ticket.breached", ticket.id, payload)

    letters = desk.happen(breached(str(tom.id)))
    assert recipients(letters) == ["tom"]
    assert "It is late: it was due 20 November, 10:00 UTC." in letters[0].text
    desk.happen(lambda session: service.assign(session, service.by_id(session, ticket.id), ravi.id, PRIYA))
    assert recipients(desk.happen(breached())) == ["lee", "ravi"]


@pytest.mark.parametrize(("whom", "told"), [("leads", ["lee"]), ("team", ["ravi"])])
def test_a_rule_calls_the_leads_or_the_team(desk: Desk, ticket: Ticket, whom: str, told: list[str]) -> None:
    ravi = desk.colleague("Ravi")
    desk.colleague("Lee", Role.LEAD)
    desk.do(lambda session: session.add(TeamMember(team_id=ticket.team_id, account_id=ravi.id)))
    payload = {"actor_kind": "system", "whom": whom, "title": "Exams are on"}
    letters = desk.happen(lambda session: outbox.record(session, "ticket.alerted", ticket.id, payload))
    assert recipients(letters) == told
    assert "front of the queue: Exams are on." in letters[0].text


def test_two_workers_at_once_tell_once(desk: Desk, ticket: Ticket) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from helpsage.jobs import notify

    desk.do(replied(ticket))
    [event] = [event for event in desk.events() if event.kind == "ticket.replied"]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(notify.tell, event.id, str(event.subject_id), event.payload) for _ in range(8)]:
            done.result()
    with desk.new() as session:
        assert len(session.scalars(select(Delivery).join(Notice).where(Notice.event_id == event.id)).all()) == 1
    assert [letter.subject[:3] for letter in desk.letters()] == ["HS-", "Re:"]


def test_another_program_that_answers_receipts_gets_a_few_and_then_none(
    desk: Desk, asha: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpsage import settings

    monkeypatch.setattr(settings.get(), "receipts_an_hour", 3)
    for _ in range(6):
        desk.ticket(asha)
    assert len(desk.letters()) == 3
    with desk.new() as session:
        assert session.scalars(select(Delivery.stage).order_by(Delivery.id)).all() == ["sent"] * 3 + ["dropped"] * 3
