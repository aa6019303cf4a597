"""Notices, webhooks and satisfaction"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
EMPTY_LIST = sa.text("'{}'")


def upgrade() -> None:
    """Apply."""
    _targets()
    _notices()
    _manners()
    _webhooks()


def _targets() -> None:
    op.create_table(
        "notify_target",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.String()), server_default=EMPTY_LIST, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint("num_nonnulls(person_id, team_id) <= 1", name=op.f("ck_notify_target_one_owner")),
        _to("person", "notify_target"),
        _to("team", "notify_target"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notify_target")),
    )
    op.create_index(op.f("ix_notify_target_person_id"), "notify_target", ["person_id"])
    op.create_index(op.f("ix_notify_target_team_id"), "notify_target", ["team_id"])


def _notices() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("facts", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("fell_back", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("num_nonnulls(person_id, target_id) = 1", name=op.f("ck_notice_one_recipient")),
        _to("person", "notice"),
        _to("notify_target", "notice", "target_id"),
        _to("ticket", "notice"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("event_id", "person_id", name=op.f("uq_notice_event_id_person_id")),
        sa.UniqueConstraint("event_id", "target_id", name=op.f("uq_notice_event_id_target_id")),
    )
    for column in ("person_id", "target_id", "ticket_id", "created_at"):
        op.create_index(op.f(f"ix_notice_{column}"), "notice", [column])
    op.create_index("ix_notice_fell_back", "notice", ["id"], postgresql_where=sa.text("fell_back <> ''"))
    op.create_table(
        "notice_delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("stage", sa.String(), server_default="waiting", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("error", sa.String(), server_default="", nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel in ('email','target')", name=op.f("ck_notice_delivery_channel")),
        sa.CheckConstraint(
            "stage in ('held','digest','waiting','sent','dropped','failed')", name=op.f("ck_notice_delivery_stage")
        ),
        _to("notice", "notice_delivery"),
        _to("notify_target", "notice_delivery", "target_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_delivery")),
    )
    op.create_index(
        "uq_notice_delivery_way",
        "notice_delivery",
        ["notice_id", "channel", "target_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(op.f("ix_notice_delivery_target_id"), "notice_delivery", ["target_id"])
    op.create_index(
        "ix_notice_delivery_due",
        "notice_delivery",
        ["due_at", "id"],
        postgresql_where=sa.text("stage in ('held','digest')"),
    )
    # How many letters an address got lately, and forgetting them all.
    op.create_index("ix_mail_lower_recipient_created_at", "mail", [sa.text("lower(recipient)"), "created_at"])


def _manners() -> None:
    op.create_table(
        "notify_manner",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("rhythm", sa.String(), server_default="at_once", nullable=False),
        sa.Column("digest_at", sa.Time(), server_default=sa.text("'08:00'"), nullable=False),
        sa.Column("time_zone", sa.String(), server_default="", nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_to", sa.Time(), nullable=True),
        _to("person", "notify_manner"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_notify_manner")),
    )
    op.create_table(
        "satisfaction_request",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("skipped_at", sa.DateTime(timezone=True), nullable=True),
        _to("ticket", "satisfaction_request"),
        _to("person", "satisfaction_request"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_satisfaction_request")),
    )
    op.create_index("ix_satisfaction_request_person_id_asked_at", "satisfaction_request", ["person_id", "asked_at"])


def _webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.String()), server_default=EMPTY_LIST, nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("secrets", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_because", sa.String(), server_default="", nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        _to("department", "webhook"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_table(
        "webhook_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), server_default="waiting", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("stage in ('waiting','sent','dead')", name=op.f("ck_webhook_message_stage")),
        _to("webhook", "webhook_message"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_message")),
        sa.UniqueConstraint("seq", name=op.f("uq_webhook_message_seq")),
        sa.UniqueConstraint("webhook_id", "event_id", name=op.f("uq_webhook_message_webhook_id_event_id")),
    )
    op.create_index(
        "ix_webhook_message_webhook_id_created_at_id", "webhook_message", ["webhook_id", "created_at", "id"]
    )
    op.create_index(
        "ix_webhook_message_waiting",
        "webhook_message",
        ["webhook_id", "subject_id", "seq"],
        postgresql_where=sa.text("stage = 'waiting'"),
    )
    op.create_index(
        "ix_webhook_message_dead",
        "webhook_message",
        ["created_at", "id"],
        postgresql_where=sa.text("stage = 'dead'"),
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), server_default="", nullable=False),
        sa.Column("answer", sa.String(), server_default="", nullable=False),
        _to("webhook_message", "webhook_attempt", "message_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
    )
    op.create_index(op.f("ix_webhook_attempt_message_id"), "webhook_attempt", ["message_id"])


def _to(other: str, table: str, column: str = "") -> sa.ForeignKeyConstraint:
    """A row goes with the one that it belongs to."""
    column = column or f"{other}_id"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_mail_lower_recipient_created_at", table_name="mail")
    for table in (
        "webhook_attempt",
        "webhook_message",
        "webhook",
        "satisfaction_request",
        "notify_manner",
        "notice_delivery",
        "notice",
        "notify_target",
    ):
        op.drop_table(table)
