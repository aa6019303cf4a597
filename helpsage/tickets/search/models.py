"""Tables of search. Triggers of migration 0006 keep the documents; `typos.learn` keeps the words."""

from __future__ import annotations

import uuid

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from helpsage.db.base import Base


class SearchDocument(Base):
    """What can be found of one ticket: subject (weight A), description (B), thread (C), requester (D), and facets."""

    __tablename__ = "ticket_search"
    __table_args__ = (Index("ix_ticket_search_document", "document", postgresql_using="gin"),)

    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    #: The ticket's, which never changes: newest first without asking the ticket.
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    document: Mapped[str] = mapped_column(TSVECTOR)


class SearchPending(Base):
    """A ticket with words that the list of words may not have yet."""

    __tablename__ = "search_pending"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[uuid.UUID]


class SearchWord(Base):
    """A word that stands in some ticket, for those who mistype it."""

    __tablename__ = "search_word"
    __table_args__ = (Index("ix_search_word_near", "near", postgresql_using="gin"),)

    word: Mapped[str] = mapped_column(String(collation="C"), primary_key=True)
    #: Hashes of the word with up to so many letters left out as it may have mistakes (`typos.neighbourhood`).
    near: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    #: In how many tickets it was met, about.
    seen: Mapped[int] = mapped_column(BigInteger)
