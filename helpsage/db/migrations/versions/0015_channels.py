"""Chat applications: what they delivered, where conversations are there, and what is to be posted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NOW = sa.text("now()")

# What the assistant, agents and the desk say in a conversation on a chat application waits there to be posted; who
# posts listens (`post`, payload: the installation's key). Written with the message: neither is ever there alone.
QUEUE_POST = """
create function queue_channel_post() returns trigger language plpgsql as $$
declare
  posted_by text;
begin
  insert into channel_post (message_id, part, conversation_id, installation)
  select new.id, 0, place.conversation_id, place.installation
    from channel_conversation place where place.conversation_id = new.conversation_id
  returning installation into posted_by;
  if posted_by is not null then
    perform pg_notify('post', posted_by);
  end if;
  return null;
end $$;
create trigger message_to_post after insert on message
  for each row when (new.author <> 'person') execute function queue_channel_post();
"""


def _conversation(table: str, on_delete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["conversation_id"], ["conversation.id"], name=op.f(f"fk_{table}_conversation_id"), ondelete=on_delete
    )


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "channel_installation",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="working", nullable=False),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('working','broken')", name=op.f("ck_channel_installation_state")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_channel_installation")),
    )
    op.create_table(
        "channel_error",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("installation", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        _conversation("channel_error"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_error")),
    )
    op.create_index(op.f("ix_channel_error_installation_id"), "channel_error", ["installation", "id"])
    op.create_index(op.f("ix_channel_error_conversation_id"), "channel_error", ["conversation_id"])
    op.create_table(
        "channel_conversation",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("installation", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("address", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(), server_default="working", nullable=False),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("state in ('working','broken')", name=op.f("ck_channel_conversation_state")),
        _conversation("channel_conversation"),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_channel_conversation")),
    )
    op.create_index(
        op.f("ix_channel_conversation_installation_external_id"),
        "channel_conversation",
        ["installation", "external_id"],
    )
    op.create_table(
        "channel_delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("installation", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("what", sa.String(), server_default="", nullable=False),
        sa.Column("raw", postgresql.BYTEA(), nullable=False),
        sa.Column("state", sa.String(), server_default="kept", nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("repeats", sa.Integer(), server_default="0", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("state in ('kept','said','refused')", name=op.f("ck_channel_delivery_state")),
        _conversation("channel_delivery"),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_channel_delivery_message_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_delivery")),
        sa.UniqueConstraint(
            "channel", "installation", "key", name=op.f("uq_channel_delivery_channel_installation_key")
        ),
    )
    op.create_index(op.f("ix_channel_delivery_conversation_id"), "channel_delivery", ["conversation_id"])
    op.create_index(op.f("ix_channel_delivery_message_id"), "channel_delivery", ["message_id"])
    op.create_index(op.f("ix_channel_delivery_received_at"), "channel_delivery", ["received_at"])
    op.create_table(
        "channel_post",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("installation", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="waiting", nullable=False),
        sa.Column("vendor_id", sa.String(), nullable=True),
        sa.Column("changed", postgresql.JSONB(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("last_error", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('waiting','sent','failed')", name=op.f("ck_channel_post_state")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_channel_post_message_id"), ondelete="CASCADE"
        ),
        _conversation("channel_post"),
        sa.PrimaryKeyConstraint("message_id", "part", name=op.f("pk_channel_post")),
    )
    op.create_index(
        "ix_channel_post_waiting",
        "channel_post",
        ["installation", "conversation_id", "message_id", "part"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(op.f("ix_channel_post_conversation_id"), "channel_post", ["conversation_id"])
    op.execute(QUEUE_POST)


def downgrade() -> None:
    """Take back."""
    op.execute("drop trigger message_to_post on message")
    op.execute("drop function queue_channel_post()")
    for table in (
        "channel_post",
        "channel_delivery",
        "channel_conversation",
        "channel_error",
        "channel_installation",
    ):
        op.drop_table(table)
