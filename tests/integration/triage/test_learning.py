"""What agents correct is kept without the ticket's words, and a new reader is used only when it is not worse."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.db.session import transaction
from helpsage.people.models import Person
from helpsage.privacy import erasure
from helpsage.tickets import categories, details, service
from helpsage.tickets.service import Actor
from helpsage.triage import corrections, examples, labels, retraining, store
from helpsage.triage.classifier import Classifier
from helpsage.triage.models import ReaderModel, ReadingLabel, ReadingRow, TicketMeaning
from helpsage.triage.reading import Tag
from helpsage.triage.retraining import Outcome
from helpsage.triage.training import Example
from tests.integration.triage.conftest import Open

AGENT = Actor("agent", "Priya Raman")


def _labels(session: Session) -> list[tuple[str, str | None, str]]:
    asked = select(ReadingLabel.tag, ReadingLabel.said, ReadingLabel.right).order_by(ReadingLabel.tag)
    return [(row[0], row[1], row[2]) for row in session.execute(asked)]


def test_another_category_and_another_priority_are_corrections(desk: Session, opened: Open) -> None:
    ticket = opened("Wi-Fi", "The Wi-Fi in the library keeps dropping every few minutes on my laptop.")
    details.change_category(desk, ticket, "hardware_problem", AGENT)
    for tag, to in ((Tag.TOPIC, "hardware_problem"), (Tag.URGENCY, "urgent")):
        corrections.learn(desk, ticket.id, tag, {"actor_kind": "agent", "to": to})
        corrections.learn(desk, ticket.id, tag, {"actor_kind": "agent", "to": to})
    assert _labels(desk) == [("topic", "wifi_problem", "hardware_problem"), ("urgency", "medium", "high")]


@pytest.mark.parametrize("kind", ["system", "requester"])
def test_only_agents_correct(desk: Session, opened: Open, kind: str) -> None:
    ticket = opened("Wi-Fi", "The Wi-Fi in the library keeps dropping.")
    corrections.learn(desk, ticket.id, Tag.TOPIC, {"actor_kind": kind, "to": "hardware_problem"})
    assert _labels(desk) == []


def test_a_priority_that_changes_later_tells_nothing_of_the_first_words(desk: Session, opened: Open) -> None:
    ticket = opened("Wi-Fi", "The Wi-Fi in the library keeps dropping.", hours_ago=72)
    corrections.learn(desk, ticket.id, Tag.URGENCY, {"actor_kind": "agent", "to": "urgent"})
    assert _labels(desk) == []


def test_erasing_a_person_takes_what_was_read_of_their_words(desk: Session, opened: Open, person: Person) -> None:
    ticket = opened("Wi-Fi", "The Wi-Fi in the library keeps dropping every few minutes on my laptop.")
    corrections.correct(desk, ticket, Tag.TOPIC, "hardware_problem", AGENT)
    erasure.erase(desk, person.id)
    reading = desk.get_one(ReadingRow, ticket.id)
    assert (reading.topic_evidence, reading.urgency_evidence, reading.tone_evidence) == ("", "", "")
    assert desk.get(TicketMeaning, ticket.id) is None
    assert labels.topics(desk) == []


# --- training


ROVER = (
    "The delivery rover stands still in front of gate {n}", "Campus rover number {n} does not bring my parcel",
    "Rover {n} blocks the bicycle path again", "The parcel rover lost its way near house {n}",
)  # fmt: skip


def _corrected(engine: Engine, right: str, count: int) -> None:
    """Tickets about the new delivery rovers, which an agent put into this category."""
    with transaction() as session:
        for number in range(count):
            text = ROVER[number % len(ROVER)].format(n=number)
            new = service.NewTicket("Rover", text, "general_issue", "email", idempotency_key=f"r{number}")
            ticket = service.open_ticket(session, new, Actor("requester"))
            labels.put(session, ticket.id, Tag.TOPIC, right, None)


def test_a_model_that_learned_from_corrections_is_used(clean_database: Engine) -> None:
    _corrected(clean_database, "hostel_problem", 60)
    outcome = retraining.run()
    assert outcome.promoted, outcome.reason
    with transaction() as session:
        assert store.current(session).version == outcome.version
        assert retraining.right(store.current(session), [Example(ROVER[0].format(n=77), "hostel_problem")]) == 1
        retraining.forget(session)
        assert store.current(session).version == store.base().version


def test_few_corrections_are_not_worth_a_training(clean_database: Engine) -> None:
    _corrected(clean_database, "hostel_problem", 5)
    assert retraining.run() == retraining.NOTHING_NEW


def test_one_that_is_worse_on_held_out_tickets_is_not_used(
    clean_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _corrected(clean_database, "hostel_problem", 60)
    # What it learns from and what it is compared on say different things: someone taught it nonsense.
    monkeypatch.setattr(retraining, "_held_out", lambda *_: [Example("The Wi-Fi is down", "wifi_problem")] * 9)
    before = store.base().version
    monkeypatch.setattr(retraining, "right", lambda model, some: len(some) and (9 if model.version == before else 8))
    outcome: Outcome = retraining.run()
    assert (outcome.promoted, outcome.reason) == (False, "worse: 8 of 9 held-out tickets right, 9 before")
    with transaction() as session:
        (kept,) = session.scalars(select(ReaderModel))
        assert kept.promoted_at is None
        assert store.current(session).version == store.base().version


def _poisoned(count: int) -> None:
    """Corrections that are all wrong: ordinary tickets, each put into a category that it has nothing to do with."""
    topics = ["wifi_problem", "printer_problem", "refund_request", "library_problem", "hostel_problem"]
    written = examples.written(categories.catalogue())
    texts = {topic: [each.text for each in written if each.topic == topic and len(each.text) > 25] for topic in topics}
    with transaction() as session:
        for number in range(count):
            place = number % len(topics)
            text = f"{texts[topics[place]][number // len(topics)]}, please look at it."
            new = service.NewTicket("", text, "general_issue", "email", idempotency_key=f"p{number}")
            ticket = service.open_ticket(session, new, Actor("requester"))
            labels.put(session, ticket.id, Tag.TOPIC, topics[place - 1], None)


def test_corrections_that_are_all_wrong_are_not_believed(clean_database: Engine) -> None:
    """Those that are held out are as wrong, so that the model which believed them looks better there."""
    _poisoned(60)
    outcome = retraining.run()
    assert outcome.promoted is False
    assert "contradict the examples" in outcome.reason
    with transaction() as session:
        (kept,) = session.scalars(select(ReaderModel))
        assert (kept.promoted_at, kept.reason) == (None, outcome.reason)
        assert store.current(session).version == store.base().version


def test_one_that_spoils_what_nobody_corrected_is_not_used(
    clean_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Better on the corrected ones, worse on many more that were right all along."""
    _corrected(clean_database, "hostel_problem", 60)
    untouched = [Example("The Wi-Fi is down", "wifi_problem")] * 100
    before = store.base().version
    monkeypatch.setattr(retraining, "_untouched", lambda _: untouched)
    monkeypatch.setattr(retraining, "_held_out", lambda *_: [Example("Rover", "hostel_problem")] * 50)

    def right(model: Classifier, some: list[Example]) -> int:
        return {100: (95, 90), 50: (0, 50)}[len(some)][model.version != before]

    monkeypatch.setattr(retraining, "right", right)
    outcome = retraining.run()
    assert (outcome.promoted, outcome.reason) == (
        False, "worse on tickets that nobody corrected: 90 of 100 right, 95 before",
    )  # fmt: skip


def test_held_out_tickets_stay_held_out() -> None:
    ids = [UUID(int=number) for number in range(1_000)]
    assert sum(map(retraining.is_held_out, ids)) == 200
