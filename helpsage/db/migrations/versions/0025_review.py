"""What was misunderstood, what people decided about it, and questions that nothing answers yet"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
EMPTY_LIST = sa.text("'[]'::jsonb")
EMPTY_OBJECT = sa.text("'{}'::jsonb")


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)


def _at(name: str, *, empty: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=empty, server_default=None if empty else NOW)


def _words(name: str, default: str | None = "") -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, server_default=default)


def _number(name: str, kind: type[Any], default: str | None) -> sa.Column[Any]:
    return sa.Column(name, kind(), nullable=False, server_default=default)


def _list(name: str) -> sa.Column[Any]:
    return sa.Column(name, postgresql.JSONB(), nullable=False, server_default=EMPTY_LIST)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "review_item",
        _id(),
        sa.Column("message_id", sa.BigInteger(), sa.ForeignKey("message.id", ondelete="SET NULL"), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), sa.ForeignKey("ticket.id", ondelete="SET NULL"), nullable=True),
        sa.Column("department_id", sa.Uuid(), sa.ForeignKey("department.id", ondelete="SET NULL"), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        _at("found_at"),
        _words("reason", None),
        sa.Column("saw", postgresql.JSONB(), nullable=False, server_default=EMPTY_OBJECT),
        _words("text", None),
        _words("encoder", None),
        sa.Column("vector", Vector(384), nullable=False),
        _words("suggested"),
        _words("suggested_by"),
        _list("near"),
        _words("compared_with"),
        _number("uncertainty", sa.Float, "1"),
        _number("distance", sa.Float, "1"),
        sa.Column("cluster_id", sa.BigInteger(), nullable=True),
        _number("score", sa.Float, "0"),
        _words("state", "open"),
        _words("label"),
        sa.Column("decided_by_id", sa.Uuid(), sa.ForeignKey("person.id", ondelete="SET NULL"), nullable=True),
        _at("decided_at", empty=True),
        sa.PrimaryKeyConstraint("id", name="pk_review_item"),
        sa.UniqueConstraint("message_id", name="uq_review_item_message_id"),
        sa.UniqueConstraint("ticket_id", name="uq_review_item_ticket_id"),
        sa.CheckConstraint("state in ('open','accepted','ignored','known','done')", name="state"),
        sa.CheckConstraint(
            "reason in ('low_confidence','abandoned','rephrased','not_that','chose_other','not_helped','corrected')",
            name="reason",
        ),
    )
    op.create_index("ix_review_item_state_score", "review_item", ["state", "score"])
    op.create_index("ix_review_item_cluster_id", "review_item", ["cluster_id"])
    op.create_index("ix_review_item_department_id", "review_item", ["department_id"])
    op.create_table(
        "review_decision",
        _id(),
        _at("at"),
        sa.Column("by_id", sa.Uuid(), sa.ForeignKey("person.id", ondelete="SET NULL"), nullable=True),
        _words("by_name"),
        _words("action", None),
        _words("label"),
        _list("items"),
        _at("undone_at", empty=True),
        sa.PrimaryKeyConstraint("id", name="pk_review_decision"),
    )
    op.create_table(
        "review_cursor",
        _words("name", None),
        sa.Column("seen_to", sa.BigInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("name", name="pk_review_cursor"),
    )
    op.create_table(
        "knowledge_gap",
        _id(),
        _at("found_at"),
        _at("updated_at"),
        sa.Column("ticket_id", sa.Uuid(), sa.ForeignKey("ticket.id", ondelete="CASCADE"), nullable=False),
        sa.Column("department_id", sa.Uuid(), sa.ForeignKey("department.id", ondelete="SET NULL"), nullable=True),
        _words("question", None),
        _list("tickets"),
        _number("size", sa.Integer, None),
        _number("size_before", sa.Integer, "0"),
        _number("minutes", sa.Integer, "0"),
        _list("near"),
        _words("kind", "faq"),
        _words("title"),
        _words("answer"),
        _list("sources"),
        _list("asked"),
        _words("state", "open"),
        sa.Column("decided_by_id", sa.Uuid(), sa.ForeignKey("person.id", ondelete="SET NULL"), nullable=True),
        _at("decided_at", empty=True),
        sa.PrimaryKeyConstraint("id", name="pk_knowledge_gap"),
        sa.CheckConstraint("state in ('open','accepted','dismissed','done')", name="state"),
        sa.CheckConstraint("kind in ('faq','article')", name="kind"),
    )
    op.create_index("ix_knowledge_gap_ticket_id", "knowledge_gap", ["ticket_id"])
    op.create_index("ix_knowledge_gap_state_minutes", "knowledge_gap", ["state", "minutes"])


def downgrade() -> None:
    """Take back."""
    for table in ("knowledge_gap", "review_cursor", "review_decision", "review_item"):
        op.drop_table(table)
