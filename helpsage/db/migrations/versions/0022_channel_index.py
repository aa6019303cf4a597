"""The queue's order within a channel: what hardly anybody uses is not looked for among everything"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

INDEX = "ix_ticket_channel_status_updated_at_id"


def upgrade() -> None:
    """Apply."""
    op.create_index(
        INDEX,
        "ticket",
        ["channel", "status", "updated_at", "id"],
        postgresql_include=["priority", "department_id", "team_id", "assignee_id"],
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(INDEX, table_name="ticket")
