"""People by programs: made known, changed, invited, by the rules of the console."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from helpsage.people.models import Account, Role
from helpsage.tokens.models import Kind
from tests.integration.api.conftest import Desk, Program


def changed(program: Program, person: object, **fields: object) -> int:
    """The answer's status."""
    return program.patch(f"/people/{person}", json=fields, headers={"If-Match": "*"}).status_code


def test_somebody_is_made_known_once(desk: Desk, ada: Program) -> None:
    new = {"email": "New@x.example", "name": "New Person", "locale": "de"}
    made = ada.post("/people", json=new, headers={"Idempotency-Key": "p1"})
    assert (made.status_code, made.json()["name"], made.json()["role"]) == (201, "New Person", None)
    assert ada.post("/people", json=new, headers={"Idempotency-Key": "p1"}).json() == made.json()
    assert ada.post("/people", json=new).json()["type"].endswith("#exists")
    assert ada.get(made.headers["location"]).json() == made.json()
    # What comes from the address is theirs.
    ticket = ada.post("/tickets", json={"description": "Mine.", "requester": {"email": "new@x.example"}}).json()
    assert ticket["requester"]["id"] == made.json()["id"]


@pytest.mark.parametrize(("field", "value"), [("email", "no address"), ("name", " \u200b "), ("locale", "x")])
def test_what_is_no_person_says_where(ada: Program, field: str, value: str) -> None:
    answer = ada.post("/people", json={"email": "new@x.example", "name": "New", field: value})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"#/{field}")


def test_an_administrators_program_changes_an_account(desk: Desk, ada: Program) -> None:
    asha = desk.account("asha@x.example")
    here = f"/people/{asha.person_id}"
    read = ada.get(here)
    seen = {"If-Match": read.headers["etag"]}
    assert ada.patch(here, json={"name": "Asha"}).status_code == 428
    told = ada.patch(here, json={"name": "Asha P", "role": "agent", "teams": ["wires"]}, headers=seen).json()
    assert (told["name"], told["role"], told["teams"]) == ("Asha P", "agent", ["wires"])
    assert ada.patch(here, json={"name": "Late"}, headers=seen).status_code == 412
    assert ada.get(here, headers={"If-None-Match": read.headers["etag"]}).status_code == 200
    assert changed(ada, asha.person_id, teams=["nowhere"]) == 422
    assert changed(ada, asha.person_id, role=None) == 422
    assert changed(ada, asha.person_id, contact_email="other@x.example") == 422
    assert ada.patch(here, json={"disabled": True}, headers={"If-Match": "*"}).json()["disabled"] is True


def test_all_of_a_change_or_nothing(desk: Desk, ada: Program) -> None:
    asha = desk.account("asha@x.example", name="Asha")
    assert changed(ada, asha.person_id, name="Else", role="requester", teams=["wires"]) == 422
    assert ada.get(f"/people/{asha.person_id}").json()["name"] == "Asha"


def test_nobody_makes_anybody_more_than_they_may(desk: Desk, ada: Program) -> None:
    asha = desk.account("asha@x.example")
    desk.ticket(asha, "wires")
    lead = desk.account("lena@desk.example", Role.LEAD, "wires")
    owner = desk.account("ada@desk.example", Role.ADMINISTRATOR)
    of_department = desk.program(desk.token(owner, kind=Kind.SERVICE, department=desk.homes["it"].id))
    for program in (desk.program(desk.token(lead)), of_department):
        assert changed(program, asha.person_id, role="administrator") == 403
        assert changed(program, asha.person_id, name="Other") == 403
        assert program.post("/people", json={"email": "new@x.example", "name": "New"}).status_code == 403
        assert program.post("/invitations", json={"email": "new@x.example", "role": "agent"}).status_code == 403
        assert program.get("/invitations").status_code == 403
    assert changed(desk.program(desk.token(lead)), lead.person_id, role="administrator") == 403
    # Nor does a program for whoever made it, or an administrator for themselves.
    for program in (ada, desk.program(desk.token(owner, kind=Kind.SERVICE))):
        assert changed(program, owner.person_id, role="agent") == 422
        assert changed(program, owner.person_id, disabled=True) == 422
    with Session(desk.engine) as session:
        assert session.get_one(Account, asha.id).role == "requester"


def test_ones_own_name_and_language(desk: Desk, asha: Program) -> None:
    account = desk.account("asha@x.example")
    assert changed(asha, account.person_id, name="Asha P", locale="hi") == 200
    assert changed(asha, account.person_id, name="Asha P", contact_email="x@x.example") == 403
    assert changed(asha, desk.account("ben@x.example").person_id, name="Ben") == 404


def test_an_invitations_life(desk: Desk, ada: Program) -> None:
    sent = ada.post("/invitations", json={"email": "ravi@x.example", "role": "agent", "teams": ["wires"]})
    assert (sent.status_code, sent.json()["role"], sent.json()["teams"]) == (201, "agent", ["wires"])
    assert ada.get("/invitations").json()["items"] == [sent.json()]
    assert ada.post("/invitations", json={"email": "ada@desk.example"}).status_code == 409
    assert (
        ada.post("/invitations", json={"email": "x@x.example", "role": "requester", "teams": ["wires"]}).status_code
        == 422
    )
    assert ada.delete(f"/invitations/{sent.json()['id']}").status_code == 204
    assert ada.delete(f"/invitations/{sent.json()['id']}").status_code == 404
    assert ada.get("/invitations").json()["items"] == []
