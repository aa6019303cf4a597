"""Departments and teams"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "department",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("brand_name", sa.String(), server_default="", nullable=False),
        sa.Column("colour", sa.String(), server_default="", nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("logo_type", sa.String(), server_default="", nullable=False),
        sa.Column("sender_email", sa.String(), server_default="", nullable=False),
        sa.Column("sender_name", sa.String(), server_default="", nullable=False),
        sa.Column("widget_key", sa.String(), nullable=False),
        sa.Column("allowed_origins", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department")),
        sa.UniqueConstraint("key", name=op.f("uq_department_key")),
        sa.UniqueConstraint("widget_key", name=op.f("uq_department_widget_key")),
    )
    op.create_index(
        "uq_department_is_default", "department", ["is_default"], unique=True, postgresql_where=sa.text("is_default")
    )
    op.create_table(
        "team",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_team_department_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("department_id", "name", name=op.f("uq_team_department_id_name")),
        sa.UniqueConstraint("key", name=op.f("uq_team_key")),
    )
    op.create_table(
        "team_member",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_team_member_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "account_id", name=op.f("pk_team_member")),
    )
    op.create_index(op.f("ix_team_member_account_id"), "team_member", ["account_id"], unique=False)
    op.add_column("account", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("update account set verified_at = created_at")
    op.add_column("ticket", sa.Column("department_id", sa.Uuid(), nullable=True))
    op.add_column("ticket", sa.Column("team_id", sa.Uuid(), nullable=True))
    op.add_column(
        "ticket", sa.Column("tags", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("ticket", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_ticket_department_id"), "ticket", ["department_id"], unique=False)
    op.create_index(op.f("ix_ticket_merged_into_id"), "ticket", ["merged_into_id"], unique=False)
    op.create_index("ix_ticket_tags", "ticket", ["tags"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_ticket_team_id_status_updated_at_id", "ticket", ["team_id", "status", "updated_at", "id"], unique=False
    )
    op.create_foreign_key(
        op.f("fk_ticket_merged_into_id"), "ticket", "ticket", ["merged_into_id"], ["id"], ondelete="SET NULL"
    )
    op.create_foreign_key(op.f("fk_ticket_team_id"), "ticket", "team", ["team_id"], ["id"], ondelete="SET NULL")
    op.create_foreign_key(
        op.f("fk_ticket_department_id"), "ticket", "department", ["department_id"], ["id"], ondelete="RESTRICT"
    )


def downgrade() -> None:
    """Take back."""
    op.drop_constraint(op.f("fk_ticket_department_id"), "ticket", type_="foreignkey")
    op.drop_constraint(op.f("fk_ticket_team_id"), "ticket", type_="foreignkey")
    op.drop_constraint(op.f("fk_ticket_merged_into_id"), "ticket", type_="foreignkey")
    op.drop_index("ix_ticket_team_id_status_updated_at_id", table_name="ticket")
    op.drop_index("ix_ticket_tags", table_name="ticket", postgresql_using="gin")
    op.drop_index(op.f("ix_ticket_merged_into_id"), table_name="ticket")
    op.drop_index(op.f("ix_ticket_department_id"), table_name="ticket")
    op.drop_column("ticket", "merged_into_id")
    op.drop_column("ticket", "tags")
    op.drop_column("ticket", "team_id")
    op.drop_column("ticket", "department_id")
    op.drop_column("account", "verified_at")
    op.drop_index(op.f("ix_team_member_account_id"), table_name="team_member")
    op.drop_table("team_member")
    op.drop_table("team")
    op.drop_index("uq_department_is_default", table_name="department", postgresql_where=sa.text("is_default"))
    op.drop_table("department")
