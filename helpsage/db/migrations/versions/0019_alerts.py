"""Places in which teams are told of tickets and waiting chats, and what is said there"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
EMPTY = sa.text("'{}'::jsonb")

# Whoever posts for an installation also tells people alone.
ANNOUNCE_ASIDE = """
create function announce_aside() returns trigger language plpgsql as $$
begin
  perform pg_notify('post', new.installation);
  return null;
end $$;
create trigger alert_aside_to_tell after insert on alert_aside for each row execute function announce_aside();
"""


def upgrade() -> None:
    """Apply."""
    _places()
    _alerts()
    _words()
    op.create_index(
        "ix_channel_post_vendor_id", "channel_post", ["vendor_id"], postgresql_where=sa.text("vendor_id is not null")
    )
    op.alter_column("notice", "ticket_id", nullable=True)
    op.add_column("notice", sa.Column("handoff_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_notice_handoff_id"), "notice", "handoff", ["handoff_id"], ["id"], ondelete="CASCADE")
    op.create_index(op.f("ix_notice_handoff_id"), "notice", ["handoff_id"])
    op.create_check_constraint(op.f("ck_notice_one_subject"), "notice", "num_nonnulls(ticket_id, handoff_id) = 1")
    op.add_column("handoff", sa.Column("thread_id", sa.Uuid(), nullable=True))
    op.add_column("handoff", sa.Column("called_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_handoff_thread_id"), "handoff", "conversation", ["thread_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index("ix_handoff_thread_id", "handoff", ["thread_id"], postgresql_where=sa.text("thread_id is not null"))


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_handoff_thread_id", "handoff")
    op.drop_constraint(op.f("fk_handoff_thread_id"), "handoff")
    op.drop_column("handoff", "called_at")
    op.drop_column("handoff", "thread_id")
    op.execute("delete from notice where ticket_id is null")
    op.drop_constraint(op.f("ck_notice_one_subject"), "notice")
    op.drop_column("notice", "handoff_id")
    op.alter_column("notice", "ticket_id", nullable=False)
    op.drop_index("ix_channel_post_vendor_id", "channel_post")
    for table in ("alert_aside", "alert_word", "alert", "alert_place"):
        op.drop_table(table)
    op.execute("drop function announce_aside()")
    op.execute("delete from conversation where channel = 'desk'")


def _to(table: str, column: str, other: str, on_delete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=on_delete)


def _places() -> None:
    op.create_table(
        "alert_place",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("tickets", sa.String(), server_default="all", nullable=False),
        sa.Column("chats", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=True),
        sa.Column("code_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("installation", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("address", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("tickets in ('all','urgent','none')", name=op.f("ck_alert_place_tickets")),
        sa.CheckConstraint("num_nulls(installation, place, address) in (0, 3)", name=op.f("ck_alert_place_somewhere")),
        _to("alert_place", "department_id", "department"),
        _to("alert_place", "team_id", "team"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_place")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_alert_place_code_hash")),
    )
    for column in ("department_id", "team_id"):
        op.create_index(op.f(f"ix_alert_place_{column}"), "alert_place", [column])
    op.create_index(
        "uq_alert_place_installation_place",
        "alert_place",
        ["installation", "place"],
        unique=True,
        postgresql_where=sa.text("removed_at is null"),
    )


def _alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("handoff_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        _to("alert", "conversation_id", "conversation"),
        _to("alert", "place_id", "alert_place"),
        _to("alert", "ticket_id", "ticket"),
        _to("alert", "handoff_id", "handoff"),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_alert")),
        sa.UniqueConstraint("place_id", "ticket_id", name=op.f("uq_alert_place_id_ticket_id")),
        sa.UniqueConstraint("place_id", "handoff_id", name=op.f("uq_alert_place_id_handoff_id")),
    )
    for column in ("ticket_id", "handoff_id"):
        op.create_index(op.f(f"ix_alert_{column}"), "alert", [column])


def _words() -> None:
    op.create_table(
        "alert_word",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("installation", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), server_default="", nullable=False),
        sa.Column("button", sa.Integer(), nullable=True),
        sa.Column("address", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("aside", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint("kind in ('said','edited','deleted','pressed','connect')", name=op.f("ck_alert_word_kind")),
        _to("alert_word", "conversation_id", "conversation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_word")),
        sa.UniqueConstraint("installation", "place", "key", name=op.f("uq_alert_word_installation_place_key")),
    )
    for column in ("conversation_id", "received_at"):
        op.create_index(op.f(f"ix_alert_word_{column}"), "alert_word", [column])
    op.create_table(
        "alert_aside",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("installation", sa.String(), nullable=False),
        sa.Column("address", postgresql.JSONB(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("quiet", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_aside")),
    )
    op.create_index(op.f("ix_alert_aside_installation_next_at"), "alert_aside", ["installation", "next_at"])
    op.execute(ANNOUNCE_ASIDE)
