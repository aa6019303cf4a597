"""In which language somebody is written to."""

from __future__ import annotations

from helpsage.people.models import Person
from languages import SOURCE, detect


def of(person: Person, otherwise: str | None = None) -> str:
    """What their profile says, else this one, else English.

    A profile that says English says nothing: everybody's does at first.
    """
    chosen = detect.spoken(person.locale) or SOURCE
    return chosen if chosen != SOURCE else detect.spoken(otherwise) or SOURCE
