"""What is answered to those who say who they are on a chat application."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.conversations import service as conversations
from helpsage.conversations.models import Message
from helpsage.jobs.identities import hear, vouch
from helpsage.mail.models import Mail
from helpsage.people import identities, words
from helpsage.people.models import ChannelIdentity

ASHA = "asha@student.example"
Say = Callable[..., str]


@pytest.fixture
def begin(clean_database: Engine) -> Callable[[bool], UUID]:
    def begun(shared: bool = False) -> UUID:
        with Session(clean_database) as session, session.begin():
            identity = identities.known(session, "telegram", "7001", "Asha")
            conversation = conversations.ensure(session, "telegram:7001", "telegram")
            conversation.identity_id, conversation.person_id = identity.id, identity.person_id
            conversation.shared = shared
            return conversation.id

    return begun


@pytest.fixture
def say(clean_database: Engine) -> Say:
    """Say something; returns what is answered."""

    def said(conversation: UUID, text: str, times: int = 1) -> str:
        with Session(clean_database) as session, session.begin():
            message = conversations.push(session, conversation, "person", text=text).id
        for _ in range(times):
            hear(event_id=1, subject_id=str(conversation), payload={"message_id": message})
        with Session(clean_database) as session:
            (answer,) = session.scalars(select(Message.text).where(Message.client_id == f"identity:{message}")).all()
            return answer

    return said


def code(engine: Engine) -> str:
    with Session(engine) as session:
        letter = session.scalars(select(Mail).order_by(Mail.created_at.desc())).first()
        assert letter is not None
        found = re.search(r"^\d{3} \d{3}$", letter.text, re.MULTILINE)
        assert found is not None
        return found[0]


def letters(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return list(session.scalars(select(Mail.recipient)))


def test_an_address_then_the_code(begin: Callable[..., UUID], say: Say, clean_database: Engine) -> None:
    chat = begin()
    assert say(chat, f"Link my account to {ASHA}.") == words.LINK_ASKED.format(minutes=15)
    assert letters(clean_database) == [ASHA]
    assert say(chat, "000 00") == words.LINK_HOW
    assert say(chat, code(clean_database)) == words.LINKED.format(email=ASHA)
    assert say(chat, "123456") == words.LINK_ENDED


def test_a_wrong_code(begin: Callable[..., UUID], say: Say, clean_database: Engine) -> None:
    chat = begin()
    say(chat, f"link {ASHA}")
    wrong = f"{(int(code(clean_database).replace(' ', '')) + 1) % 1_000_000:06d}"
    assert say(chat, wrong) == words.LINK_WRONG


def test_twice_mails_once(begin: Callable[..., UUID], say: Say, clean_database: Engine) -> None:
    say(begin(), f"link {ASHA}", times=2)
    assert letters(clean_database) == [ASHA]


def test_where_others_read_along_nothing_is_done(begin: Callable[..., UUID], say: Say, clean_database: Engine) -> None:
    assert say(begin(True), f"link {ASHA}") == words.LINK_NOT_HERE
    assert letters(clean_database) == []


def test_too_often(begin: Callable[..., UUID], say: Say) -> None:
    chat = begin()
    answers = [say(chat, f"link asha{number}@student.example") for number in range(6)]
    assert answers[-1].startswith("That was tried too often")


@pytest.mark.parametrize("text", ["link", "link asha", "link @"])
def test_how_it_is_done(begin: Callable[..., UUID], say: Say, text: str) -> None:
    assert say(begin(), text) == words.LINK_HOW


def test_a_trusted_profile_links_once(begin: Callable[..., UUID], clean_database: Engine) -> None:
    begin()
    with Session(clean_database) as session, session.begin():
        identity = session.scalars(select(ChannelIdentity)).one()
        identity.profile_email = ASHA
        key = str(identity.id)
    for _ in range(2):
        vouch(event_id=1, subject_id=key, payload={})
    with Session(clean_database) as session:
        found = session.scalars(select(ChannelIdentity)).one()
        assert (found.proven_by, found.person.email) == ("profile", ASHA)


def test_a_profile_without_an_address_does_nothing(begin: Callable[..., UUID], clean_database: Engine) -> None:
    begin()
    with Session(clean_database) as session, session.begin():
        identity = session.scalars(select(ChannelIdentity)).one()
        identity.profile_email = "not an address"
        key = str(identity.id)
    vouch(event_id=1, subject_id=key, payload={})
    with Session(clean_database) as session:
        assert session.scalars(select(ChannelIdentity)).one().proven_by is None
