"""Making, finding and revoking tokens."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments import service as departments
from helpsage.people import log, notices, permissions
from helpsage.people.models import Account, Role
from helpsage.people.notices import NOWHERE, Origin
from helpsage.people.permissions import Action, Viewer
from helpsage.people.tokens import hashed
from helpsage.tokens import words
from helpsage.tokens.models import Kind, Token
from helpsage.tokens.scopes import Scope, of_role

#: Beginnings, so that a token that lies about somewhere is known for what it is.
PREFIXES = {Kind.PERSONAL: "hsp_", Kind.SERVICE: "hss_"}
TOKEN_BYTES = 32
HINT_LENGTH = 8
LONGEST_NAME = 80
#: Days for which a token can be good. None: until it is revoked.
LONGEST_DAYS = 3_650
MOST_TOKENS = 50
#: How often a use is written down.
NOTED_EVERY = timedelta(minutes=1)
#: Ended ones are shown for this long.
KEPT = timedelta(days=90)


class InvalidToken(ValueError):
    """It cannot be made.

    Attributes:
        problems: words for the person, by field.
    """

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems.values()))


def create(
    session: Session,
    account: Account,
    name: str,
    scopes: Collection[str],
    days: int | None,
    kind: Kind = Kind.PERSONAL,
    department_id: UUID | None = None,
    origin: Origin = NOWHERE,
) -> tuple[Token, str]:
    """A new token, and the words of it, which are given out here and never again. Its owner hears of it by mail.

    Parameters:
        days: how long it is good for; None: until it is revoked.
        department_id: a service token's, when it is for the tickets of one department only.

    Raises:
        InvalidToken
    """
    _check(session, account, name, scopes, days, kind, department_id)
    written = PREFIXES[kind] + secrets.token_urlsafe(TOKEN_BYTES)
    now = clock.now()
    token = Token(
        account_id=account.id,
        kind=kind.value,
        name=name.strip(),
        token_hash=hashed(written),
        hint=written[:HINT_LENGTH],
        scopes=[scope.value for scope in Scope if scope.value in scopes],
        department_id=department_id,
        created_at=now,
        expires_at=now + timedelta(days=days) if days is not None else None,
    )
    session.add(token)
    session.flush()
    log.record(session, account.id, "token_made", after=_logged(token), actor_id=account.id)
    notices.tell(session, account, "token_made", origin, token.name)
    return token, written


def _check(
    session: Session,
    account: Account,
    name: str,
    scopes: Collection[str],
    days: int | None,
    kind: Kind,
    department_id: UUID | None,
) -> None:
    problems = {}
    if not 0 < len(name.strip()) <= LONGEST_NAME or not name.isprintable():
        problems["name"] = words.NAME.format(most=LONGEST_NAME)
    if not scopes or not set(scopes) <= set(of_role(Role(account.role))):
        problems["scopes"] = words.SCOPES
    if days is not None and not 0 < days <= LONGEST_DAYS:
        problems["days"] = words.DAYS.format(most=LONGEST_DAYS)
    if kind is Kind.SERVICE and not permissions.may(permissions.viewer_of(session, account), Action.MANAGE_SETTINGS):
        problems[""] = words.NO_ADMINISTRATOR
    home = departments.by_id(session, department_id)
    wrong_home = home is None or home.archived_at is not None or kind is Kind.PERSONAL
    if department_id is not None and wrong_home:
        problems["department"] = words.DEPARTMENT
    if not problems and len(good(session, account.id)) >= MOST_TOKENS:
        problems[""] = words.TOO_MANY.format(most=MOST_TOKENS)
    if problems:
        raise InvalidToken(problems)


def find(session: Session, written: str) -> Token | None:
    """The token that these words are, with its account, while it is good."""
    token = session.scalar(select(Token).where(Token.token_hash == hashed(written)))
    return token if token is not None and is_good(token, clock.now()) else None


def use_is_due(token: Token) -> bool:
    """Whether this use of it has to be written down (`note_use`)."""
    return token.last_used_at is None or token.last_used_at < clock.now() - NOTED_EVERY


def note_use(session: Session, token_id: UUID, address: str = "") -> None:
    """Write down that it was used just now.

    Parameters:
        address: network address that it is used from.
    """
    noted = update(Token).where(Token.id == token_id)
    session.execute(noted.values(last_used_at=clock.now(), last_used_from=address[:64]))


def is_good(token: Token, now: datetime) -> bool:
    """Whether it opens anything: not revoked, not over, its owner's account in use."""
    if token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= now):
        return False
    return token.account.disabled_at is None and token.account.verified_at is not None


def viewer_of(session: Session, token: Token) -> Viewer:
    """Its rights: its owner's, as they are now; of a department's service token, what of them lies in there."""
    owner = permissions.viewer_of(session, token.account)
    if token.kind == Kind.PERSONAL:
        return owner
    known = replace(owner, name=token.name)
    if token.department_id is None:
        return known
    home = departments.by_id(session, token.department_id)
    everywhere = owner.role is Role.ADMINISTRATOR
    theirs = everywhere or token.department_id in owner.department_ids
    return replace(
        known,
        role=Role.LEAD if everywhere else owner.role,
        team_ids=frozenset() if everywhere else owner.team_ids,
        department_ids=frozenset({token.department_id} if theirs else ()),
        sees_unplaced=bool(theirs and home is not None and home.is_default and (everywhere or owner.sees_unplaced)),
    )


def good(session: Session, account_id: UUID) -> list[Token]:
    """An account's tokens that open something, the newest first."""
    asked = select(Token).where(Token.account_id == account_id).order_by(Token.created_at.desc(), Token.id)
    now = clock.now()
    return [token for token in session.scalars(asked) if is_good(token, now)]


def personal(session: Session, account_id: UUID) -> list[Token]:
    """One's own that open something."""
    return [token for token in good(session, account_id) if token.kind == Kind.PERSONAL]


def everyones(session: Session, limit: int = 500) -> list[Token]:
    """All there are, those that ended too, the newest first."""
    return list(session.scalars(select(Token).order_by(Token.created_at.desc(), Token.id).limit(limit)))


def by_id(session: Session, token_id: UUID) -> Token | None:
    """One token."""
    return session.get(Token, token_id)


def revoke(session: Session, token: Token, by: UUID | None = None) -> None:
    """It opens nothing any more, from this moment; twice is once.

    Parameters:
        by: account of who does it.
    """
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        log.record(session, token.account_id, "token_revoked", before=_logged(token), actor_id=by)


def tidy(session: Session) -> None:
    """Remove tokens that ended long ago."""
    long_ago = clock.now() - KEPT
    session.execute(delete(Token).where(or_(Token.expires_at < long_ago, Token.revoked_at < long_ago)))


def _logged(token: Token) -> dict[str, object]:
    return {"name": token.name, "kind": token.kind, "hint": token.hint, "scopes": list(token.scopes)}
