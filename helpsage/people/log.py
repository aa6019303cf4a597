"""An account's log: who changed what, when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people.models import AccountChange


def record(
    session: Session,
    account_id: UUID,
    action: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    actor_id: UUID | None = None,
) -> None:
    """Write a line.

    Parameters:
        action: registered, password, email, two_factor_on, two_factor_off, recovery_codes, role, teams, disabled,
            enabled, invited, identity_linked, identity_removed, logged_out, token_made, token_revoked.
        actor_id: account of who did it; None: the command line, or somebody who proved it by a link.
    """
    session.add(
        AccountChange(
            account_id=account_id, at=clock.now(), actor_id=actor_id, action=action, before=before, after=after
        )
    )
    session.flush()


def of_account(session: Session, account_id: UUID, limit: int = 100) -> list[AccountChange]:
    """The newest lines first."""
    asked = select(AccountChange).where(AccountChange.account_id == account_id).order_by(AccountChange.id.desc())
    return list(session.scalars(asked.limit(limit)))
