"""Letters: writing them down, finding them, sending them once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.events import outbox
from helpsage.mail import address, templates
from helpsage.mail.models import Mail, State
from languages import SOURCE

QUEUED, MAY_WAIT = "mail.queued", "mail.may_wait"


class MailNotFound(Exception):
    """No letter has this id."""


class WordsGone(Exception):
    """The letter was sent and held a link that opens something: its words were removed."""


def send(
    session: Session,
    to: str,
    subject: str,
    text: str,
    html: str | None = None,
    department_id: UUID | None = None,
    headers: Mapping[str, str] | None = None,
    key: str | None = None,
    confidential: bool = False,
    may_wait: bool = False,
) -> Mail:
    """Write a letter down; the worker sends it when the caller's transaction has committed.

    Parameters:
        to: one address.
        html: the same words for those who like them set.
        department_id: whose name and address it comes from.
        headers: further fields of its header, for example `In-Reply-To`.
        key: the second letter with one key is the first.
        confidential: it holds a link that opens something; its words are removed once it is sent.
        may_wait: nobody sits there until it comes: when there is much to do, it is sent when there is time.

    Raises:
        InvalidAddress
    """
    values = {
        "key": key,
        "department_id": department_id,
        "recipient": address.parse(to),
        "subject": address.one_line(subject),
        "text": text.replace("\x00", ""),
        "html": html.replace("\x00", "") if html is not None else None,
        "headers": {address.one_line(name): address.one_line(value) for name, value in (headers or {}).items()},
        "confidential": confidential,
        "created_at": clock.now(),
    }
    made = session.scalar(
        insert(Mail).values(**values).on_conflict_do_nothing(index_elements=[Mail.key]).returning(Mail.id)
    )
    if made is None:
        return session.scalars(select(Mail).where(Mail.key == key)).one()
    outbox.record(session, MAY_WAIT if may_wait else QUEUED, made)
    return session.scalars(select(Mail).where(Mail.id == made)).one()


def send_letter(
    session: Session,
    to: str,
    letter: str,
    values: Mapping[str, object],
    department_id: UUID | None = None,
    key: str | None = None,
    confidential: bool = False,
    language: str = SOURCE,
) -> Mail:
    """Fill in the letter of this name (`helpsage/mail/templates`) in a language, and send it."""
    subject, text, html = templates.filled(letter, values, language)
    return send(session, to, subject, text, html, department_id, key=key, confidential=confidential)


def by_id(session: Session, mail_id: UUID) -> Mail:
    """One letter.

    Raises:
        MailNotFound
    """
    found = session.get(Mail, mail_id)
    if found is None:
        raise MailNotFound(str(mail_id))
    return found


def was_sent_to(session: Session, address: str, message_id: str) -> bool:
    """Whether a letter of ours with this Message-ID went to this address."""
    asked = select(Mail.id).where(
        func.lower(Mail.recipient) == address.lower(), Mail.headers["Message-ID"].astext == message_id
    )
    return session.scalar(asked.limit(1)) is not None


def newest(
    session: Session, state: State | None = None, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[Mail]:
    """Letters, the newest first.

    Parameters:
        before: time and id of the last letter of the page before.
    """
    conditions: list[ColumnElement[bool]] = [Mail.state == state.value] if state is not None else []
    if before is not None:
        conditions.append(tuple_(Mail.created_at, Mail.id) < tuple_(literal(before[0]), literal(before[1])))
    asked = select(Mail).where(*conditions).order_by(Mail.created_at.desc(), Mail.id.desc()).limit(limit)
    found: Sequence[Mail] = session.scalars(asked).all()
    return list(found)


def send_again(session: Session, mail_id: UUID) -> Mail:
    """Give a letter that was kept or refused to the worker once more; one that waits or went out stays as it is.

    Raises:
        MailNotFound, WordsGone
    """
    letter = session.get(Mail, mail_id, with_for_update=True)
    if letter is None:
        raise MailNotFound(str(mail_id))
    if letter.state in (State.WAITING, State.SENT):
        return letter
    if not letter.text:
        raise WordsGone(str(mail_id))
    letter.state, letter.error = State.WAITING.value, ""
    outbox.record(session, QUEUED, letter.id)
    return letter


def forget(session: Session, before: datetime) -> int:
    """Remove letters written before this moment, apart from those that still wait; returns how many."""
    gone = delete(Mail).where(Mail.created_at < before, Mail.state != State.WAITING.value).returning(Mail.id)
    return len(session.scalars(gone).all())
