"""Accounts and mail"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.drop_table("login_failure")
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_at"), "attempt", ["at"], unique=False)
    op.create_index("ix_attempt_purpose_key_at", "attempt", ["purpose", "key", "at"], unique=False)
    op.create_table(
        "solved_puzzle",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_solved_puzzle")),
    )
    op.create_index(op.f("ix_solved_puzzle_expires_at"), "solved_puzzle", ["expires_at"], unique=False)
    op.create_table(
        "mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=True),
        sa.Column(
            "headers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("confidential", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.String(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('waiting','sent','kept','failed')", name=op.f("ck_mail_state")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_mail_department_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint("key", name=op.f("uq_mail_key")),
    )
    op.create_index("ix_mail_created_at_id", "mail", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_mail_department_id"), "mail", ["department_id"], unique=False)
    op.create_index("ix_mail_state_created_at_id", "mail", ["state", "created_at", "id"], unique=False)
    op.create_table(
        "account_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_change_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["account.id"], name=op.f("fk_account_change_actor_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_change")),
    )
    op.create_index("ix_account_change_account_id_id", "account_change", ["account_id", "id"], unique=False)
    op.create_index(op.f("ix_account_change_actor_id"), "account_change", ["actor_id"], unique=False)
    op.create_table(
        "account_token",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column(
            "data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('register','reset','change_email','invite')", name=op.f("ck_account_token_kind")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_token_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_account_token")),
    )
    op.create_index(op.f("ix_account_token_account_id"), "account_token", ["account_id"], unique=False)
    op.create_index(op.f("ix_account_token_expires_at"), "account_token", ["expires_at"], unique=False)
    op.create_table(
        "external_identity",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_external_identity_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_external_identity")),
    )
    op.create_index(op.f("ix_external_identity_account_id"), "external_identity", ["account_id"], unique=False)
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_account_id"), "recovery_code", ["account_id"], unique=False)
    op.create_table(
        "two_factor",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_two_factor_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_two_factor")),
    )
    op.add_column(
        "login_session", sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False)
    )
    op.add_column(
        "login_session",
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column(
        "login_session", sa.Column("remembered", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column(
        "login_session",
        sa.Column("authenticated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column(
        "login_session", sa.Column("awaits_code", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column(
        "login_session", sa.Column("two_factor", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("login_session", sa.Column("address", sa.String(), server_default="", nullable=False))
    op.create_unique_constraint(op.f("uq_login_session_id"), "login_session", ["id"])


def downgrade() -> None:
    """Take back."""
    op.drop_constraint(op.f("uq_login_session_id"), "login_session", type_="unique")
    op.drop_column("login_session", "address")
    op.drop_column("login_session", "two_factor")
    op.drop_column("login_session", "awaits_code")
    op.drop_column("login_session", "authenticated_at")
    op.drop_column("login_session", "remembered")
    op.drop_column("login_session", "seen_at")
    op.drop_column("login_session", "id")
    op.drop_table("two_factor")
    op.drop_index(op.f("ix_recovery_code_account_id"), table_name="recovery_code")
    op.drop_table("recovery_code")
    op.drop_index(op.f("ix_external_identity_account_id"), table_name="external_identity")
    op.drop_table("external_identity")
    op.drop_index(op.f("ix_account_token_expires_at"), table_name="account_token")
    op.drop_index(op.f("ix_account_token_account_id"), table_name="account_token")
    op.drop_table("account_token")
    op.drop_index(op.f("ix_account_change_actor_id"), table_name="account_change")
    op.drop_index("ix_account_change_account_id_id", table_name="account_change")
    op.drop_table("account_change")
    op.drop_index("ix_mail_state_created_at_id", table_name="mail")
    op.drop_index(op.f("ix_mail_department_id"), table_name="mail")
    op.drop_index("ix_mail_created_at_id", table_name="mail")
    op.drop_table("mail")
    op.drop_index(op.f("ix_solved_puzzle_expires_at"), table_name="solved_puzzle")
    op.drop_table("solved_puzzle")
    op.drop_index("ix_attempt_purpose_key_at", table_name="attempt")
    op.drop_index(op.f("ix_attempt_at"), table_name="attempt")
    op.drop_table("attempt")
    op.create_table(
        "login_failure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("address", sa.String(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_failure")),
    )
    op.create_index("ix_login_failure_email_at", "login_failure", ["email", "at"], unique=False)
