"""Webhooks, kept by programs as administrators keep them on the pages."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from helpsage.configuration import service as configuration
from helpsage.tokens.models import Answer
from helpsage.webhooks import service
from helpsage.webhooks.models import Message
from tests.integration.api.conftest import Desk, Program

HOOK = {"name": "Billing", "url": "https://9.9.9.9/hook", "events": ["ticket.opened"]}


def test_a_webhooks_life(desk: Desk, ada: Program) -> None:
    made = ada.post("/webhooks", json=HOOK)
    assert made.status_code == 201
    assert made.json()["key"].startswith("whsec_")
    address = f"/webhooks/{made.json()['id']}"
    read = ada.get(address)
    assert "key" not in read.json()
    assert read.headers["etag"] == made.headers["etag"]
    off = ada.patch(
        address, json={"enabled": False, "department": "library"}, headers={"If-Match": read.headers["etag"]}
    )
    assert (off.json()["enabled"], off.json()["department"], off.json()["name"]) == (False, "library", "Billing")
    assert ada.patch(address, json={"enabled": True}, headers={"If-Match": read.headers["etag"]}).status_code == 412
    assert ada.post(f"{address}/key").json()["key"] != made.json()["key"]
    assert [one["id"] for one in ada.get("/webhooks").json()["items"]] == [made.json()["id"]]
    assert ada.delete(address).status_code == 428
    assert ada.delete(address, headers={"If-Match": read.headers["etag"]}).status_code == 412
    now = {"If-Match": ada.get(address).headers["etag"]}
    assert ada.delete(address, headers=now).status_code == 204
    assert ada.get(address).status_code == ada.delete(address, headers=now).status_code == 404
    with Session(desk.engine) as session:
        summaries = [line.summary for line in configuration.history(session)]
    assert summaries == ["Removed the webhook Billing", "Changed the webhook Billing", "Made the webhook Billing"]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"url": "http://127.0.0.1/x"}, "#/url"),
        ({"url": "ftp://x.example"}, "#/url"),
        ({"events": ["ticket.exploded"]}, "#/events"),
        ({"events": []}, "#/events"),
        ({"department": "nowhere"}, "#/department"),
        ({"name": "\u0007"}, "#/name"),
    ],
)
def test_a_webhook_that_cannot_be_kept_says_where(ada: Program, changed: dict[str, object], pointer: str) -> None:
    answer = ada.post("/webhooks", json={**HOOK, **changed})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_what_was_sent_can_be_read_and_sent_again(desk: Desk, ada: Program) -> None:
    webhook_id = ada.post("/webhooks", json=HOOK).json()["id"]
    address = f"/webhooks/{webhook_id}"
    # A private address: the test fails, and is written down.
    with Session(desk.engine) as session, session.begin():
        hook = service.by_id(session, webhook_id)
        hook.url = "http://127.0.0.1:9/closed"
    outcome = ada.post(f"{address}/test").json()
    assert (outcome["delivered"], outcome["status"]) == (False, None)
    (message,) = ada.get(f"{address}/messages?stage=dead").json()["items"]
    assert message["event"] == "webhook.test"
    known = ada.get(f"{address}/messages/{message['id']}").json()
    assert known["body"].startswith("{")
    assert [one["status"] for one in known["tries"]] == [None]
    assert ada.get(f"/webhooks/{webhook_id}/messages/{webhook_id}").status_code == 404
    again = ada.post(f"{address}/messages/{message['id']}/replay")
    assert (again.status_code, again.json()["stage"]) == (200, "waiting")
    assert ada.get(f"{address}/messages?cursor=none").status_code == 422
    assert ada.post(f"{address}/replay").json() == {"count": 0}
    with Session(desk.engine) as session, session.begin():
        session.execute(update(Message).values(stage="dead"))
    assert ada.post(f"{address}/replay").json() == {"count": 1}


def test_a_webhook_is_made_once_and_its_key_is_not_kept_in_clear(desk: Desk, ada: Program) -> None:
    made = [ada.post("/webhooks", json=HOOK, headers={"Idempotency-Key": "h1"}) for _ in range(2)]
    assert made[0].json() == made[1].json()
    assert made[1].headers["idempotency-replayed"] == "true"
    assert len(ada.get("/webhooks").json()["items"]) == 1
    with Session(desk.engine) as session:
        assert made[0].json()["key"] not in session.query(Answer).one().body
