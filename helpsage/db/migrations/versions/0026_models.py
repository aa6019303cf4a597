"""Which model answers people, and what a candidate would have understood"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

NOW = sa.text("now()")

ANNOUNCE = """
create function announce_model() returns trigger language plpgsql as $$
begin
  perform pg_notify('model', new.id::text);
  return null;
end $$;
create trigger model_promotion_to_tell after insert on model_promotion for each row execute function announce_model();
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "model_promotion",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("by_name", sa.String(), server_default="", nullable=False),
        sa.Column("why", sa.String(), server_default="", nullable=False),
        sa.Column("anyway", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("gate", postgresql.JSONB(), nullable=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint("kind in ('first','promote','rollback')", name=op.f("ck_model_promotion_kind")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_model_promotion_by_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_promotion")),
    )
    op.create_index(op.f("ix_model_promotion_by_id"), "model_promotion", ["by_id"])
    op.execute(ANNOUNCE)
    op.create_table(
        "shadow_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("by_name", sa.String(), server_default="", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why_ended", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_run")),
    )
    op.create_table(
        "shadow_reading",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("likeliest", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["shadow_run.id"], name=op.f("fk_shadow_reading_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_shadow_reading_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_reading")),
        sa.UniqueConstraint("run_id", "message_id", name=op.f("uq_shadow_reading_run_id_message_id")),
    )
    op.create_index(op.f("ix_shadow_reading_message_id"), "shadow_reading", ["message_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("shadow_reading")
    op.drop_table("shadow_run")
    op.drop_table("model_promotion")
    op.execute("drop function announce_model()")
