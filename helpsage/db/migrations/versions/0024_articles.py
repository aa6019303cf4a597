"""Articles"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")
EMPTY = sa.text("''")
ONE = sa.text("1")
WIDTH = 384


def upgrade() -> None:
    """Apply."""
    _articles()
    _versions()
    _changes()
    _files()
    _chunks()
    _words()
    _votes()


def downgrade() -> None:
    """Take back."""
    for table in (
        "article_vote",
        "article_word",
        "article_chunk",
        "article_file",
        "article_change",
        "article_version",
        "article",
    ):
        op.drop_table(table)


def _of_article(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=f"fk_{table}_article_id", ondelete="CASCADE")


def _of_person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["person.id"], name=f"fk_{table}_{column}", ondelete="SET NULL")


def _words_column(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, server_default=EMPTY)


def _place() -> list[sa.Column[object]]:
    """Where an article belongs, and who reads it."""
    return [
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("department_id", sa.Uuid()),
        sa.Column("language", sa.String(), nullable=False, server_default=sa.text("'en'")),
    ]


def _place_rules(table: str) -> list[sa.Constraint]:
    return [
        sa.CheckConstraint("audience in ('public','staff','brand')", name="audience"),
        sa.CheckConstraint("(audience = 'brand') = (department_id is not null)", name="brand"),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=f"fk_{table}_department_id", ondelete="RESTRICT"
        ),
    ]


def _articles() -> None:
    op.create_table(
        "article",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("slug", sa.String(), nullable=False),
        *_place(),
        sa.Column("status", sa.String(), nullable=False, server_default=sa.text("'draft'")),
        sa.Column("newest_version", sa.Integer(), nullable=False, server_default=ONE),
        sa.Column("published_version", sa.Integer()),
        sa.Column("revision", sa.Integer(), nullable=False, server_default=ONE),
        sa.Column("views", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        _words_column("imported"),
        sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("updated_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("published_at", MOMENT),
        sa.UniqueConstraint("slug", name="uq_article_slug"),
        *_place_rules("article"),
        sa.CheckConstraint("status in ('draft','in_review','published','archived')", name="status"),
        sa.CheckConstraint("status <> 'archived' or published_version is null", name="archived"),
    )
    op.create_index("ix_article_department_id", "article", ["department_id"])
    op.create_index("ix_article_status_updated_at", "article", ["status", "updated_at"])
    published = sa.text("published_version is not null")
    op.create_index("ix_article_language", "article", ["language"], postgresql_where=published)
    op.create_index("ix_article_category", "article", ["category"], postgresql_where=published)


def _versions() -> None:
    op.create_table(
        "article_version",
        sa.Column("article_id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("title", sa.String(), nullable=False),
        _words_column("summary"),
        sa.Column("body", sa.String(), nullable=False),
        *_place(),
        sa.Column("by_id", sa.Uuid()),
        _words_column("by_name"),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        _words_column("note"),
        *_place_rules("article_version"),
        _of_article("article_version"),
        _of_person("article_version", "by_id"),
    )


def _changes() -> None:
    op.create_table(
        "article_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("actor_id", sa.Uuid()),
        _words_column("actor_name"),
        sa.Column("deed", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _words_column("note"),
        _of_article("article_change"),
        _of_person("article_change", "actor_id"),
    )
    op.create_index("ix_article_change_article_id_id", "article_change", ["article_id", "id"])


def _files() -> None:
    op.create_table(
        "article_file",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("added_by_id", sa.Uuid()),
        sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
        sa.CheckConstraint("size >= 0", name="size"),
        _of_article("article_file"),
        _of_person("article_file", "added_by_id"),
    )
    op.create_index("ix_article_file_article_id", "article_file", ["article_id"])
    op.create_index("ix_article_file_sha256", "article_file", ["sha256"])


def _chunks() -> None:
    op.create_table(
        "article_chunk",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("section", sa.Integer(), nullable=False),
        _words_column("heading"),
        _words_column("anchor"),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("document", postgresql.TSVECTOR(), nullable=False),
        sa.Column("vector", Vector(WIDTH)),
        _words_column("encoder"),
        sa.UniqueConstraint("article_id", "position", name="uq_article_chunk_article_id_position"),
        sa.ForeignKeyConstraint(
            ["article_id", "version"],
            ["article_version.article_id", "article_version.number"],
            name="fk_article_chunk_article_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_article_chunk_document", "article_chunk", ["document"], postgresql_using="gin")
    op.create_index(
        "ix_article_chunk_vector",
        "article_chunk",
        ["vector"],
        postgresql_using="hnsw",
        postgresql_ops={"vector": "vector_cosine_ops"},
    )


def _words() -> None:
    op.create_table(
        "article_word",
        sa.Column("word", sa.String(collation="C"), primary_key=True),
        sa.Column("near", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_article_word_near", "article_word", ["near"], postgresql_using="gin")


def _votes() -> None:
    op.create_table(
        "article_vote",
        sa.Column("article_id", sa.Uuid(), primary_key=True),
        sa.Column("voter", sa.String(), primary_key=True),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        _words_column("words"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        _of_article("article_vote"),
    )
