"""What comes in, on any lane"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# The worker hears of what came in when the transaction commits: architecture rule 1.
ANNOUNCE = """
create function announce_inbound() returns trigger language plpgsql set search_path = public, pg_catalog as $$
begin
  perform pg_notify('inbound', '');
  return null;
end $$;
create trigger inbound_came after insert on inbound for each statement execute function announce_inbound();
create trigger inbound_came_again after update of state on inbound
  for each row when (new.state = 'waiting' and old.state <> 'waiting') execute function announce_inbound();
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "inbound",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("meta", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("sender", sa.String(), server_default="", nullable=False),
        sa.Column("subject", sa.String(), server_default="", nullable=False),
        sa.Column("shard", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(), server_default="waiting", nullable=False),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.Column("forced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("worked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("lane in ('email','form','chat','api')", name=op.f("ck_inbound_lane")),
        sa.CheckConstraint("state in ('waiting','done','ignored','failed')", name=op.f("ck_inbound_state")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_inbound_ticket_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ticket_entry.id"], name=op.f("fk_inbound_entry_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_inbound_person_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound")),
        sa.UniqueConstraint("lane", "key", name=op.f("uq_inbound_lane_key")),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_inbound_waiting", "inbound", ["shard", "id"], postgresql_where=waiting)
    op.create_index("ix_inbound_waiting_sender", "inbound", ["sender", "id"], postgresql_where=waiting)
    # Almost everything is done, and needs no place in an index of its own; what is empty needs none either.
    op.create_index("ix_inbound_not_done", "inbound", ["state", "id"], postgresql_where=sa.text("state <> 'done'"))
    op.create_index("ix_inbound_sender_id", "inbound", ["sender", "id"])
    for column in ("ticket_id", "entry_id", "person_id"):
        filled = sa.text(f"{column} is not null")
        op.create_index(f"ix_inbound_{column}", "inbound", [column], postgresql_where=filled)
    op.execute(ANNOUNCE)
    op.create_table(
        "inbound_batch",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("inbound_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_inbound_batch")),
    )
    op.create_table(
        "mail_identity",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bounce", sa.String(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_mail_identity_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_mail_identity")),
    )
    op.create_index("ix_mail_identity_person_id", "mail_identity", ["person_id"])
    op.create_table(
        "mailbox_state",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_uid", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mailbox_state")),
    )
    op.create_table(
        "mail_reference",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("sender", sa.String(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_mail_reference_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_mail_reference")),
    )
    op.create_index("ix_mail_reference_ticket_id_at", "mail_reference", ["ticket_id", "at"])
    op.create_index("ix_mail_recipient_created_at", "mail", [sa.text("lower(recipient)"), "created_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_mail_recipient_created_at", table_name="mail")
    op.drop_table("mail_reference")
    op.drop_table("mailbox_state")
    op.drop_table("mail_identity")
    op.drop_table("inbound_batch")
    op.drop_table("inbound")
    op.execute("drop function announce_inbound()")
