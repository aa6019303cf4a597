"""Letters about changes that the owner of an account should know of, even when they did them themselves."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from helpsage import clock, mail, settings
from helpsage.people import words
from helpsage.people.devices import described
from helpsage.people.models import Account


@dataclass(frozen=True)
class Origin:
    """Where a request came from."""

    address: str = ""
    user_agent: str = ""

    def __str__(self) -> str:
        parts = [described(self.user_agent) if self.user_agent else "", self.address]
        return ", ".join(part for part in parts if part)


NOWHERE = Origin()


def tell(
    session: Session, account: Account, kind: str, origin: Origin = NOWHERE, detail: str = "", to: str = ""
) -> None:
    """Write to the account's owner.

    Parameters:
        kind: one of `words.NOTICES`.
        to: the address, when it is not the account's own any more.
    """
    title, text = words.NOTICES[kind]
    values = {
        "name": account.person.name or account.email,
        "title": title,
        "words": text.format(detail=detail),
        "at": f"{clock.now():%-d %B %Y, %H:%M} UTC",
        "where": str(origin),
        "link": f"{settings.get().web_url}/account",
    }
    mail.send_letter(session, to or account.email, "notice", values)
