"""Letters to those who run the desk: something waits for them that nobody else would see."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import mail
from helpsage.people.models import Account, Role


def tell(session: Session, letter: str, values: Mapping[str, object], key: str) -> None:
    """Write to every administrator whose account is in use, once per key.

    Parameters:
        letter: its name (`helpsage/mail/letters`); `name` is filled in.
    """
    asked = select(Account).where(Account.role == Role.ADMINISTRATOR.value, Account.disabled_at.is_(None))
    for account in session.scalars(asked):
        mail.send_letter(
            session, account.email, letter, {**values, "name": account.person.name}, key=f"{key}:{account.id}"
        )
