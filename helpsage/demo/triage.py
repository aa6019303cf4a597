"""What the desk's own reader makes of the last weeks' tickets, which rules fired, and which tickets seem the same.

Nothing is invented here: the words are read by the same code as anybody's, and the rules are this installation's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from encoder.model import EncoderMissing
from helpsage import clock, settings
from helpsage.demo.rows import Sheet
from helpsage.demo.tickets import Life, Stories
from helpsage.tickets import lifecycle, priority
from helpsage.tickets.categories import UNSORTED
from helpsage.tickets.models import Priority, Status, Ticket
from helpsage.triage import essence, language, likeness, local, rules, store, tone, twins, urgency, words
from helpsage.triage.classifier import Classifier
from helpsage.triage.models import Twin
from helpsage.triage.reading import Judgement, Reading
from helpsage.triage.rules import UNSURE, Case, Fired, Move

#: Readings are kept of so many days: what a dry run of the rules looks at, and a little more.
DAYS = 35
#: Where nobody chose a category.
UNCHOSEN = ("email", "form")
READ_AFTER = timedelta(seconds=2)
TAGS = ("topic", "urgency", "tone", "language")

READING_COLUMNS = (
    "ticket_id", "at", "reader", "topic_likely",
    *(f"{tag}{part}" for tag in TAGS for part in ("", "_confidence", "_evidence", "_version")),
)  # fmt: skip
ROUTING_COLUMNS = ("ticket_id", "at", "rule", "title", "move", "because", "before", "after")
LABEL_COLUMNS = ("ticket_id", "tag", "said", "right", "by_id", "at")


class Triage:
    """Reads tickets as they come in, and sends them where the rules say."""

    def __init__(self, session: Session, stories: Stories, departments: Mapping[UUID, str], now: datetime) -> None:
        """
        Parameters:
            departments: their keys.
        """
        self._stories = stories
        self._departments = departments
        self._since = now - timedelta(days=DAYS)
        self._table = rules.table()
        self._model = _model(session)
        self._read: list[tuple[Life, Reading]] = []
        self.readings = Sheet("reading", READING_COLUMNS)
        self.routings = Sheet("routing", ROUTING_COLUMNS)
        self.labels = Sheet("reading_label", LABEL_COLUMNS)

    def handle(self, life: Life) -> None:
        """Before anybody has seen it."""
        if life.created_at < self._since:
            return
        reading = self._reading(life)
        self._read.append((life, reading))
        life.tone = reading.tone.value or life.tone
        self._keep(life, reading)
        fired = self._table.first(
            Case(
                topic=reading.topic.value or UNSURE,
                urgency=reading.urgency.value or "",
                tone=reading.tone.value or "",
                language=reading.language.value or UNSURE,
                channel=life.channel,
                department=self._departments.get(life.place.department_id, ""),
                tags=frozenset(),
                at=life.created_at,
            )
        )
        self._send(life, fired)

    def correct(self) -> None:
        """Whoever worked on a ticket that was taken for something else has said so."""
        for life, reading in self._read:
            if life.agent is not None and life.merged_into_id is None and reading.topic.value != life.category.name:
                self.labels.add(
                    ticket_id=life.id,
                    tag="topic",
                    said=reading.topic.value,
                    right=life.category.name,
                    by_id=life.agent.person_id,
                    at=life.first_response_at or life.at,
                )

    def _reading(self, life: Life) -> Reading:
        if life.channel in UNCHOSEN:
            return local.read(life.subject, life.description, self._model).reading
        return Reading(
            topic=Judgement(life.category.name, 1.0, local.CHOSEN_EVIDENCE, local.CHOSEN),
            urgency=urgency.read(life.subject, life.description, life.category.name),
            tone=tone.read(life.subject, life.description),
            language=language.read(f"{life.subject}\n{life.description}"),
        )

    def _keep(self, life: Life, reading: Reading) -> None:
        row: dict[str, Any] = {}
        for tag in TAGS:
            judgement: Judgement = getattr(reading, tag)
            row |= {
                tag: judgement.value,
                f"{tag}_confidence": judgement.confidence,
                f"{tag}_evidence": judgement.evidence,
                f"{tag}_version": judgement.version,
            }
        at = life.created_at + READ_AFTER
        self.readings.add(ticket_id=life.id, at=at, reader="local", topic_likely=reading.topic.likely, **row)

    def _send(self, life: Life, fired: Fired | None) -> None:
        before = _standing(life)
        if fired is not None:
            self._apply(life, fired)
        after = _standing(life)
        changed = [name for name, value in before.items() if value != after[name]]
        life.routed_by = fired.rule.key if fired is not None else None
        self.routings.add(
            ticket_id=life.id,
            at=life.created_at + READ_AFTER,
            rule=fired.rule.key if fired is not None else "",
            title=fired.rule.title if fired is not None else "",
            move=(fired.rule.move if fired is not None else Move.QUEUE).value,
            because=words.because(fired.because) if fired is not None else [],
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )

    def _apply(self, life: Life, fired: Fired) -> None:
        """What the rule's move does; teams are those of the demonstration's categories."""
        why = words.BY_RULE.format(title=fired.rule.title)
        if fired.rule.move is Move.SORT:
            self._stories.hand(life, self._stories.places[UNSORTED], why)
        elif fired.rule.move is Move.FRONT:
            self._stories.raise_to(life, Priority.URGENT, why)
        elif fired.rule.move is Move.SENIOR:
            self._stories.escalate(life, why)
            if priority.rank(life.priority) < priority.rank(Priority.HIGH):
                self._stories.raise_to(life, Priority.HIGH, why)


def compare(session: Session) -> int:
    """Offer the newest tickets that are worked on as twins of one another; returns how many pairs."""
    try:
        encoder = store.encoder()
    except EncoderMissing:
        return 0
    since = clock.now() - timedelta(hours=settings.get().twins_others_hours)
    finished = [status.value for status in lifecycle.FINISHED]
    asked = select(Ticket).where(Ticket.created_at >= since, Ticket.status.not_in(finished)).order_by(Ticket.number)
    tickets = list(session.scalars(asked))
    if not tickets:
        return 0
    vectors = encoder.encode([essence.of(ticket.subject, ticket.description).text for ticket in tickets])
    for ticket, vector in zip(tickets, vectors, strict=True):
        twins.remember(session, ticket, vector, encoder.version)
    made = 0
    for ticket, vector in zip(tickets, vectors, strict=True):
        for found in twins.find(session, twins.of(ticket, vector), but=ticket.id):
            # Each pair once, from its newer ticket: the other one came when this one was not there yet.
            if found.ticket.number < ticket.number:
                session.add(_offered(ticket, found))
                made += 1
    return made


def _offered(ticket: Ticket, found: twins.Found) -> Twin:
    return Twin(
        ticket_id=ticket.id,
        other_id=found.ticket.id,
        same_person=found.same_person,
        score=found.score,
        because=found.because,
        version=likeness.VERSION,
        found_at=ticket.created_at + READ_AFTER,
    )


def _model(session: Session) -> Classifier | None:
    try:
        return store.current(session)
    except EncoderMissing:
        return None


def _standing(life: Life) -> dict[str, Any]:
    return {
        "team": str(life.place.team_id),
        "department": str(life.place.department_id),
        "priority": life.priority.value,
        "status": Status(life.status).value,
    }
