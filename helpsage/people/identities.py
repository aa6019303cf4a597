"""One person everywhere: who somebody on a chat application is here, how that is proven, and how it is undone.

An application tells us reliably who writes, never whose address that is. An address is proven by a code that was mailed
there and typed into the chat, by signing on, or by the application's own profile where its workspace is trusted. Before
that somebody is a person of their own, known from there alone.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock, mail, settings
from helpsage.conversations.models import Conversation
from helpsage.intake import people as mail_people
from helpsage.people import accounts, directory, joining, language, limits, notices, words
from helpsage.people.errors import NoCode, TooManyAttempts, WrongCode
from helpsage.people.limits import Limit
from helpsage.people.models import Account, ChannelIdentity, IdentityChange, IdentityCode, Person
from helpsage.people.notices import Origin
from helpsage.people.registration import PER_EMAIL

CODE_LASTS = timedelta(minutes=15)
#: Codes that one identity may ask for, and that may be asked for one address a day, by whomever.
PER_IDENTITY = Limit("identity code asked", 5, timedelta(hours=1))
PER_ADDRESS_A_DAY = Limit("identity code address", 10, timedelta(days=1))
#: Tries at one code: with six digits and the limits above, a stranger's chance is below one in ten thousand a day.
PER_CODE = Limit("identity code", 5, timedelta(days=1))
DIGITS = 6
#: Longer words are no code with something around it.
LONGEST_WRITTEN = 40
_DIGIT = re.compile("[0-9]")


class ProvenBy(enum.StrEnum):
    """How it was shown whose an identity is."""

    CODE = "code"
    PROFILE = "profile"
    SIGN_ON = "sign_on"
    STAFF = "staff"


def known(session: Session, channel: str, external_id: str, name: str = "") -> ChannelIdentity:
    """The identity of somebody on a channel; one that is new is a new person's.

    The assistant does the same in SQL of its own (`assistant/identities.py`).
    """
    found = session.scalar(_asked(channel, external_id))
    if found is not None:
        return found
    person = directory.add(session, name)
    row = insert(ChannelIdentity).values(
        channel=channel,
        external_id=external_id,
        person_id=person.id,
        name=directory.clean_name(name),
        created_at=clock.now(),
    )
    made = session.scalar(row.on_conflict_do_nothing().returning(ChannelIdentity.id))
    if made is None:  # two at once
        session.delete(person)
    return session.scalars(_asked(channel, external_id)).one()


def _asked(channel: str, external_id: str) -> Select[ChannelIdentity]:
    return select(ChannelIdentity).where(ChannelIdentity.channel == channel, ChannelIdentity.external_id == external_id)


def of_person(session: Session, person_id: UUID) -> list[ChannelIdentity]:
    """Where this person talks to us, the latest first."""
    asked = select(ChannelIdentity).where(ChannelIdentity.person_id == person_id)
    return list(session.scalars(asked.order_by(ChannelIdentity.created_at.desc(), ChannelIdentity.id)))


def of_conversation(session: Session, conversation: Conversation) -> ChannelIdentity | None:
    """Who talks in a conversation on a chat application."""
    return session.get(ChannelIdentity, conversation.identity_id) if conversation.identity_id is not None else None


def history(session: Session, person_id: UUID, limit: int = 100) -> list[IdentityChange]:
    """What came to this person or left them, the newest first."""
    asked = select(IdentityChange).where(
        (IdentityChange.before_id == person_id) | (IdentityChange.after_id == person_id)
    )
    return list(session.scalars(asked.order_by(IdentityChange.id.desc()).limit(limit)))


# --- proving an address by a code


def ask(session: Session, identity: ChannelIdentity, email: str) -> None:
    """Mail a code to an address. Whether anybody here has that address is not told, nor does the letter depend on it.

    Raises:
        InvalidEmail: it is none.
        TooManyAttempts
    """
    address = accounts.parsed_email(email)
    small = address.lower()
    limits.count(session, (PER_IDENTITY, str(identity.id)), (PER_EMAIL, small), (PER_ADDRESS_A_DAY, small))
    now = clock.now()
    session.execute(
        update(IdentityCode)
        .where(IdentityCode.identity_id == identity.id, IdentityCode.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session="fetch")
    )
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    made = IdentityCode(
        identity_id=identity.id, email=address, created_at=now, expires_at=now + CODE_LASTS, code_hash=""
    )
    session.add(made)
    session.flush()
    made.code_hash = _hashed(made.id, code)
    values = {
        "code": f"{code[:3]} {code[3:]}",
        "place": words.PLACES.get(identity.channel, identity.channel),
        "called": identity.name,
        "minutes": int(CODE_LASTS.total_seconds() // 60),
    }
    spoken = _spoken_with(session, identity)
    mail.send_letter(session, address, "identity_code", values, confidential=True, language=spoken)


def _spoken_with(session: Session, identity: ChannelIdentity) -> str:
    """What this person was last talked to in there. Whose the address is does not count: that is not known yet."""
    said = func.coalesce(Conversation.last_message_at, Conversation.created_at)
    asked = select(Conversation.locale).where(Conversation.identity_id == identity.id).order_by(said.desc())
    return language.of(identity.person, session.scalar(asked.limit(1)))


def is_code(written: str) -> bool:
    """Whether somebody typed a code, right or wrong: six digits, however they are set apart."""
    return len(written.strip()) <= LONGEST_WRITTEN and len(_DIGIT.findall(written)) == DIGITS


def enter(session: Session, identity: ChannelIdentity, written: str) -> Person:
    """Type the code in: the identity is the address's person's from then on.

    Raises:
        WrongCode: it can be tried again.
        NoCode: none was asked for, it was used, it is too old, or it was tried too often.
    """
    found = session.scalar(
        select(IdentityCode)
        .where(
            IdentityCode.identity_id == identity.id,
            IdentityCode.used_at.is_(None),
            IdentityCode.expires_at > clock.now(),
        )
        .order_by(IdentityCode.created_at.desc())
        .limit(1)
    )
    if found is None:
        raise NoCode
    try:
        limits.count(session, (PER_CODE, str(found.id)))
    except TooManyAttempts as error:
        raise NoCode from error
    digits = "".join(_DIGIT.findall(written))
    if not hmac.compare_digest(_hashed(found.id, digits), found.code_hash):
        raise WrongCode
    used = session.execute(
        update(IdentityCode)
        .where(IdentityCode.id == found.id, IdentityCode.used_at.is_(None))
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if not used.rowcount:  # type: ignore[attr-defined]
        raise NoCode
    return link(session, identity, with_address(session, identity, found.email), ProvenBy.CODE)


def _hashed(code_id: UUID, digits: str) -> str:
    """Six digits are found from a plain hash in no time: it is keyed with the installation's secret."""
    key = settings.get().derived("identity code").encode()
    return hmac.new(key, f"{code_id} {digits}".encode(), hashlib.sha256).hexdigest()


def tidy(session: Session, before: datetime) -> None:
    """Remove codes that ended before this moment."""
    session.execute(delete(IdentityCode).where(IdentityCode.expires_at < before))


# --- linking


def vouched(session: Session, identity: ChannelIdentity, email: str) -> Person | None:
    """The application's profile names an address, in a workspace that is trusted. None when that changes nothing.

    An identity that was proven already, or that was taken off somebody, stays as it is.

    Raises:
        InvalidEmail
    """
    if identity.proven_by is not None or identity.profile_refused:
        return None
    address = accounts.parsed_email(email)
    return link(session, identity, with_address(session, identity, address), ProvenBy.PROFILE)


def with_address(session: Session, identity: ChannelIdentity, address: str) -> Person:
    """Whoever has proven this address; else the identity's own person, who has just done so; else a new one."""
    # Two proofs of one address wait for each other, so that there is one person of it.
    lock = {"key": f"person {address.lower()}"}
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 1003))"), lock)
    found = directory.with_proven_email(session, address)
    if found is not None:
        return found
    own = identity.person
    if joining.is_someone(session, own):
        own = directory.add(session, identity.name)
    own.email = address
    session.flush()
    mail_people.proved(session, own)
    return own


def link(
    session: Session, identity: ChannelIdentity, person: Person, proven_by: ProvenBy, actor_id: UUID | None = None
) -> Person:
    """Make an identity a person's, with its conversations, and, of somebody known from there alone, all their tickets.

    Tickets of a person who was someone stay theirs.
    """
    session.refresh(identity, with_for_update={"of": ChannelIdentity})
    before = identity.person
    identity.proven_by, identity.proven_at = proven_by.value, clock.now()
    identity.profile_refused = False
    if before.id == person.id:
        _log(session, identity, "linked", actor_id, None, person.id)
    elif joining.is_someone(session, before):
        _log(session, identity, "moved", actor_id, before.id, person.id)
        _give(session, identity, person)
    else:
        _log(session, identity, "linked", actor_id, None, person.id)
        directory.learn(person, before.name)
        identity.person = person
        session.flush()
        joining.merge(session, before, person)
    _tell_owner(session, person, "place_linked", identity)
    return person


def unlink(session: Session, identity: ChannelIdentity, actor_id: UUID | None = None) -> None:
    """Take an identity off its person: from now on it is somebody known from there alone, who sees what began there."""
    session.refresh(identity, with_for_update={"of": ChannelIdentity})
    before = identity.person
    _log(session, identity, "unlinked", actor_id, before.id, None)
    identity.proven_by = identity.proven_at = None
    identity.profile_refused = True
    _give(session, identity, directory.add(session, identity.name))
    _tell_owner(session, before, "place_unlinked", identity)


def _give(session: Session, identity: ChannelIdentity, person: Person) -> None:
    identity.person = person
    session.flush()
    session.execute(
        update(Conversation)
        .where(Conversation.identity_id == identity.id)
        # What is said next is no answer on a ticket of whoever it was before.
        .values(person_id=person.id, awaiting_ticket_id=None)
        .execution_options(synchronize_session="fetch")
    )


def _log(
    session: Session,
    identity: ChannelIdentity,
    action: str,
    actor_id: UUID | None,
    before: UUID | None,
    after: UUID | None,
) -> None:
    session.add(
        IdentityChange(
            identity_id=identity.id,
            at=clock.now(),
            action=action,
            actor_id=actor_id,
            before_id=before,
            after_id=after,
            proven_by=identity.proven_by,
        )
    )
    session.flush()


def _tell_owner(session: Session, person: Person, kind: str, identity: ChannelIdentity) -> None:
    """A letter to somebody with an account: what opens it should be no surprise."""
    account = session.scalar(
        select(Account).where(Account.person_id == person.id, Account.disabled_at.is_(None)).limit(1)
    )
    if account is not None:
        place = words.PLACES.get(identity.channel, identity.channel)
        detail = f"{place} ({identity.name})" if identity.name else place
        origin = Origin(language=_spoken_with(session, identity))
        notices.tell(session, account, kind, origin, detail=detail)
