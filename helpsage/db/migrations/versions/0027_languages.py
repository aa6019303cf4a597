"""The language of what was written, and whether somebody chose the one they are answered in"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "conversation", sa.Column("locale_chosen", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("message", sa.Column("language", sa.String(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("message", "language")
    op.drop_column("conversation", "locale_chosen")
