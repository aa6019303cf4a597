"""Who people are on chat applications, and codes that prove an address"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("proven_by", sa.String(), nullable=True),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("profile_email", sa.String(), nullable=True),
        sa.Column("profile_refused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("proven_by in ('code','profile','sign_on','staff')", name=op.f("ck_identity_proven_by")),
        sa.CheckConstraint("(proven_by is null) = (proven_at is null)", name=op.f("ck_identity_proven")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_identity_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("channel", "external_id", name=op.f("uq_identity_channel_external_id")),
    )
    op.create_index(op.f("ix_identity_person_id"), "identity", ["person_id"])
    op.create_table(
        "identity_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identity.id"], name=op.f("fk_identity_code_identity_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_code")),
    )
    op.create_index(op.f("ix_identity_code_identity_id"), "identity_code", ["identity_id"])
    op.create_index(op.f("ix_identity_code_expires_at"), "identity_code", ["expires_at"])
    op.create_table(
        "identity_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("before_id", sa.Uuid(), nullable=True),
        sa.Column("after_id", sa.Uuid(), nullable=True),
        sa.Column("proven_by", sa.String(), nullable=True),
        sa.CheckConstraint("action in ('linked','unlinked','moved')", name=op.f("ck_identity_change_action")),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identity.id"], name=op.f("fk_identity_change_identity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["account.id"], name=op.f("fk_identity_change_actor_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["before_id"], ["person.id"], name=op.f("fk_identity_change_before_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["after_id"], ["person.id"], name=op.f("fk_identity_change_after_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_change")),
    )
    for column in ("identity_id", "actor_id", "before_id", "after_id"):
        op.create_index(op.f(f"ix_identity_change_{column}"), "identity_change", [column])
    op.add_column("conversation", sa.Column("identity_id", sa.Uuid(), nullable=True))
    op.add_column("conversation", sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_foreign_key(
        op.f("fk_conversation_identity_id"), "conversation", "identity", ["identity_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index(op.f("ix_conversation_identity_id"), "conversation", ["identity_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_conversation_identity_id"), "conversation")
    op.drop_constraint(op.f("fk_conversation_identity_id"), "conversation")
    op.drop_column("conversation", "shared")
    op.drop_column("conversation", "identity_id")
    for table in ("identity_change", "identity_code", "identity"):
        op.drop_table(table)
