"""Training the local reader anew, from the examples in `data/` and what people corrected on tickets.

One ticket in five is never learned from (which ones is decided by their ids, so that it stays so): on those the new
model is compared with the one in use. They are the corrected tickets, and finished ones whose topic nobody changed, so
that a model that learns a few corrections and forgets the rest is seen. The new one is promoted only when it is not
worse there, and not worse on the examples in `data/` (cross-validation).

Corrections can be wrong themselves, all of them if somebody means it; then those that are held out are just as wrong,
and praise the model that believed them. So tickets that nobody corrected are counted apart, and corrections that say of
near copies of written examples that they are something else are not learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from encoder.model import EncoderMissing
from helpsage import clock
from helpsage.db.session import transaction
from helpsage.privacy.words import REMOVED
from helpsage.tickets import categories
from helpsage.tickets.models import Change, Status, Ticket
from helpsage.triage import essence, examples, labels, store, wording
from helpsage.triage.classifier import NOTHING, Classifier
from helpsage.triage.models import ReaderModel, ReadingLabel, ReadingRow
from helpsage.triage.reading import Tag
from helpsage.triage.training import Example, Trained

#: One ticket in so many is held out.
HELD_OUT = 5
#: Finished tickets whose topic nobody changed, the newest.
MOST_CONFIRMED = 1_000
#: Corrections to learn from before it is worth the time.
ENOUGH = 10
#: Held-out tickets below which a comparison would be a guess.
ENOUGH_HELD_OUT = 5
#: How much the accuracy on `data/` may sink: as much as the folds differ by chance.
TOLERANCE = 0.01
#: Share of the tickets that nobody corrected by which a model may differ by chance.
NOISE = 0.02
#: Cosine from which a ticket is a near copy of a written example.
COPY = 0.75
#: Near copies from which on, and the share of them with another topic above which, corrections contradict the examples.
ENOUGH_COPIES, CONTRADICTING = 5, 0.5
#: Models that are kept, to go back to.
KEPT = 5

PROMOTED = "not worse: {new} of {count} held-out tickets right, {old} before"
WORSE = "worse: {new} of {count} held-out tickets right, {old} before"
FORGETS = "forgets what the examples teach: {new:.1%} there, {old:.1%} before"
SPOILS = "worse on tickets that nobody corrected: {new} of {count} right, {old} before"
CONTRADICTS = (
    "the corrections contradict the examples: of {count} tickets that are nearly copies of written ones, {other} were"
    " given another topic"
)
TOO_FEW = "only {count} held-out tickets: too few to compare"


@dataclass(frozen=True)
class Outcome:
    """What came of a training. `promoted` None: there was nothing to train."""

    promoted: bool | None
    reason: str
    version: str = ""


NOTHING_NEW = Outcome(None, "too few corrections to learn from")
NO_ENCODER = Outcome(None, "the sentence encoder is missing")
SAME = Outcome(None, "nothing was corrected since")


def run() -> Outcome:
    """Train, compare, and promote or not."""
    try:
        with transaction() as session:
            now_used = store.current(session)
            corrected = labels.topics(session)
            held_out = _held_out(corrected)
            untouched = _untouched(session)
    except EncoderMissing:
        return NO_ENCODER
    learned = [example for ticket_id, example in corrected if not is_held_out(ticket_id)]
    if len(learned) < ENOUGH:
        return NOTHING_NEW
    # For minutes: no transaction is open meanwhile.
    written = examples.written(categories.catalogue())
    trained = store.fit([*written, *learned])
    if trained.model.version == now_used.version:
        return SAME
    outcome, figures = _judged(trained, now_used, held_out, untouched, contradicting(learned))
    with transaction() as session:
        session.add(
            ReaderModel(
                version=trained.model.version,
                encoder=trained.model.encoder,
                made_at=clock.now(),
                content=trained.model.to_bytes(),
                corrections=len(learned),
                figures=figures,
                promoted_at=clock.now() if outcome.promoted else None,
                reason=outcome.reason,
            )
        )
        session.flush()
        _tidy(session)
    return outcome


def is_held_out(ticket_id: UUID) -> bool:
    """Whether this ticket is for comparing only."""
    return ticket_id.int % HELD_OUT == 0


def in_use(session: Session) -> int | None:
    """The newest promoted model; none: the one made from `data/` alone."""
    promoted = select(ReaderModel.id).where(ReaderModel.promoted_at.is_not(None))
    return session.scalar(promoted.order_by(ReaderModel.promoted_at.desc(), ReaderModel.id.desc()).limit(1))


def go_back(session: Session, model_id: int) -> bool:
    """Use an older model again; False when it is not there any more."""
    model = session.get(ReaderModel, model_id)
    if model is None:
        return False
    model.promoted_at = clock.now()
    session.flush()
    return True


def forget(session: Session) -> None:
    """Use the model made from `data/` alone again; the others stay to be gone back to."""
    for model in session.scalars(select(ReaderModel).where(ReaderModel.promoted_at.is_not(None))):
        model.promoted_at = None
    session.flush()


def _held_out(corrected: Sequence[tuple[UUID, Example]]) -> list[Example]:
    """Corrected tickets that nobody learns from."""
    return [example for ticket_id, example in corrected if is_held_out(ticket_id)]


def _untouched(session: Session) -> list[Example]:
    """Tickets that people worked on and finished with the topic that they were read as."""
    labelled = select(ReadingLabel.ticket_id).where(ReadingLabel.tag == Tag.TOPIC.value)
    worked_on = select(Change.id).where(Change.ticket_id == Ticket.id, Change.actor_kind == "agent").exists()
    confirmed = (
        select(Ticket.id, Ticket.subject, Ticket.description, Ticket.category)
        .join(ReadingRow, ReadingRow.ticket_id == Ticket.id)
        .where(
            Ticket.status.in_([Status.RESOLVED.value, Status.CLOSED.value]),
            Ticket.category == ReadingRow.topic,
            Ticket.description != REMOVED,
            Ticket.merged_into_id.is_(None),
            Ticket.id.not_in(labelled),
            worked_on,
        )
        .order_by(Ticket.created_at.desc())
        .limit(MOST_CONFIRMED)
    )
    return [
        Example(essence.of(subject, text).text, category)
        for ticket_id, subject, text, category in session.execute(confirmed)
        if is_held_out(ticket_id)
    ]


def contradicting(learned: Sequence[Example]) -> tuple[int, int]:
    """Of these tickets, how many are near copies of written examples, and how many of those say another topic."""
    base = store.base()
    written = base.judges.examples
    cosines = store.encoder().encode([example.text for example in learned]) @ written.vectors.T
    copies = other = 0
    for example, row in zip(learned, cosines, strict=True):
        alike = {base.classes[number] for number in written.labels[row >= COPY]} - {NOTHING}
        copies += bool(alike)
        other += bool(alike) and example.topic not in alike
    return copies, other


def _judged(
    trained: Trained,
    now_used: Classifier,
    held_out: Sequence[Example],
    untouched: Sequence[Example],
    copies: tuple[int, int],
) -> tuple[Outcome, dict[str, float | int]]:
    new_untouched, old_untouched = right(trained.model, untouched), right(now_used, untouched)
    new = right(trained.model, held_out) + new_untouched
    old = right(now_used, held_out) + old_untouched
    count = len(held_out) + len(untouched)
    on_data, on_data_before = trained.model.accuracy, now_used.accuracy
    figures: dict[str, float | int] = {
        "held_out": count,
        "right": new,
        "right_before": old,
        "untouched": len(untouched),
        "copies": copies[0],
        "contradicting": copies[1],
        "examples": round(on_data, 4),
        "examples_before": round(on_data_before, 4),
        "calibration": round(trained.calibration, 4),
    }
    version = trained.model.version
    if count < ENOUGH_HELD_OUT:
        return Outcome(False, TOO_FEW.format(count=count), version), figures
    if copies[0] >= ENOUGH_COPIES and copies[1] > CONTRADICTING * copies[0]:
        return Outcome(False, CONTRADICTS.format(count=copies[0], other=copies[1]), version), figures
    if on_data < on_data_before - TOLERANCE:
        return Outcome(False, FORGETS.format(new=on_data, old=on_data_before), version), figures
    # A few more or less are chance.
    if old_untouched - new_untouched > max(1, NOISE * len(untouched)):
        told = SPOILS.format(new=new_untouched, old=old_untouched, count=len(untouched))
        return Outcome(False, told, version), figures
    told = (PROMOTED if new >= old else WORSE).format(new=new, old=old, count=count)
    return Outcome(new >= old, told, version), figures


def right(model: Classifier, some: Sequence[Example]) -> int:
    """How many topics a model gets right."""
    if not some:
        return 0
    vectors = store.encoder().encode([example.text for example in some])
    rows = wording.weighed([wording.places(example.text) for example in some], model.judges.rarity)
    chosen = model.shares(vectors, rows).argmax(axis=1)
    return sum(model.classes[number] == example.topic for number, example in zip(chosen, some, strict=True))


def _tidy(session: Session) -> None:
    """Old models go, the promoted one never."""
    used = in_use(session)
    for model in session.scalars(select(ReaderModel).order_by(ReaderModel.id.desc()).offset(KEPT)).all():
        if model.id != used:
            session.delete(model)
