"""Tables of articles: what was written, in all its versions, what can be found of it, and whether it helped."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from encoder.model import WIDTH
from helpsage.db.base import Base
from helpsage.db.vector import Vector


class Audience(enum.StrEnum):
    """Who may read an article."""

    PUBLIC = "public"
    STAFF = "staff"
    #: Visitors of one department's pages and chat, and staff.
    BRAND = "brand"


class State(enum.StrEnum):
    """How far the newest version is. What readers see is `Article.published_version`, whatever is being written."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Deed(enum.StrEnum):
    """What can be done to an article."""

    CREATED = "created"
    EDITED = "edited"
    SUBMITTED = "submitted"
    SENT_BACK = "sent_back"
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    ARCHIVED = "archived"
    RESTORED = "restored"
    IMPORTED = "imported"
    FILE_ADDED = "file_added"
    FILE_REMOVED = "file_removed"


class Article(Base):
    """Something that people can read, and where it stands.

    Category, audience, department and language are those of the published version; before there is one, of the newest.
    """

    __tablename__ = "article"
    __table_args__ = (
        CheckConstraint("audience in ('public','staff','brand')", name="audience"),
        CheckConstraint("(audience = 'brand') = (department_id is not null)", name="brand"),
        CheckConstraint("status in ('draft','in_review','published','archived')", name="status"),
        CheckConstraint("status <> 'archived' or published_version is null", name="archived"),
        Index("ix_article_status_updated_at", "status", "updated_at"),
        Index("ix_article_language", "language", postgresql_where=text("published_version is not null")),
        Index("ix_article_category", "category", postgresql_where=text("published_version is not null")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    #: In its address: `connect-to-eduroam`. It never changes.
    slug: Mapped[str] = mapped_column(unique=True)
    #: `network`, `money`.
    category: Mapped[str]
    audience: Mapped[str]
    #: Whose visitors read it; None for every other audience.
    department_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("department.id", ondelete="RESTRICT"), index=True
    )
    #: `en`, `de`.
    language: Mapped[str] = mapped_column(server_default="en")
    #: Of the newest version (`State`).
    status: Mapped[str] = mapped_column(server_default="draft")
    newest_version: Mapped[int] = mapped_column(server_default="1")
    #: What readers see; None: nothing.
    published_version: Mapped[int | None]
    #: Counts up with each change, so that two editors notice each other.
    revision: Mapped[int] = mapped_column(server_default="1")
    views: Mapped[int] = mapped_column(BigInteger, server_default="0")
    #: Digest of what the last import brought; empty: it never came by one.
    imported: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: When readers last got something new.
    published_at: Mapped[datetime | None]


class ArticleVersion(Base):
    """One state of an article's words. Never changed once it is there."""

    __tablename__ = "article_version"
    __table_args__ = (
        CheckConstraint("audience in ('public','staff','brand')", name="audience"),
        CheckConstraint("(audience = 'brand') = (department_id is not null)", name="brand"),
    )

    article_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    #: 1, 2, 3 ... within the article.
    number: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    #: One sentence: what a person can do after reading.
    summary: Mapped[str] = mapped_column(server_default="")
    #: CommonMark.
    body: Mapped[str]
    category: Mapped[str]
    audience: Mapped[str]
    department_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("department.id", ondelete="RESTRICT"))
    language: Mapped[str] = mapped_column(server_default="en")
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    by_name: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: What is different, in the writer's words.
    note: Mapped[str] = mapped_column(server_default="")


class ArticleChange(Base):
    """One line of an article's history: who did what, when."""

    __tablename__ = "article_change"
    __table_args__ = (Index("ix_article_change_article_id_id", "article_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    article_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    actor_name: Mapped[str] = mapped_column(server_default="")
    #: `Deed`.
    deed: Mapped[str]
    #: The version that it is about.
    version: Mapped[int]
    note: Mapped[str] = mapped_column(server_default="")


class ArticleFile(Base):
    """A file to be downloaded from an article. Its bytes lie with all attached files (`helpsage/attachments`)."""

    __tablename__ = "article_file"
    __table_args__ = (CheckConstraint("size >= 0", name="size"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    article_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    content_type: Mapped[str]
    #: Bytes.
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(index=True)
    width: Mapped[int | None]
    height: Mapped[int | None]
    added_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ArticleChunk(Base):
    """A part of a published version that is found by its words and its meaning: a section, or a piece of a long one."""

    __tablename__ = "article_chunk"
    __table_args__ = (
        ForeignKeyConstraint(
            ["article_id", "version"],
            ["article_version.article_id", "article_version.number"],
            name="fk_article_chunk_article_id",
            ondelete="CASCADE",
        ),
        UniqueConstraint("article_id", "position"),
        Index("ix_article_chunk_document", "document", postgresql_using="gin"),
        Index(
            "ix_article_chunk_vector",
            "vector",
            postgresql_using="hnsw",
            postgresql_ops={"vector": "vector_cosine_ops"},
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    article_id: Mapped[uuid.UUID]
    version: Mapped[int]
    #: 0, 1, 2 ... in the order of the text.
    position: Mapped[int]
    #: The section that it is of: 0 is what stands before the first heading.
    section: Mapped[int]
    heading: Mapped[str] = mapped_column(server_default="")
    #: Of the heading, within the page; empty for the beginning.
    anchor: Mapped[str] = mapped_column(server_default="")
    #: Markdown.
    text: Mapped[str]
    document: Mapped[str] = mapped_column(TSVECTOR)
    #: None until there is an encoder.
    vector: Mapped[Any | None] = mapped_column(Vector(WIDTH))
    #: Version of the encoder that made the vector.
    encoder: Mapped[str] = mapped_column(server_default="")


class ArticleWord(Base):
    """A word of the chunks: how rare it is, and what a mistyped one may have meant (`tickets/search/typos.py`)."""

    __tablename__ = "article_word"
    __table_args__ = (Index("ix_article_word_near", "near", postgresql_using="gin"),)

    word: Mapped[str] = mapped_column(String(collation="C"), primary_key=True)
    near: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    #: Chunks that have it.
    seen: Mapped[int] = mapped_column(BigInteger)


class ArticleVote(Base):
    """Whether an article helped somebody: one vote a reader, who may change their mind."""

    __tablename__ = "article_vote"

    article_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    #: `conversation:<id>`, `person:<id>`, `visitor:<mark>`.
    voter: Mapped[str] = mapped_column(primary_key=True)
    helpful: Mapped[bool]
    #: What was missing.
    words: Mapped[str] = mapped_column(server_default="")
    #: The version that was read.
    version: Mapped[int]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
