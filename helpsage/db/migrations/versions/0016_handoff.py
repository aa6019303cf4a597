"""A human in the same chat: who waits for one, who talks with whom, and every change of who answers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NOW = sa.text("now()")

# The agents' pages hear of every chat that is asked for, taken or over (`handoff`, payload: the conversation).
ANNOUNCE_HANDOFF = """
create function announce_handoff() returns trigger language plpgsql as $$
begin
  perform pg_notify('handoff', new.conversation_id::text);
  return null;
end $$;
create trigger handoff_written after insert or update on handoff
  for each row execute function announce_handoff();
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "handoff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("wanted_id", sa.Uuid(), nullable=True),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("from_seq", sa.Integer(), nullable=False),
        sa.Column("to_seq", sa.Integer(), nullable=True),
        sa.Column("seen_seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("first_place", sa.Integer(), server_default="1", nullable=False),
        sa.Column("told_place", sa.Integer(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agent_wrote_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unanswered_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), server_default="", nullable=False),
        sa.Column("summary", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint("reason in ('asked','failed','angry','started')", name=op.f("ck_handoff_reason")),
        sa.CheckConstraint("outcome in ('','returned','ticket','left','silent')", name=op.f("ck_handoff_outcome")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_handoff_conversation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_handoff_department_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_handoff_team_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["wanted_id"], ["account.id"], name=op.f("fk_handoff_wanted_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["agent_id"], ["account.id"], name=op.f("fk_handoff_agent_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_handoff_ticket_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoff")),
    )
    op.create_index(op.f("ix_handoff_conversation_id"), "handoff", ["conversation_id", "from_seq"])
    op.create_index(
        "uq_handoff_open",
        "handoff",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index(
        "ix_handoff_waiting",
        "handoff",
        ["asked_at"],
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index("ix_handoff_agent_id", "handoff", ["agent_id"], postgresql_where=sa.text("ended_at is null"))
    op.create_index(
        "ix_handoff_accepted_at", "handoff", ["accepted_at"], postgresql_where=sa.text("accepted_at is not null")
    )
    op.create_index(op.f("ix_handoff_ticket_id"), "handoff", ["ticket_id"])
    op.execute(ANNOUNCE_HANDOFF)
    op.create_table(
        "ownership_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("owner_before", sa.String(), nullable=False),
        sa.Column("owner_after", sa.String(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), server_default="", nullable=False),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_ownership_change_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ownership_change")),
    )
    op.create_index(op.f("ix_ownership_change_conversation_id"), "ownership_change", ["conversation_id"])
    op.add_column(
        "agent_availability",
        sa.Column("takes_chats", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )


def downgrade() -> None:
    """Take back. Nobody would answer a conversation that still belongs to a human."""
    op.execute("update conversation set owner = 'bot' where owner <> 'bot'")
    op.drop_column("agent_availability", "takes_chats")
    op.drop_table("ownership_change")
    op.drop_table("handoff")
    op.execute("drop function announce_handoff()")
