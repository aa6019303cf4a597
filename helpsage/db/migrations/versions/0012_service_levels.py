"""Service levels and assignment"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENTS = ("first_response_due_at", "resolution_due_at", "next_due_at", "clocks_paused_at", "next_alarm_at")
DUE_ORDER = "coalesce(next_due_at, '9999-01-01 00:00:00+00'::timestamptz)"


def upgrade() -> None:
    """Apply. Tickets that are being worked on get their due times from the worker, within minutes."""
    op.add_column("ticket", sa.Column("service_terms", postgresql.JSONB(), nullable=True))
    for name in MOMENTS:
        op.add_column("ticket", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    # Without the triggers that count and index tickets: nothing that they look at changes.
    op.execute("alter table ticket disable trigger user")
    op.execute("update ticket set next_alarm_at = now() where status not in ('resolved','closed')")
    op.execute("alter table ticket enable trigger user")
    op.add_column(
        "ticket",
        sa.Column("due_order", sa.DateTime(timezone=True), sa.Computed(DUE_ORDER, persisted=True), nullable=False),
    )
    op.create_index("ix_ticket_status_due_order_id", "ticket", ["status", "due_order", "id"])
    _unfinished("due_order")
    op.create_index(
        "ix_ticket_next_alarm_at",
        "ticket",
        ["next_alarm_at"],
        postgresql_where=sa.text("next_alarm_at is not null"),
    )
    _alarms()
    _assignment()


def _unfinished(*more: str) -> None:
    """The index of what is being worked on, from which figures count; what is late among it."""
    op.drop_index("ix_ticket_unfinished", table_name="ticket")
    op.create_index(
        "ix_ticket_unfinished",
        "ticket",
        ["priority", "created_at"],
        postgresql_include=["department_id", "team_id", "category", "channel", "assignee_id", "status", *more],
        postgresql_where=sa.text("resolved_at is null and merged_into_id is null"),
    )


def _alarms() -> None:
    op.create_table(
        "service_alarm",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("clock in ('first_response','resolution')", name=op.f("ck_service_alarm_clock")),
        sa.CheckConstraint("kind in ('soon','breached')", name=op.f("ck_service_alarm_kind")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_service_alarm_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_alarm")),
    )
    op.create_index(
        "uq_service_alarm_ticket_id_clock_kind_number",
        "service_alarm",
        ["ticket_id", "clock", "kind", "number"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at is null"),
    )


def _assignment() -> None:
    op.add_column("team", sa.Column("assignment", sa.String(), server_default="pull", nullable=False))
    op.add_column("team", sa.Column("returns_after", sa.Integer(), server_default="60", nullable=True))
    op.create_check_constraint(op.f("ck_team_assignment"), "team", "assignment in ('manual','pull','round_robin')")
    op.create_table(
        "agent_availability",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("categories", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("away_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("away_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("away_note", sa.String(), server_default="", nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("capacity between 0 and 1000", name=op.f("ck_agent_availability_capacity")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_agent_availability_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_agent_availability")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("agent_availability")
    op.drop_constraint(op.f("ck_team_assignment"), "team", type_="check")
    op.drop_column("team", "returns_after")
    op.drop_column("team", "assignment")
    op.drop_table("service_alarm")
    _unfinished()
    op.drop_index("ix_ticket_next_alarm_at", table_name="ticket")
    op.drop_index("ix_ticket_status_due_order_id", table_name="ticket")
    for name in ("due_order", *MOMENTS, "service_terms"):
        op.drop_column("ticket", name)
