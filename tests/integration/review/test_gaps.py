"""Questions that come again and again: how many, what they cost, and an answer made of what agents said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import yaml
from sqlalchemy.orm import Session

from encoder.model import Encoder
from helpsage import clock
from helpsage.configuration.service import Who
from helpsage.conversations import service as conversations
from helpsage.conversations.models import AnswerFeedback
from helpsage.departments import service as departments
from helpsage.knowledge import articles, index
from helpsage.people import directory
from helpsage.people.models import Person, Role
from helpsage.people.permissions import Viewer
from helpsage.privacy import erasure
from helpsage.tickets import service
from helpsage.tickets.actor import Actor
from helpsage.tickets.models import Change, Entry, Ticket
from helpsage.tickets.service import NewTicket
from helpsage.training import gaps, patches, review
from helpsage.training.items import KnowledgeGap
from helpsage.training.taught import Taught
from helpsage.triage.models import TicketMeaning
from tests.integration.review.conftest import FILES

QUESTIONS = (
    "How do I get a parking permit for the campus garage?",
    "Where can I apply for a parking permit for the campus garage?",
    "I need a parking permit for the campus garage, how do I get it?",
)
Open = Callable[..., Ticket]


@pytest.fixture
def person(session: Session) -> Person:
    departments.ensure_defaults(session)
    return directory.add(session, "Asha Patel", "asha@example.org")


@pytest.fixture
def opened(session: Session, encoder: Encoder, person: Person) -> Open:
    """Opens a ticket with its vector, some days ago."""

    def open_one(words: str, days_ago: float = 1, reply: str = "", rating: int | None = None, **given: Any) -> Ticket:
        new = NewTicket("Question", words, "general_issue", "email", **{"requester_id": person.id, **given})
        ticket = service.open_ticket(session, new, Actor("requester"))
        ticket.created_at = clock.now() - timedelta(days=days_ago)
        vector = encoder.encode([words])[0]
        meaning = TicketMeaning(
            ticket_id=ticket.id, encoder=encoder.version, vector=vector, opened_at=ticket.created_at
        )
        session.add(meaning)
        if reply:
            ticket.resolved_at, ticket.rating = ticket.created_at + timedelta(hours=2), rating
            said = {"author_kind": "agent", "author_name": "Priya", "visibility": "public", "source": "console"}
            at = ticket.created_at + timedelta(hours=1)
            session.add(Entry(ticket_id=ticket.id, body=reply, created_at=at, **said))
        session.flush()
        return ticket

    return open_one


def found(session: Session) -> list[KnowledgeGap]:
    return session.query(KnowledgeGap).order_by(KnowledgeGap.id).all()


def test_a_gap_has_its_size_its_trend_and_a_draft(
    session: Session, opened: Open, encoder: Encoder, taught: Taught
) -> None:
    opened(
        QUESTIONS[0],
        reply="Hello Asha,\nask at the gate house, and bring your plate number.\nRegards,\nPriya",
        rating=5,
    )
    opened(QUESTIONS[1], reply="No.", rating=1)
    opened(QUESTIONS[2], days_ago=40)
    opened("My monitor shows green stripes since this morning.")
    assert gaps.find(session, encoder, taught) == 1
    [gap] = found(session)
    assert (gap.size, gap.size_before) == (2, 1)
    assert gap.title.startswith(("How do I get a parking", "Where can I apply for a parking", "I need a parking"))
    assert gap.answer == "ask at the gate house, and bring your plate number."
    best = session.get_one(Ticket, UUID(next(each for each in gap.tickets if _rating(session, each) == 5)))
    assert gap.sources == [best.reference]
    assert len(gap.asked) == 3


def _rating(session: Session, ticket_id: object) -> int | None:
    return session.get_one(Ticket, UUID(str(ticket_id))).rating


def test_what_the_faq_answers_or_what_helped_is_no_gap(
    session: Session, opened: Open, encoder: Encoder, taught: Taught
) -> None:
    for words in ("how do I reset my password", "how do I reset my password please"):
        opened(words)
    for words in QUESTIONS[:2]:
        chat = conversations.ensure(session, f"web:{words}", "web")
        ticket = opened(words, conversation_id=chat.id)
        at = ticket.created_at + timedelta(minutes=1)
        session.add(AnswerFeedback(conversation_id=chat.id, answer="x", helped=True, at=at))
        session.flush()
    assert gaps.find(session, encoder, taught) == 0


def test_the_nearest_entry_is_told(session: Session, opened: Open, encoder: Encoder, taught: Taught) -> None:
    for words in QUESTIONS[:2]:
        opened(words)
    gaps.find(session, encoder, taught)
    [gap] = found(session)
    assert gap.near[0]["key"] == "reset_password"
    assert gap.near[0]["likeness"] < gaps.ANSWERED
    assert gap.answer == ""


def test_effort_is_what_agents_wrote_and_changed(session: Session, opened: Open) -> None:
    ticket = opened(QUESTIONS[0], reply="word " * 30)
    other = opened(QUESTIONS[1])
    session.add(Change(ticket_id=ticket.id, actor_kind="agent", action="status"))
    session.add(Change(ticket_id=ticket.id, actor_kind="agent", action="replied"))
    session.flush()
    told = gaps.effort(session, [ticket.id, other.id])
    assert told[ticket.id] == pytest.approx(gaps.READING_MINUTES + 30 / gaps.WORDS_A_MINUTE + gaps.CHANGE_MINUTES)
    assert told[other.id] == 0


def test_next_night_it_is_the_same_one_and_a_dismissed_one_stays_away(
    session: Session, opened: Open, encoder: Encoder, taught: Taught, viewer: Callable[..., Viewer]
) -> None:
    ada = viewer()
    for words in QUESTIONS[:2]:
        opened(words)
    gaps.find(session, encoder, taught)
    [gap] = found(session)
    opened(QUESTIONS[2])
    gaps.find(session, encoder, taught)
    assert [each.id for each in found(session)] == [gap.id]
    assert gap.size == 3
    gaps.dismiss(session, ada, gap)
    assert gaps.find(session, encoder, taught) == 0
    assert gaps.listed(session, ada) == []
    assert [each.id for each in found(session)] == [gap.id]


def test_what_an_article_answers_is_no_gap(
    session: Session, opened: Open, encoder: Encoder, taught: Taught, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in QUESTIONS[:2]:
        opened(words)
    body = "A parking permit for the campus garage is given out at the gate house: apply for it there with your card."
    writing = articles.Writing("Apply for a parking permit for the campus garage", body, "campus")
    article = articles.create(session, "parking", writing, Who())
    gaps.find(session, encoder, taught)
    assert len(found(session)) == 1
    articles.publish(session, article.id, Who())
    index.build(session, article.id)
    monkeypatch.setattr(gaps.confidence, "QUOTED", 0.3)
    gaps.find(session, encoder, taught)
    assert found(session) == []


def test_accepted_it_is_an_entry_of_the_change(
    session: Session, opened: Open, encoder: Encoder, taught: Taught, viewer: Callable[..., Viewer]
) -> None:
    ada = viewer()
    for words in QUESTIONS[:2]:
        opened(words, reply="Ask at the gate house.")
    gaps.find(session, encoder, taught)
    [gap] = gaps.listed(session, ada)
    with pytest.raises(gaps.InvalidDraft):
        gaps.accept(session, ada, gap, "faq", "Garage card", " ")
    gaps.accept(session, ada, gap, "faq", "Garage card", "Ask at the *gate house*.")
    edit = review.change(session, FILES)
    content = yaml.safe_load(edit.changed["data/faq/reviewed.yml"])
    assert content["responses"]["utter_faq/garage_card"] == [{"text": "Ask at the *gate house*."}]
    [block] = content["nlu"]
    assert block["intent"] == "faq/garage_card"
    assert block["examples"].splitlines()[0] == "- Garage card"
    assert len(block["examples"].splitlines()) == 3
    assert "new file mode" in patches.unified(edit)
    gaps.reopen(session, ada, gap)
    assert review.change(session, FILES).changed == {}


def test_accepted_as_an_article_it_is_a_draft_that_somebody_reads_first(
    session: Session, opened: Open, encoder: Encoder, taught: Taught, viewer: Callable[..., Viewer]
) -> None:
    ada = viewer()
    for words in QUESTIONS[:2]:
        opened(words)
    gaps.find(session, encoder, taught)
    [gap] = found(session)
    gaps.accept(session, ada, gap, "article", "Parking", "Ask.")
    draft = articles.by_slug(session, "parking")
    written = articles.newest(session, draft)
    assert (draft.status, draft.published_version) == ("draft", None)
    assert (written.title, written.body) == ("Parking", "Ask.")
    assert gap.state == "done"
    assert review.change(session, FILES).changed == {}
    gaps.reopen(session, ada, gap)
    gaps.accept(session, ada, gap, "article", "Parking", "Ask at the gate house.")
    assert articles.newest(session, articles.by_slug(session, "parking-2")).body == "Ask at the gate house."


def test_a_gap_of_somebody_who_is_forgotten_goes(
    session: Session, opened: Open, encoder: Encoder, taught: Taught, person: Person
) -> None:
    for words in QUESTIONS[:2]:
        opened(words)
    gaps.find(session, encoder, taught)
    assert len(found(session)) == 1
    erasure.erase(session, person.id)
    session.expire_all()
    assert found(session) == []


def test_a_lead_sees_gaps_of_their_departments(
    session: Session, opened: Open, encoder: Encoder, taught: Taught, viewer: Callable[..., Viewer]
) -> None:
    from helpsage.departments.models import Department

    library = Department(key="library", name="Library", widget_key="w-library")
    session.add(library)
    session.flush()
    for words in QUESTIONS[:2]:
        opened(words).department_id = library.id
    session.flush()
    gaps.find(session, encoder, taught)
    [gap] = found(session)
    lead = viewer(Role.LEAD, "lead@desk.example")
    assert gaps.listed(session, lead) == []
    with pytest.raises(LookupError):
        gaps.get(session, lead, gap.id)
    assert gaps.get(session, viewer(), gap.id) is gap
