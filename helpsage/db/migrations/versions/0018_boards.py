"""Task boards, their cards and comments"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
EMPTY = sa.text("'{}'::jsonb")


def upgrade() -> None:
    """Apply."""
    _boards()
    _cards()
    _remarks()


def downgrade() -> None:
    """Take back."""
    for table in ("board_remark", "board_card", "board"):
        op.drop_table(table)


def _boards() -> None:
    op.create_table(
        "board",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("remarks", sa.String(), server_default="reply", nullable=False),
        sa.Column("notes", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sections", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("people", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("cursor", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trouble", sa.String(), server_default="", nullable=False),
        sa.Column("broken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("remarks in ('reply','note')", name=op.f("ck_board_remarks")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_board_department_id_department"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board")),
    )


def _cards() -> None:
    op.create_table(
        "board_card",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("url", sa.String(), server_default="", nullable=False),
        sa.Column("state", sa.String(), server_default="pending", nullable=False),
        sa.Column("agreed", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("conflict", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint("state in ('pending','on','gone')", name=op.f("ck_board_card_state")),
        sa.ForeignKeyConstraint(
            ["board_id"], ["board.id"], name=op.f("fk_board_card_board_id_board"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_board_card_ticket_id_ticket"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_card")),
        sa.UniqueConstraint("board_id", "ticket_id", name=op.f("uq_board_card_board_id_ticket_id")),
        sa.UniqueConstraint("board_id", "external_id", name=op.f("uq_board_card_board_id_external_id")),
    )
    op.create_index("ix_board_card_ticket_id", "board_card", ["ticket_id"])


def _remarks() -> None:
    op.create_table(
        "board_remark",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["board_card.id"], name=op.f("fk_board_remark_card_id_board_card"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ticket_entry.id"], name=op.f("fk_board_remark_entry_id_ticket_entry"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_remark")),
        sa.UniqueConstraint("card_id", "entry_id", name=op.f("uq_board_remark_card_id_entry_id")),
        sa.UniqueConstraint("card_id", "external_id", name=op.f("uq_board_remark_card_id_external_id")),
    )
