"""A chat that began anonymously joins the account of who has logged in, by its own token and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import jwt
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation
from helpsage.people import accounts, directory
from helpsage.people.models import Account, Person
from helpsage.tickets import service
from helpsage.tickets.service import Actor, NewTicket
from tests.integration.web.accounts.conftest import ASHA, Mailbox
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor


def token(conversation: UUID, key: str = "", **claims: object) -> str:
    """As the assistant makes it."""
    now = datetime.now(UTC)
    standard = {"sub": str(conversation), "aud": "webchat", "iat": now, "exp": now + timedelta(days=30)}
    return str(jwt.encode({**standard, **claims}, key or settings.get().derived("webchat"), algorithm="HS256"))


@dataclass
class Chat:
    """An anonymous chat that led to a ticket."""

    conversation: UUID
    reference: str


@pytest.fixture
def begin(database: Engine) -> Callable[..., Chat]:
    def begun(contact_email: str | None = None) -> Chat:
        with Session(database) as session, session.begin():
            conversation = conversations.ensure(session, f"web:{uuid4()}", "webchat")
            conversations.push(session, conversation.id, "person", text="I was charged twice")
            new = NewTicket(
                "Charged twice", "Two payments.", "double_charge", "webchat",
                conversation_id=conversation.id, requester_name="Asha", contact_email=contact_email,
            )  # fmt: skip
            ticket = service.open_ticket(session, new, Actor("assistant"))
            service.comment(session, ticket, "Any news?", Actor("requester", "Asha", ticket.requester_id))
            return Chat(conversation.id, ticket.reference)

    return begun


def join(browser: Visitor, shown: str | None):  # type: ignore[no-untyped-def]
    return browser.post("/chat/join", json={"token": shown}, headers={"Sec-Fetch-Site": "same-origin"})


def person_of(engine: Engine, email: str = ASHA) -> UUID:
    with Session(engine) as session:
        account = accounts.by_email(session, email)
        assert account is not None
        return account.person_id


def owner_of(engine: Engine, chat: Chat) -> tuple[UUID | None, UUID]:
    with Session(engine) as session:
        conversation = session.get_one(Conversation, chat.conversation)
        return conversation.person_id, service.by_reference(session, chat.reference).requester_id


def test_conversation_and_tickets_become_theirs(asha: Visitor, begin: Callable[..., Chat], database: Engine) -> None:
    chat = begin()
    stub = owner_of(database, chat)[1]
    answer = join(asha, token(chat.conversation))
    assert answer.status_code == 200
    assert answer.json()["conversation"] == str(chat.conversation)
    person = person_of(database)
    assert owner_of(database, chat) == (person, person)
    with Session(database) as session:
        ticket = service.by_reference(session, chat.reference)
        assert {entry.author_id for entry in service.thread(session, ticket)} == {person}
        assert session.get(Person, stub) is None


def test_joining_twice_is_joining_once(asha: Visitor, begin: Callable[..., Chat], database: Engine) -> None:
    chat = begin()
    for _ in range(2):
        assert join(asha, token(chat.conversation)).json()["conversation"] == str(chat.conversation)
    assert owner_of(database, chat)[1] == person_of(database)


def test_the_answers_token_opens_the_conversation_as_the_person(
    asha: Visitor, begin: Callable[..., Chat], database: Engine
) -> None:
    chat = begin()
    given = join(asha, token(chat.conversation)).json()["token"]
    claims = jwt.decode(given, settings.get().derived("webchat"), algorithms=["HS256"], audience="webchat")
    assert (claims["sub"], claims["person"]) == (str(chat.conversation), str(person_of(database)))


def test_a_chat_without_a_ticket_joins_as_well(asha: Visitor, database: Engine) -> None:
    with Session(database) as session, session.begin():
        conversation = conversations.ensure(session, f"web:{uuid4()}", "webchat").id
    join(asha, token(conversation))
    with Session(database) as session:
        assert session.get_one(Conversation, conversation).person_id == person_of(database)


def test_another_browser_goes_on_with_the_persons_last_chat(
    asha: Visitor, begin: Callable[..., Chat], web_url: str
) -> None:
    chat = begin()
    join(asha, token(chat.conversation))
    with Visitor(web_url) as other:
        other.log_in(ASHA, PASSWORD)
        assert join(other, None).json()["conversation"] == str(chat.conversation)


def test_nothing_to_go_on_with(asha: Visitor) -> None:
    assert join(asha, None).json() == {"token": None, "conversation": None}


def test_somebody_elses_chat_stays_theirs(
    asha: Visitor, begin: Callable[..., Chat], database: Engine, web_url: str, make: Callable[..., Account]
) -> None:
    """The browser was used by another person before, who logged out."""
    chat = begin()
    join(asha, token(chat.conversation))
    make("ben@student.example", "Ben")
    with Visitor(web_url) as ben:
        ben.log_in("ben@student.example", PASSWORD)
        assert join(ben, token(chat.conversation)).json() == {"token": None, "conversation": None}
    assert owner_of(database, chat) == (person_of(database), person_of(database))


def test_an_address_typed_in_the_chat_proves_nothing(
    asha: Visitor, begin: Callable[..., Chat], database: Engine
) -> None:
    chat = begin(contact_email=ASHA)
    assert owner_of(database, chat)[1] != person_of(database)
    assert asha.get("/my").status_code == 200
    assert chat.reference not in asha.get("/my").text


def test_nor_does_it_when_the_account_is_made_afterwards(
    visitor: Visitor, begin: Callable[..., Chat], database: Engine, mailbox: Mailbox
) -> None:
    chat = begin(contact_email=ASHA)
    form = visitor.form(visitor.get("/register"), "/register")
    visitor.submit(form, name="Asha", email=ASHA, password=PASSWORD)
    visitor.submit(visitor.form(visitor.get(mailbox.link(ASHA)), "/register/confirm"))
    assert owner_of(database, chat)[1] != person_of(database)
    join(visitor, token(chat.conversation))
    assert owner_of(database, chat)[1] == person_of(database)


@pytest.mark.parametrize("kind", ["foreign", "expired", "audience", "torn", "none", "subject"])
def test_a_token_that_is_not_ours_opens_nothing(
    asha: Visitor, begin: Callable[..., Chat], database: Engine, kind: str
) -> None:
    chat = begin()
    shown = {
        "foreign": token(chat.conversation, key="somebody else's key, long enough for HS256"),
        "expired": token(chat.conversation, exp=datetime.now(UTC) - timedelta(seconds=1)),
        "audience": token(chat.conversation, aud="elsewhere"),
        "torn": "not.a.token",
        "none": str(jwt.encode({"sub": str(chat.conversation), "aud": "webchat"}, None, algorithm="none")),
        "subject": token(chat.conversation, sub="' or 1=1 --"),
    }[kind]
    assert join(asha, shown).json()["conversation"] is None
    assert owner_of(database, chat)[1] != person_of(database)


def test_a_conversation_that_is_gone(asha: Visitor) -> None:
    assert join(asha, token(uuid4())).json()["conversation"] is None


def test_a_stranger_joins_nothing(visitor: Visitor, begin: Callable[..., Chat]) -> None:
    answer = join(visitor, token(begin().conversation))
    assert (answer.status_code, answer.json()) == (401, {"error": "login"})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Content-Type": "application/json"}, 403),
        ({"Content-Type": "text/plain"}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 403),
    ],
)
def test_no_other_site_joins_in_somebodys_name(
    asha: Visitor, begin: Callable[..., Chat], database: Engine, headers: dict[str, str], status: int
) -> None:
    chat = begin()
    content = f'{{"token": "{token(chat.conversation)}"}}'
    assert asha.post("/chat/join", content=content, headers=headers).status_code == status
    assert owner_of(database, chat)[1] != person_of(database)


def test_once_proven_every_chat_of_theirs_shows_their_tickets(
    asha: Visitor, begin: Callable[..., Chat], database: Engine
) -> None:
    first, second = begin(), begin()
    for chat in (first, second):
        join(asha, token(chat.conversation))
    with Session(database) as session:
        assert directory.is_proven(session, person_of(database))
        shown = service.tickets_of_conversation(session, second.conversation)
        assert {ticket.reference for ticket in shown} == {first.reference, second.reference}
