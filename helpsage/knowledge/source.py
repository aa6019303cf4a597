"""What knowledge is to whoever looks for some of it: a source says what lies nearest to somebody's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from encoder.model import Encoder, Vectors
from helpsage.people.permissions import Viewer


@dataclass(frozen=True)
class Asked:
    """Somebody's words, and their vector.

    Attributes:
        encoder: that made it: a source compares only with vectors of the same.
        viewer: the agent who is to be helped; None: only what every agent may see.
        but: a ticket that they are about themselves.
    """

    words: str
    vector: Vectors
    encoder: Encoder
    viewer: Viewer | None = None
    but: UUID | None = None


@dataclass(frozen=True)
class Suggestion:
    """Something written that may answer them.

    Attributes:
        key: names it among all sources: `faq:connect_wifi`.
        text: light Markdown, as it is sent.
        link: where it stands; empty: nowhere that people can open.
        likeness: cosine, 1 the same.
        only_to_read: it is for the agent's eyes, and never inserted into what somebody gets.
    """

    key: str
    title: str
    text: str
    likeness: float
    link: str = ""
    only_to_read: bool = False


class Source(Protocol):
    """The FAQ, articles: one module each, named in `suggesting.SOURCES`."""

    def nearest(self, session: Session, asked: Asked, most: int) -> Sequence[Suggestion]:
        """The nearest, the best first; none when nothing is near, or when it is not ready yet."""

    def text_of(self, session: Session, key: str) -> str | None:
        """What this key stands for; None when it is none of this source's, or gone."""
