"""Letters about changes that the owner of an account should know of, even when they did them themselves."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from helpsage import clock, mail, settings
from helpsage.people import language, words
from helpsage.people.devices import described
from helpsage.people.models import Account
from languages import SOURCE, catalogues


@dataclass(frozen=True)
class Origin:
    """Where a request came from.

    Attributes:
        language: that its page speaks; empty when it came from no page.
    """

    address: str = ""
    user_agent: str = ""
    language: str = ""

    def __str__(self) -> str:
        return self.said()

    def said(self, language: str = SOURCE) -> str:
        """In words."""
        parts = [described(self.user_agent, language) if self.user_agent else "", self.address]
        return ", ".join(part for part in parts if part)


NOWHERE = Origin()


def tell(
    session: Session, account: Account, kind: str, origin: Origin = NOWHERE, detail: str = "", to: str = ""
) -> None:
    """Write to the account's owner, in their language or else in the one that the request's page speaks.

    Parameters:
        kind: one of `words.NOTICES`.
        to: the address, when it is not the account's own any more.
    """
    spoken = language.of(account.person, origin.language)
    title, text = (catalogues.shown(each, spoken) for each in words.NOTICES[kind])
    now = clock.now()
    values = {
        "name": account.person.name or account.email,
        "title": title,
        "words": text.format(detail=detail),
        "at": f"{catalogues.day(now, spoken)}, {now:%H:%M} UTC",
        "where": origin.said(spoken),
        "link": f"{settings.get().web_url}/account",
    }
    mail.send_letter(session, to or account.email, "notice", values, language=spoken)
