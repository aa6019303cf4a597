"""Whoever may not see something learns nothing of it and changes nothing, on every route there is, or will be."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpsage.people.models import Account, Role
from helpsage.tickets import service
from helpsage.tickets.models import Change, Entry, Ticket
from helpsage.tickets.service import Actor
from helpsage.tokens import service as tokens
from helpsage.webhooks import service as webhooks
from tests.integration.api.conftest import Desk, Program

SECRET = "mulberry"
OWNER = "asha@x.example"
WRITES = ("post", "put", "patch", "delete")
#: For bodies: what one route does not know, it refuses, or it is asked again without.
WORDS: dict[str, Any] = {"body": "Let me in."}
CHANGE: dict[str, Any] = {"priority": "low"}


def operations(program: Program) -> list[tuple[str, str, bool]]:
    """Method, path and whether it takes a body, of everything in the description."""
    paths = program.get("/openapi.json").json()["paths"]
    return [
        (method, path.removeprefix("/api/v1"), "requestBody" in operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if path.startswith("/api/v1")
    ]


def asked(program: Program, method: str, address: str, body: dict[str, Any] | None) -> httpx.Response:
    headers = {"If-Match": "*"} if method in WRITES else {}
    return program.request(method, address, headers=headers, **({"json": body} if body is not None else {}))


def state(desk: Desk, ticket: Ticket) -> tuple[object, ...]:
    with Session(desk.engine) as session:
        found = session.get_one(Ticket, ticket.id)
        entries = session.scalar(select(func.count()).select_from(Entry).where(Entry.ticket_id == ticket.id))
        changes = session.scalar(select(func.count()).select_from(Change).where(Change.ticket_id == ticket.id))
        return found.version, found.status, found.requester_id, found.merged_into_id, entries, changes


@pytest.mark.parametrize(
    "who",
    [
        ("eve@x.example", Role.REQUESTER),
        ("priya@desk.example", Role.AGENT, "wires"),
        ("lena@desk.example", Role.LEAD, "wires"),
    ],
    ids=["a stranger", "an agent of another team", "a lead of another department"],
)
def test_every_route_keeps_somebody_elses_ticket(desk: Desk, who: tuple[str, Role]) -> None:
    owner = desk.account(OWNER)
    ticket = desk.ticket(owner, "books", subject=f"About {SECRET}", description=f"It is {SECRET}.")
    desk.change(ticket, lambda session, one: service.note(session, one, f"{SECRET} too", Actor("agent", "Mo")))
    with Session(desk.engine, expire_on_commit=False) as session, session.begin():
        webhook, _ = webhooks.add(session, SECRET, "https://192.0.32.10/hook", ["ticket.opened"])
    before = state(desk, ticket)
    program = desk.of(*who)
    known = {
        "reference": ticket.reference,
        "person_id": str(owner.person_id),
        "webhook_id": str(webhook.id),
        "account_id": str(owner.id),
    }
    tried = 0
    for method, template, takes_body in operations(program):
        names = set(re.findall(r"{(\w+)}", template))
        if not names & known.keys():
            continue
        address = re.sub(r"{(\w+)}", lambda found: known.get(found[1], str(UUID(int=7))), template)
        for body in (WORDS, CHANGE, {}) if takes_body else (None,):
            answer = asked(program, method, address, body)
            tried += 1
            assert 400 <= answer.status_code < 500, (method, template, answer.status_code)
            assert SECRET not in answer.text, (method, template)
            assert OWNER not in answer.text, (method, template)
    assert tried >= 20
    assert state(desk, ticket) == before


@pytest.mark.parametrize("body", [WORDS, {"status": "closed"}], ids=["words", "change"])
def test_nobody_is_named_in_a_body_but_those_that_may_be(desk: Desk, body: dict[str, Any]) -> None:
    """Fields of the tables that the interface does not offer are refused, and not written by the way."""
    asha = desk.of(OWNER)
    ticket = desk.ticket(desk.account(OWNER), "books")
    before = state(desk, ticket)
    for more in ("requester_id", "id", "number", "author_id", "author_kind", "visibility", "version", "created_at",
                 "merged_into_id", "rating", "department_id", "routed_by", "source"):  # fmt: skip
        for method, place in (("post", "/comments"), ("patch", "")):
            answer = asked(asha, method, f"/tickets/{ticket.reference}{place}", {**body, more: "x"})
            assert answer.status_code in (403, 422), (more, place)
    assert state(desk, ticket) == before


@pytest.mark.parametrize(
    "asked_for",
    ["sort=id%3Bdrop", "sort=version", "limit=100000", "limit=-1", "limit=0", "limit=1e9", "cursor='or'1'='1",
     "cursor=%00", "tag=%00", "q=%00", "q=" + "a" * 501, "category=%27", "team=%25", "requester=1", "status=any",
     "opened_from=yesterday", "opened_from=0001-01-01T00:00:00%2B14:00", "opened_before=9999-12-31T23:59:59-14:00",
     "due_before=99999-01-01T00:00:00Z", "assignee=%00%00", "department=%ff%fe", "channel=a%0d%0ab", "q=%22%22%22(",
     "q=a%26%7C!(%3A*)", "q=" + "%F0%9F%98%80" * 120, "cursor=" + "A" * 5_000],
)  # fmt: skip
def test_no_parameter_breaks_anything(ada: Program, asked_for: str) -> None:
    for place in ("/tickets", "/search?q=wifi"):
        answer = ada.get(f"{place}{'&' if '?' in place else '?'}{asked_for}")
        assert answer.status_code in (200, 422), (place, answer.text)
        assert answer.status_code == 422 or len(answer.json()["items"]) <= 100


def test_a_revoked_token_is_none_from_that_moment(desk: Desk) -> None:
    account: Account = desk.account(OWNER)
    token = desk.token(account)
    program = desk.program(token)
    assert program.get("/me").status_code == 200
    with Session(desk.engine) as session, session.begin():
        found = tokens.find(session, token)
        assert found is not None
        tokens.revoke(session, found)
    assert program.get("/me").status_code == 401
