"""Readings, rules and duplicates"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")
EMPTY = sa.text("''")
WIDTH = 384


def upgrade() -> None:
    # A trusted extension (PostgreSQL 13): whoever owns the database may create it.
    op.execute("create extension if not exists vector")
    op.add_column("ticket", sa.Column("routed_by", sa.String()))
    _readings()
    _labels()
    _models()
    _routings()
    _meanings()
    _twins()


def downgrade() -> None:
    for table in (
        "ticket_twin",
        "ticket_meaning",
        "routing",
        "reader_budget",
        "reader_model",
        "reading_label",
        "reading",
    ):
        op.drop_table(table)
    op.drop_column("ticket", "routed_by")
    op.execute("drop extension vector")


def _of_ticket(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=f"fk_{table}_ticket_id", ondelete="CASCADE")


def _of_person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["person.id"], name=f"fk_{table}_{column}", ondelete="SET NULL")


def _readings() -> None:
    tags = [
        column
        for tag, sure in (("topic", False), ("urgency", True), ("tone", True), ("language", False))
        for column in (
            sa.Column(tag, sa.String(), nullable=not sure),
            sa.Column(f"{tag}_confidence", sa.Float(), nullable=False),
            sa.Column(f"{tag}_evidence", sa.String(), nullable=False, server_default=EMPTY),
            sa.Column(f"{tag}_version", sa.String(), nullable=False, server_default=EMPTY),
        )
    ]
    op.create_table(
        "reading",
        sa.Column("ticket_id", sa.Uuid(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("fell_back", sa.String(), nullable=False, server_default=EMPTY),
        *tags,
        sa.Column("topic_likely", sa.String()),
        _of_ticket("reading"),
    )
    op.create_index("ix_reading_at", "reading", ["at"])


def _labels() -> None:
    op.create_table(
        "reading_label",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("said", sa.String()),
        sa.Column("right", sa.String(), nullable=False),
        sa.Column("by_id", sa.Uuid()),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        sa.UniqueConstraint("ticket_id", "tag", name="uq_reading_label_ticket_id_tag"),
        sa.CheckConstraint("tag in ('topic','urgency','tone')", name="tag"),
        _of_ticket("reading_label"),
        _of_person("reading_label", "by_id"),
    )
    op.create_index("ix_reading_label_tag_at", "reading_label", ["tag", "at"])


def _models() -> None:
    op.create_table(
        "reader_model",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("encoder", sa.String(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("corrections", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("figures", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("promoted_at", MOMENT),
        sa.Column("reason", sa.String(), nullable=False, server_default=EMPTY),
    )
    op.create_table(
        "reader_budget",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("requests", sa.Integer(), nullable=False, server_default="0"),
    )


def _routings() -> None:
    op.create_table(
        "routing",
        sa.Column("ticket_id", sa.Uuid(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("rule", sa.String(), nullable=False, server_default=EMPTY),
        sa.Column("title", sa.String(), nullable=False, server_default=EMPTY),
        sa.Column("move", sa.String(), nullable=False),
        sa.Column("because", postgresql.JSONB(), nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.Column("before", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("after", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("held", sa.String(), nullable=False, server_default=EMPTY),
        sa.Column("undone_at", MOMENT),
        sa.Column("undone_by_id", sa.Uuid()),
        _of_ticket("routing"),
        _of_person("routing", "undone_by_id"),
    )


def _meanings() -> None:
    op.create_table(
        "ticket_meaning",
        sa.Column("ticket_id", sa.Uuid(), primary_key=True),
        sa.Column("encoder", sa.String(), nullable=False),
        sa.Column("vector", Vector(WIDTH), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        _of_ticket("ticket_meaning"),
    )
    op.create_index(
        "ix_ticket_meaning_vector",
        "ticket_meaning",
        ["vector"],
        postgresql_using="hnsw",
        postgresql_ops={"vector": "vector_cosine_ops"},
    )
    op.create_index("ix_ticket_meaning_opened_at", "ticket_meaning", ["opened_at"])


def _twins() -> None:
    op.create_table(
        "ticket_twin",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("same_person", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("because", postgresql.JSONB(), nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.Column("version", sa.String(), nullable=False, server_default=EMPTY),
        sa.Column("state", sa.String(), nullable=False, server_default="offered"),
        sa.Column("found_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("decided_by_id", sa.Uuid()),
        sa.Column("decided_at", MOMENT),
        sa.UniqueConstraint("ticket_id", "other_id", name="uq_ticket_twin_ticket_id_other_id"),
        sa.CheckConstraint("state in ('offered','linked','dismissed')", name="state"),
        _of_ticket("ticket_twin"),
        sa.ForeignKeyConstraint(["other_id"], ["ticket.id"], name="fk_ticket_twin_other_id", ondelete="CASCADE"),
        _of_person("ticket_twin", "decided_by_id"),
    )
    op.create_index("ix_ticket_twin_other_id", "ticket_twin", ["other_id"])
