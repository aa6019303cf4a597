"""One's chats on other applications: shown, taken off, moved, by oneself and by an administrator."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.conversations import service as conversations
from helpsage.people import identities
from helpsage.people.identities import ProvenBy
from helpsage.people.models import Account, ChannelIdentity, Role
from tests.integration.web.accounts.conftest import ASHA, Mailbox
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor

BEN = "ben@student.example"


@pytest.fixture
def chat(database: Engine, asha: Visitor) -> ChannelIdentity:
    """Asha's Telegram."""
    return connect(database, ASHA)


def connect(database: Engine, email: str, external: str = "7001") -> ChannelIdentity:
    """Somebody on Telegram who has proven an address."""
    with Session(database, expire_on_commit=False) as session, session.begin():
        identity = identities.known(session, "telegram", external, "Asha <T.>")
        conversation = conversations.ensure(session, f"telegram:{external}", "telegram")
        conversation.identity_id, conversation.person_id = identity.id, identity.person_id
        identities.link(session, identity, identities.with_address(session, identity, email), ProvenBy.CODE)
        return identity


def holder(database: Engine, chat: ChannelIdentity) -> str | None:
    """The address of whoever has it now."""
    with Session(database) as session:
        return session.get_one(ChannelIdentity, chat.id).person.email


@pytest.fixture
def olivia(web_url: str, make: Callable[..., Account]) -> Iterator[Visitor]:
    """An administrator's browser."""
    make("olivia@desk.example", "Olivia", Role.ADMINISTRATOR)
    with Visitor(web_url) as browser:
        browser.log_in("olivia@desk.example", PASSWORD)
        yield browser


def test_they_are_shown(asha: Visitor, chat: ChannelIdentity) -> None:
    assert "1 connected" in asha.get("/account").text
    page = asha.get("/account/chats").text
    assert "Telegram" in page
    assert "Asha &lt;T.&gt;" in page


def test_without_any_it_is_said_how(asha: Visitor) -> None:
    assert "No chat is connected yet" in asha.get("/account/chats").text


def test_one_is_taken_off(asha: Visitor, chat: ChannelIdentity, database: Engine, mailbox: Mailbox) -> None:
    done = asha.submit(asha.form(asha.get("/account/chats"), f"/account/chats/{chat.id}/disconnect"))
    assert "no longer belongs to you" in done.text
    assert holder(database, chat) is None
    assert mailbox.has(ASHA, "disconnected")


def test_one_is_moved_by_a_code_in_that_chat(asha: Visitor, chat: ChannelIdentity, mailbox: Mailbox) -> None:
    form = asha.form(asha.get("/account/chats"), f"/account/chats/{chat.id}/move")
    assert "A code is on its way" in asha.submit(form, email=BEN).text
    assert mailbox.has(BEN, "code")


def test_a_wrong_address_is_said_beside_it(asha: Visitor, chat: ChannelIdentity) -> None:
    form = asha.form(asha.get("/account/chats"), f"/account/chats/{chat.id}/move")
    answer = asha.submit(form, email="no address")
    assert answer.status_code == 422
    assert 'value="no address"' in answer.text


def test_somebody_elses_is_not_there(asha: Visitor, database: Engine) -> None:
    theirs = connect(database, BEN, "7002")
    token = asha.form(asha.get("/account"), "/account/name").values["csrf"]
    for path in ("disconnect", "move"):
        assert asha.post(f"/account/chats/{theirs.id}/{path}", data={"csrf": token, "email": ASHA}).status_code == 404
    assert holder(database, theirs) == BEN


def test_an_administrator_gives_one_to_somebody_else(
    olivia: Visitor, make: Callable[..., Account], database: Engine
) -> None:
    account, ben = make(), make(BEN, "Ben")
    chat = connect(database, ASHA)
    action = f"/settings/people/{account.id}/chats/{chat.id}"
    page = olivia.get(f"/settings/people/{account.id}")
    refused = olivia.submit(olivia.form(page, action), email="nobody@student.example")
    assert (refused.status_code, holder(database, chat)) == (422, ASHA)
    olivia.submit(olivia.form(page, action), email=BEN)
    assert holder(database, chat) == BEN
    with Session(database) as session:
        (moved, *_) = identities.history(session, ben.person_id)
        assert (moved.action, moved.proven_by) == ("moved", "staff")
        assert moved.actor_id is not None


def test_an_administrator_takes_one_off(olivia: Visitor, make: Callable[..., Account], database: Engine) -> None:
    account = make()
    chat = connect(database, ASHA)
    page = olivia.get(f"/settings/people/{account.id}")
    olivia.submit(olivia.form(page, f"/settings/people/{account.id}/chats/{chat.id}"), disconnect="yes")
    assert holder(database, chat) is None
