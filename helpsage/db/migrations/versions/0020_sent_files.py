"""Files that are posted to chat applications, and agents who write"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("channel_post", sa.Column("is_file", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("channel_post", sa.Column("upload", sa.String(), server_default="", nullable=False))
    op.add_column("channel_conversation", sa.Column("typed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("channel_conversation", "typed_at")
    op.drop_column("channel_post", "upload")
    op.drop_column("channel_post", "is_file")
