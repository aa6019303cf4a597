"""A chat that began anonymously joins the account, once its holder has logged in.

Whoever shows the conversation's own signed token has the conversation; an address that was typed in it proves nothing.
"""

from __future__ import annotations

from uuid import UUID

import jwt
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation
from helpsage.people import directory
from helpsage.people.errors import ConversationTaken
from helpsage.people.models import Account, ChannelIdentity, Person
from helpsage.tickets import ownership

#: As `assistant/channels/tokens.py` makes them.
AUDIENCE = "webchat"
ALGORITHM = "HS256"
LIFETIME_S = 30 * 24 * 3600
#: The assistant listens there.
JOINED = "joined"
#: Of conversations in the website chat.
CHANNEL = "webchat"


def conversation_of(token: str) -> UUID | None:
    """The conversation that a widget's token opens; None for a token that is not ours or too old."""
    try:
        claims = jwt.decode(
            token,
            settings.get().derived("webchat"),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            options={"require": ["sub", "aud", "exp"]},
        )
        return UUID(claims["sub"])
    except (jwt.InvalidTokenError, ValueError, AttributeError):
        return None


def token_for(conversation_id: UUID, person_id: UUID) -> str:
    """A token for the widget of whoever has proven that the conversation is theirs."""
    now = int(clock.now().timestamp())
    claims = {
        "sub": str(conversation_id), "person": str(person_id), "aud": AUDIENCE, "iat": now, "exp": now + LIFETIME_S,
    }  # fmt: skip
    return str(jwt.encode(claims, settings.get().derived("webchat"), algorithm=ALGORITHM))


def join(session: Session, conversation_id: UUID, account: Account) -> Conversation:
    """Make the conversation and its tickets the account's. Doing it twice changes nothing.

    From then on only tokens that name the person open it (`assistant/channels/tokens.py`): one that was copied on a
    shared computer while the chat was nobody's is worth nothing, and windows that were opened with it are closed.

    Raises:
        helpsage.conversations.service.ConversationNotFound
        ConversationTaken: it belongs to somebody else, who has proven to be someone.
    """
    conversation = conversations.claim(session, conversation_id)
    stub = directory.get(session, conversation.person_id)
    if stub is not None and stub.id == account.person_id:
        return conversation
    if stub is not None and is_someone(session, stub):
        raise ConversationTaken(str(conversation_id))
    conversation.person_id = account.person_id
    session.execute(select(func.pg_notify(JOINED, str(conversation_id))))
    if stub is not None:
        ownership.hand_over(session, stub.id, account.person_id, conversation_id)
        directory.learn(account.person, stub.name)
        _remove_if_unused(session, stub)
    session.flush()
    return conversation


def merge(session: Session, other: Person, person: Person) -> None:
    """Two turn out to be one: everything of the other one's becomes the person's."""
    ownership.hand_over(session, other.id, person.id)
    conversations.hand_over(session, other.id, person.id)
    session.execute(
        update(ChannelIdentity)
        .where(ChannelIdentity.person_id == other.id)
        .values(person_id=person.id)
        .execution_options(synchronize_session="fetch")
    )
    _remove_if_unused(session, other)


def latest(session: Session, account: Account, department_id: UUID | None = None) -> Conversation | None:
    """The account's own website chat with a department (None: the desk's own chat), from whichever browser."""
    return conversations.latest_of_person(session, account.person_id, CHANNEL, department_id)


def is_someone(session: Session, person: Person) -> bool:
    """Proven by an address, or with an account."""
    return person.email is not None or _has_account(session, person)


def _has_account(session: Session, person: Person) -> bool:
    return session.scalar(select(Account.id).where(Account.person_id == person.id).limit(1)) is not None


def _has_identity(session: Session, person: Person) -> bool:
    asked = select(ChannelIdentity.id).where(ChannelIdentity.person_id == person.id)
    return session.scalar(asked.limit(1)) is not None


def _remove_if_unused(session: Session, stub: Person) -> None:
    """Nobody is left behind of whom nothing is known and who asked for nothing."""
    session.flush()
    if (
        not conversations.has_any(session, stub.id)
        and not ownership.has_tickets(session, stub.id)
        and not _has_account(session, stub)
        and not _has_identity(session, stub)
    ):
        session.delete(stub)
        session.flush()
