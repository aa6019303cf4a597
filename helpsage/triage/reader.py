"""Reading a ticket: by the remote reader when there is one, by the local one otherwise and whenever that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from encoder.model import EncoderMissing
from helpsage.completions import CompletionFailed
from helpsage.tickets import categories
from helpsage.triage import budget, labels, local, remote, store
from helpsage.triage.classifier import Classifier
from helpsage.triage.local import Asked, LocalReading
from helpsage.triage.reading import Reading
from helpsage.triage.remote import Shown


@dataclass(frozen=True)
class Means:
    """What a reading needs of the database, fetched before, so that no transaction waits for a network.

    Attributes:
        model: of the local reader; none when there is no encoder.
        asks: whether the remote reader is asked.
        refused: why it is not, although there is one.
    """

    model: Classifier | None
    asks: bool = False
    refused: str = ""
    shown: Sequence[Shown] = field(default_factory=tuple)


def prepared(session: Session) -> Means:
    """Fetch it, and take one request out of the remote reader's budget when there is one to ask."""
    try:
        model = store.current(session)
    except EncoderMissing:
        model = None
    if not remote.configured():
        return Means(model)
    if not budget.spend(session):
        return Means(model, refused="budget")
    return Means(model, asks=True, shown=labels.shown(session))


def read_all(asked: Sequence[Asked], means: Means) -> list[LocalReading]:
    """Read tickets with the local reader alone, in the order given. Never fails, like `read`."""
    found = local.read_all(asked, means.model)
    return [replace(each, reading=replace(each.reading, fell_back=means.refused)) for each in found]


def read(subject: str, text: str, means: Means, chosen: str | None = None, names: Sequence[str] = ()) -> LocalReading:
    """Read a ticket. Never fails: what cannot be told is unsure.

    Parameters:
        chosen: the category, when whoever asks chose it.
        names: of people on the ticket; a remote reader does not get them.
    """
    (found,) = read_all([Asked(subject, text, chosen)], means)
    if not means.asks:
        return found
    topics = {name: each.title for name, each in categories.load().items()}
    try:
        told = remote.read(subject, text, topics, means.shown, names)
    except CompletionFailed as error:
        return replace(found, reading=replace(found.reading, fell_back=error.problem))
    topic = told.topic if chosen is None else found.reading.topic
    reading = Reading(topic, told.urgency, told.tone, found.reading.language, "remote")
    return replace(found, reading=reading)
