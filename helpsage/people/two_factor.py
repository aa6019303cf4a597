"""The second factor: one-time codes of an authenticator app (RFC 6238), and recovery codes for when it is lost."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from helpsage import clock, sealed, settings
from helpsage.people import limits, log, notices, sessions
from helpsage.people.errors import WrongCode
from helpsage.people.limits import Limit
from helpsage.people.models import Account, RecoveryCode, TwoFactor
from helpsage.people.notices import NOWHERE, Origin

#: What the secrets' key is derived for (`helpsage.sealed`).
SEALED_FOR = "two factor"
STEP_S = 30
#: A clock may be off by one step, either way (section 5.2).
SKEW = (0, -1, 1)
RECOVERY_CODES = 10
#: Without letters and digits that are taken for one another.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_HALF = 5
#: A key that was shown and not used is replaced after this: others may have seen it.
SETUP_TIME = timedelta(minutes=15)
TRIES = Limit("code", 6, timedelta(minutes=15))


def is_on(session: Session, account: Account) -> bool:
    """Whether logging in asks for a code."""
    found = session.get(TwoFactor, account.id)
    return found is not None and found.confirmed_at is not None


def begin(session: Session, account: Account) -> str:
    """Begin to set it up; what was begun just before is continued. Returns the secret, in base 32."""
    found = session.get(TwoFactor, account.id, with_for_update=True)
    if found is not None and found.confirmed_at is None and found.created_at <= clock.now() - SETUP_TIME:
        found.secret, found.created_at = sealed.seal(SEALED_FOR, pyotp.random_base32()), clock.now()
    if found is None:
        secret = sealed.seal(SEALED_FOR, pyotp.random_base32())
        found = TwoFactor(account_id=account.id, secret=secret, created_at=clock.now())
        session.add(found)
        session.flush()
    return sealed.unseal(SEALED_FOR, found.secret)


def forget_unused_key(session: Session, account: Account) -> None:
    """What was begun and not confirmed begins anew, with another secret."""
    session.execute(delete(TwoFactor).where(TwoFactor.account_id == account.id, TwoFactor.confirmed_at.is_(None)))


def address(account: Account, secret: str) -> str:
    """What the picture for the app says (`otpauth://totp/...`)."""
    return pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name=settings.get().desk_name)


def turn_on(session: Session, account: Account, code: str, origin: Origin = NOWHERE) -> list[str]:
    """The app shows the right code: from now on logging in asks for one. Returns recovery codes, shown this once.

    Raises:
        WrongCode, TooManyAttempts
    """
    found = session.get(TwoFactor, account.id, with_for_update=True)
    if found is None or found.confirmed_at is not None:
        raise WrongCode
    limits.count(session, (TRIES, str(account.id)))
    _use(found, code)
    limits.forget(session, TRIES, str(account.id))
    found.confirmed_at = clock.now()
    log.record(session, account.id, "two_factor_on", actor_id=account.id)
    notices.tell(session, account, "two_factor_on", origin)
    return _new_codes(session, account)


def check(session: Session, account: Account, code: str, origin: Origin = NOWHERE) -> None:
    """Accept a one-time code or a recovery code, each once.

    Raises:
        WrongCode, TooManyAttempts
    """
    limits.count(session, (TRIES, str(account.id)))
    found = session.get(TwoFactor, account.id, with_for_update=True, populate_existing=True)
    if found is None or found.confirmed_at is None:
        raise WrongCode
    typed = "".join(code.split()).replace("-", "").lower()
    if len(typed) == 2 * _HALF:
        _use_recovery_code(session, account, typed)
        log.record(session, account.id, "recovery_used", actor_id=account.id)
        notices.tell(session, account, "recovery_used", origin)
    else:
        _use(found, typed)
    limits.forget(session, TRIES, str(account.id))


def _use(found: TwoFactor, code: str) -> None:
    """Accept a code of now, or of one step before or after, if it is newer than the last one (section 5.2)."""
    typed = "".join(code.split())
    made = pyotp.TOTP(sealed.unseal(SEALED_FOR, found.secret))
    present = int(clock.now().timestamp()) // STEP_S
    for step in (present + off for off in SKEW):
        if hmac.compare_digest(made.generate_otp(step).encode(), typed.encode()) and step > found.last_step:
            found.last_step = step
            return
    raise WrongCode


def _use_recovery_code(session: Session, account: Account, typed: str) -> None:
    used = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.code_hash == _hashed(account, typed),
            RecoveryCode.account_id == account.id,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
        .returning(RecoveryCode.code_hash)
    )
    if used.scalar() is None:
        raise WrongCode


def turn_off(session: Session, account: Account, origin: Origin = NOWHERE, by: Account | None = None) -> None:
    """Logging in no longer asks for a code. Whoever calls this has made sure who asks for it."""
    removed = session.scalar(
        delete(TwoFactor).where(TwoFactor.account_id == account.id).returning(TwoFactor.confirmed_at)
    )
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    if removed is not None:
        log.record(session, account.id, "two_factor_off", actor_id=by.id if by is not None else None)
        notices.tell(session, account, "two_factor_off", origin)


def reset(session: Session, account: Account, by: Account | None = None) -> None:
    """The app and the codes are lost: logging in asks for none until they are set up anew. Every browser is logged out.

    Parameters:
        by: the administrator who has made sure who asks; None for the command line.
    """
    turn_off(session, account, by=by)
    sessions.revoke_others(session, account.id)


def new_recovery_codes(session: Session, account: Account, origin: Origin = NOWHERE) -> list[str]:
    """Make new codes, shown this once; the old ones no longer work."""
    log.record(session, account.id, "recovery_codes", actor_id=account.id)
    notices.tell(session, account, "recovery_codes", origin)
    return _new_codes(session, account)


def recovery_codes_left(session: Session, account: Account) -> int:
    """How many have not been used."""
    left = select(func.count()).where(RecoveryCode.account_id == account.id, RecoveryCode.used_at.is_(None))
    return session.scalar(left) or 0


def _new_codes(session: Session, account: Account) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    made = ["".join(secrets.choice(_ALPHABET) for _ in range(2 * _HALF)) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(code_hash=_hashed(account, code), account_id=account.id) for code in made)
    session.flush()
    return [f"{code[:_HALF]}-{code[_HALF:]}" for code in made]


def _hashed(account: Account, code: str) -> str:
    key = settings.get().derived("recovery codes").encode()
    return hmac.new(key, f"{account.id} {code}".encode(), hashlib.sha256).hexdigest()
