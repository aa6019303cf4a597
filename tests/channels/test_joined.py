"""A conversation that has become somebody's is closed to tokens that were made before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import jwt
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from helpsage.people import accounts, joining
from helpsage.people.models import Role
from tests.channels.harness import SECRET, Assistant, Person, until
from tests.channels.test_webchat import refused

pytestmark = [pytest.mark.rasa]

Join = Callable[[str], UUID]


@pytest.fixture
def join(chat_database: str) -> Iterator[Join]:
    """Makes a conversation that of a new account, and tells whose it is."""
    engine = create_engine(chat_database.replace("postgresql://", "postgresql+psycopg2://"))

    def joined(conversation: str) -> UUID:
        with Session(engine) as session, session.begin():
            address = f"{uuid4().hex}@student.example"
            account = accounts.create(session, address, "Asha", "correct horse battery", Role.REQUESTER)
            joining.join(session, UUID(conversation), account)
            return account.person_id

    yield joined
    engine.dispose()


def token_of(conversation: str, person: UUID | None) -> str:
    """As the web program gives it to whoever joined."""
    claims = {"sub": conversation, "aud": "webchat", "exp": int(time.time()) + 60}
    return jwt.encode(claims | ({"person": str(person)} if person else {}), SECRET, algorithm="HS256")


async def test_a_copied_token_opens_nothing_more(assistant: Assistant, person: Person, join: Join) -> None:
    join(person.conversation)
    assert (await Person(assistant.url).session(person.token)).json() == {"error": "invalid"}
    assert await refused(assistant.url, person.token) == "invalid"


async def test_whoever_joined_goes_on(assistant: Assistant, person: Person, join: Join) -> None:
    holder = join(person.conversation)
    again = await Person(assistant.url).begin(token_of(person.conversation, holder))
    assert again.conversation == person.conversation
    renewed = jwt.decode(again.token, SECRET, algorithms=["HS256"], audience="webchat")
    assert renewed["person"] == str(holder)
    await again.disconnect()


async def test_another_persons_token_does_not_fit(assistant: Assistant, person: Person, join: Join) -> None:
    join(person.conversation)
    assert await refused(assistant.url, token_of(person.conversation, uuid4())) == "invalid"


async def test_windows_that_are_open_are_closed(person: Person, join: Join) -> None:
    join(person.conversation)
    await until(lambda: not person.connected, "the window is closed")
