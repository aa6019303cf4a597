"""Webhooks are made, tried, changed, replayed and removed on the pages; their keys are shown once."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook as Verifier

from helpsage.schema.events import MODELS
from helpsage.webhooks import service
from helpsage.webhooks.models import Message, Stage, Webhook
from tests.integration.settings.conftest import Administrator
from tests.integration.settings.test_notices import undo
from tests.integration.webhooks.conftest import Other, other

__all__ = ["other"]

NEW = "/settings/webhooks/new"


def key_on(text: str) -> str:
    found = re.search(r"whsec_[A-Za-z0-9+/=&#;]+", text)
    assert found is not None
    return found[0].replace("&#43;", "+").replace("&#x3D;", "=")


@pytest.fixture
def page_of(ada: Administrator, other: Other) -> tuple[str, str]:
    """A webhook that was just made: its page, and its key."""
    page = ada.change(NEW, name="Board", url=other.url, department="", events=["ticket.opened", "ticket.rated"])
    assert page.status_code == 200
    made = re.search(r'action="(/settings/webhooks/[0-9a-f-]{36})"', page.text)
    assert made is not None
    return made[1], key_on(page.text)


def test_the_key_is_shown_once_and_signs(ada: Administrator, page_of: tuple[str, str], other: Other) -> None:
    address, key = page_of
    assert "whsec_" not in ada.get(address).text
    assert "whsec_" not in ada.get("/settings/history").text
    tried = ada.change(address, f"{address}/test")
    assert "took the test" in tried.text
    assert Verifier(key).verify(other.got[0].body, other.got[0].headers)["type"] == "webhook.test"


def test_a_new_key_is_another(ada: Administrator, page_of: tuple[str, str], other: Other) -> None:
    address, key = page_of
    new = key_on(ada.change(address, f"{address}/key").text)
    assert new != key
    ada.change(address, f"{address}/test")
    for one in (key, new):
        Verifier(one).verify(other.got[0].body, other.got[0].headers)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"url": "http://169.254.169.254/latest"}, "url"),
        ({"url": "not an address"}, "url"),
        ({"url": "https://user:pass@example.org/"}, "url"),
        ({"name": ""}, "name"),
        ({"events": []}, "events"),
        ({"events": ["ticket.nonsense"]}, "events"),
        ({"department": "00000000-0000-0000-0000-000000000000"}, "department"),
    ],
)
def test_webhooks_that_cannot_be(ada: Administrator, other: Other, changes: dict[str, object], field: str) -> None:
    given = {"name": "x", "url": other.url, "department": "", "events": ["ticket.opened"], **changes}
    page = ada.change(NEW, **given)
    assert page.status_code == 422
    assert f'id="{field}-problem"' in page.text


def test_it_is_changed_switched_removed_and_undone(
    ada: Administrator, with_departments: Engine, page_of: tuple[str, str]
) -> None:
    address, _ = page_of

    def kept() -> Webhook:
        with Session(with_departments) as session:
            return session.scalars(select(Webhook)).one()

    ada.change(address, name="Another", events=["ticket.rated"])
    assert (kept().name, kept().events) == ("Another", ["ticket.rated"])
    off = ada.change(address, f"{address}/switch")
    assert "Switched off" in off.text
    ada.change(address, f"{address}/switch")
    assert kept().disabled_at is None
    gone = ada.change(address, f"{address}/remove")
    assert "None yet" in gone.text
    undo(ada, gone)
    assert kept().removed_at is None


def test_what_was_sent_is_shown_and_sent_again(
    ada: Administrator, with_departments: Engine, page_of: tuple[str, str], other: Other
) -> None:
    address, _ = page_of
    other.answers, other.body = [500], b"<b>broken</b>"
    ada.change(address, f"{address}/test")
    listed = ada.get(f"{address}/messages?stage=dead")
    found = re.search(rf'href="({address}/messages/[0-9a-f-]+)"', listed.text)
    assert found is not None
    page = ada.get(found[1])
    assert "answered 500" in page.text
    assert "&lt;b&gt;broken" in page.text
    again = ada.change(found[1], f"{found[1]}/replay")
    assert "sent again now" in again.text
    with Session(with_departments) as session:
        assert session.scalars(select(Message.stage)).all() == [Stage.WAITING]
    assert ada.get(f"{address}/messages?before=nonsense").status_code == 200


def test_a_message_of_another_webhook_is_not_shown_here(
    ada: Administrator, with_departments: Engine, page_of: tuple[str, str], other: Other
) -> None:
    address, _ = page_of
    ada.change(address, f"{address}/test")
    with Session(with_departments) as session, session.begin():
        theirs, _ = service.add(session, "Theirs", other.url, ["ticket.opened"])
        message = session.scalars(select(Message.id)).one()
        path = f"/settings/webhooks/{theirs.id}/messages/{message}"
    assert ada.get(path).status_code == 404


def test_schemas_are_there_to_be_read(ada: Administrator) -> None:
    for kind in MODELS:
        assert ada.get(f"/settings/webhooks/schemas/{kind}.json").json()["properties"]["type"]["const"] == kind
