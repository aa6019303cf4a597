"""What a ticket's page shows of its triage: how it was read, which rule sent it here and why, and its twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.tickets import categories
from helpsage.tickets.models import Ticket
from helpsage.triage.beside import Triage
from helpsage.triage.models import ReadingLabel, ReadingRow, Routing, Twin
from helpsage.triage.reading import Tag, Tone, Urgency
from helpsage.web.access import SignedIn
from helpsage.web.console import said


@dataclass(frozen=True)
class TagShown:
    """One line of the reading."""

    tag: str
    label: str
    value: str
    title: str
    percent: int
    evidence: str
    version: str
    #: What a person says instead.
    corrected: bool = False
    #: What the reader had said then.
    was: str = ""


@dataclass(frozen=True)
class TwinShown:
    """A ticket that may be about the same."""

    twin: Twin
    ticket: Ticket

    @property
    def percent(self) -> int:
        """How likely it is."""
        return round(100 * self.twin.score)


@dataclass(frozen=True)
class Shown:
    """What the ticket's page shows of it; without a reading the worker has not come to it yet."""

    reading: ReadingRow | None
    tags: list[TagShown]
    routing: Routing | None
    fell_back: str
    held: str
    twins: list[TwinShown]
    #: What can be chosen, by tag.
    choices: dict[str, list[tuple[str, str]]]


def shown(who: SignedIn, triage: Triage, twins: Sequence[tuple[Twin, Ticket]]) -> Shown:
    """All of it, as far as the viewer may see it."""
    reading, routing = triage.reading, triage.routing
    seen = [TwinShown(twin, other) for twin, other in twins if permissions.may(who, Action.SEE_TICKET, other)]
    return Shown(
        reading=reading,
        tags=tags(reading, triage.labels) if reading is not None else [],
        routing=routing,
        fell_back=said.FELL_BACK.get(reading.fell_back, reading.fell_back) if reading is not None else "",
        held=said.HELD.get(routing.held, routing.held) if routing is not None else "",
        twins=seen,
        choices=choices(),
    )


def choices() -> dict[str, list[tuple[str, str]]]:
    return {
        Tag.TOPIC.value: [(name, each.title) for name, each in categories.load().items()],
        Tag.URGENCY.value: [(each.value, said.URGENCIES[each]) for each in Urgency],
        Tag.TONE.value: [(each.value, said.TONES[each]) for each in Tone],
    }


def tags(reading: ReadingRow, people: Mapping[str, ReadingLabel]) -> list[TagShown]:
    """A line for each tag.

    Parameters:
        people: what they said instead, by tag.
    """
    known = {tag: dict(titles) for tag, titles in choices().items()}
    lines = []
    for tag in (*Tag, "language"):
        read, title = getattr(reading, tag) or "", known.get(tag, {})
        label = people.get(tag)
        corrected = label is not None and label.right != read
        value = label.right if label is not None and corrected else read
        lines.append(
            TagShown(
                tag=tag,
                label=said.TAGS[tag],
                value=value,
                title=title.get(value) or (said.LANGUAGES.get(value, value) if value else said.UNSURE),
                percent=round(100 * getattr(reading, f"{tag}_confidence")),
                evidence=getattr(reading, f"{tag}_evidence"),
                version=getattr(reading, f"{tag}_version"),
                corrected=corrected,
                was=(title.get(read, read) or said.UNSURE) if corrected else "",
            )
        )
    return lines
