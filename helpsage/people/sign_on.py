"""Which account a person has who signed on with an identity provider."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people import accounts, log, notices
from helpsage.people.errors import AccountError, InvalidEmail
from helpsage.people.models import Account, ExternalIdentity, Role
from helpsage.people.notices import NOWHERE, Origin
from helpsage.people.oidc import Identity
from helpsage.settings import OidcProvider


class NotVouchedFor(AccountError):
    """The provider does not say, or is not trusted to say, that the address is theirs: no account is found by it."""


class IdentityTaken(AccountError):
    """It opens another account already."""


class LastWayIn(AccountError):
    """Without it nobody could log in to the account any more."""


class AccountDisabled(AccountError):
    """The account may not be used."""


def account_of(session: Session, provider: OidcProvider, who: Identity, origin: Origin = NOWHERE) -> Account:
    """The account that this identity opens: the one it is linked to, else the one of its address, else a new one.

    Raises:
        NotVouchedFor, AccountDisabled
    """
    account = linked_account(session, who)
    if account is None:
        if not (who.email and who.email_verified and provider.trust_email):
            raise NotVouchedFor
        account = _of_address(session, provider, who, origin)
    if account.disabled_at is not None:
        raise AccountDisabled
    account.last_login_at = clock.now()
    return account


def linked_account(session: Session, who: Identity) -> Account | None:
    """The account that this identity opens already."""
    found = session.get(ExternalIdentity, (who.issuer, who.subject))
    if found is None:
        return None
    found.last_login_at = clock.now()
    return session.get(Account, found.account_id)


def _of_address(session: Session, provider: OidcProvider, who: Identity, origin: Origin) -> Account:
    try:
        account = accounts.by_email(session, who.email) or accounts.add(
            session, accounts.parsed_email(who.email), who.name, "", Role.REQUESTER
        )
    except (accounts.AccountExists, InvalidEmail) as error:
        raise NotVouchedFor from error
    link(session, provider, account, who, origin)
    return account


def link(session: Session, provider: OidcProvider, account: Account, who: Identity, origin: Origin = NOWHERE) -> None:
    """From now on this identity opens the account; nothing changes when it does so already.

    Raises:
        IdentityTaken
    """
    made = session.scalar(
        insert(ExternalIdentity)
        .values(
            issuer=who.issuer,
            subject=who.subject,
            account_id=account.id,
            created_at=clock.now(),
            last_login_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(ExternalIdentity.account_id)
    )
    if made is None:
        kept = session.get(ExternalIdentity, (who.issuer, who.subject))
        if kept is None or kept.account_id != account.id:
            raise IdentityTaken
        return
    log.record(session, account.id, "identity_linked", after={"issuer": who.issuer}, actor_id=account.id)
    notices.tell(session, account, "identity_linked", origin, detail=provider.name)


def unlink(session: Session, provider: OidcProvider, account: Account, origin: Origin = NOWHERE) -> None:
    """The provider's identities no longer open the account.

    Raises:
        LastWayIn
    """
    if not account.password_hash and identities(session, account) <= {provider.issuer}:
        raise LastWayIn
    removed = session.scalars(
        delete(ExternalIdentity)
        .where(ExternalIdentity.account_id == account.id, ExternalIdentity.issuer == provider.issuer)
        .returning(ExternalIdentity.subject)
    ).all()
    if removed:
        log.record(session, account.id, "identity_removed", before={"issuer": provider.issuer}, actor_id=account.id)
        notices.tell(session, account, "identity_removed", origin, detail=provider.name)


def identities(session: Session, account: Account) -> set[str]:
    """Issuers whose identities open the account."""
    return set(session.scalars(select(ExternalIdentity.issuer).where(ExternalIdentity.account_id == account.id)))
