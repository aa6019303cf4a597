"""Windows of dialogue state: what stands for the events before one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "tracker",
        sa.Column(
            "carried",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    """Take back. A conversation's state is forgotten: without what is carried over it would be rebuilt wrongly."""
    op.execute("delete from tracker where window_start > 0")
    op.drop_column("tracker", "carried")
