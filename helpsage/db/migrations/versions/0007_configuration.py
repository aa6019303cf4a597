"""Configuration with history"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Every program keeps the documents in memory and hears here that one has changed.
ANNOUNCE = """
create function announce_configuration() returns trigger language plpgsql as $$
begin
  perform pg_notify('configuration', '');
  return null;
end $$;
create trigger configuration_written after insert or update or delete or truncate on configuration
  for each statement execute function announce_configuration();
"""


def upgrade() -> None:
    """Apply."""
    json = sa.JSON()  # keeps the order of what is in it
    op.create_table(
        "configuration",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", json, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_configuration")),
    )
    op.create_table(
        "setting_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), server_default="", nullable=False),
        sa.Column("summary", sa.String(), server_default="", nullable=False),
        sa.Column("before", json, nullable=True),
        sa.Column("after", json, nullable=False),
        sa.Column("restores_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_setting_change_actor_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["restores_id"], ["setting_change.id"], name=op.f("fk_setting_change_restores_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setting_change")),
    )
    op.create_index("ix_setting_change_document_id", "setting_change", ["document", "id"], unique=False)
    op.create_table(
        "brand_logo",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_brand_logo")),
    )
    op.add_column("conversation", sa.Column("department_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_conversation_department_id"),
        "conversation",
        "department",
        ["department_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.execute(ANNOUNCE)


def downgrade() -> None:
    """Take back."""
    op.execute("drop trigger configuration_written on configuration")
    op.execute("drop function announce_configuration()")
    op.drop_constraint(op.f("fk_conversation_department_id"), "conversation", type_="foreignkey")
    op.drop_column("conversation", "department_id")
    op.drop_table("brand_logo")
    op.drop_index("ix_setting_change_document_id", table_name="setting_change")
    op.drop_table("setting_change")
    op.drop_table("configuration")
