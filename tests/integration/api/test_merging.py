"""One ticket of two, two of one, tickets about the same; tags and followers: by programs as on the console."""

from __future__ import annotations

import pytest

from helpsage.people.models import Role
from helpsage.tickets.models import Ticket
from helpsage.tokens.models import Kind
from tests.integration.api.conftest import Desk, Program


def pair(desk: Desk) -> tuple[str, str]:
    """Two tickets of one person."""
    asha = desk.account("asha@x.example")
    return desk.ticket(asha, "wires").reference, desk.ticket(asha, "wires").reference


def test_a_merge_and_its_undoing(desk: Desk, ada: Program) -> None:
    one, other = pair(desk)
    version = ada.get(f"/tickets/{one}").headers["etag"]
    merged = ada.post(f"/tickets/{one}/merge", json={"into": other}, headers={"If-Match": version})
    assert (merged.status_code, merged.json()["reference"]) == (200, other)
    assert merged.headers["etag"] == ada.get(f"/tickets/{other}").headers["etag"]
    assert ada.get(f"/tickets/{one}").json()["merged_into"] == other
    again = ada.post(f"/tickets/{one}/merge", json={"into": other})
    assert (again.status_code, again.json()["type"].rpartition("#")[2]) == (409, "no-merge")
    back = ada.post(f"/tickets/{one}/unmerge", json={"reason": "another matter"})
    assert (back.json()["reference"], back.json()["merged_into"], back.json()["status"]) == (one, None, "open")
    assert ada.post(f"/tickets/{one}/unmerge", json={}).status_code == 409


def test_the_same_merge_sent_twice_is_one(desk: Desk, ada: Program) -> None:
    one, other = pair(desk)
    answers = [
        ada.post(f"/tickets/{one}/merge", json={"into": other}, headers={"Idempotency-Key": "m1"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


def test_a_merge_that_cannot_be_says_why(desk: Desk, ada: Program) -> None:
    one, _ = pair(desk)
    strangers = desk.ticket(desk.account("ben@x.example"), "wires").reference
    assert ada.post(f"/tickets/{one}/merge", json={"into": one}).status_code == 409
    unknown = ada.post(f"/tickets/{one}/merge", json={"into": "HS-999999"})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "#/into")
    assert "other_person" in ada.post(f"/tickets/{one}/merge", json={"into": strangers}).json()["detail"]
    told = {"into": strangers, "other_person": True}
    assert ada.post(f"/tickets/{one}/merge", json=told, headers={"If-Match": '"99"'}).status_code == 412
    assert ada.post(f"/tickets/{one}/merge", json=told).status_code == 200


def test_only_tickets_in_reach_are_merged(desk: Desk, asha: Program) -> None:
    one, other = pair(desk)
    elsewhere = desk.ticket(desk.account("asha@x.example"), "books").reference
    priya = desk.of("priya@desk.example", Role.AGENT, "wires")
    assert priya.post(f"/tickets/{one}/merge", json={"into": elsewhere}).status_code == 422
    assert priya.post(f"/tickets/{elsewhere}/merge", json={"into": one}).status_code == 404
    assert priya.put(f"/tickets/{one}/links/{elsewhere}").status_code == 404
    for refused in (
        asha.post(f"/tickets/{one}/merge", json={"into": other}),
        asha.get(f"/tickets/{one}/links"),
        asha.put(f"/tickets/{one}/tags/vip"),
        asha.get(f"/tickets/{one}/tags"),
        asha.get(f"/tickets/{one}/followers"),
    ):
        assert refused.status_code == 403


def test_a_split_and_its_undoing(desk: Desk, ada: Program) -> None:
    one, _ = pair(desk)
    entries = [ada.post(f"/tickets/{one}/notes", json={"body": f"Part {n}"}).json()["id"] for n in range(3)]
    made = ada.post(f"/tickets/{one}/split", json={"entries": entries[1:], "subject": "Another problem"})
    assert (made.status_code, made.json()["subject"], made.json()["description"]) == (201, "Another problem", "Part 1")
    new = made.json()["reference"]
    assert made.headers["location"].endswith(f"/api/v1/tickets/{new}")
    assert [entry["id"] for entry in ada.get(f"/tickets/{new}/thread").json()["items"]] == entries[1:]
    foreign = ada.post(f"/tickets/{one}/split", json={"entries": [entries[2]], "subject": "Again"})
    assert (foreign.status_code, foreign.json()["errors"][0]["pointer"]) == (422, "#/entries")
    nothing = ada.post(f"/tickets/{one}/split", json={"entries": entries[:1], "subject": " \u200b "})
    assert nothing.json()["errors"][0]["pointer"] == "#/subject"
    assert ada.post(f"/tickets/{new}/rejoin", json={}).json()["reference"] == one
    assert [entry["id"] for entry in ada.get(f"/tickets/{one}/thread").json()["items"]] == entries


def test_tickets_about_the_same(desk: Desk, ada: Program) -> None:
    one, other = pair(desk)
    assert ada.delete(f"/tickets/{one}/links/{other}").status_code == 404
    for _ in range(2):
        linked = ada.put(f"/tickets/{one}/links/{other}").json()
        assert (linked["reference"], linked["state"]) == (other, "linked")
    assert [link["reference"] for link in ada.get(f"/tickets/{other}/links").json()["items"]] == [one]
    assert ada.delete(f"/tickets/{other}/links/{one}").status_code == 204
    assert ada.get(f"/tickets/{one}/links").json()["items"] == []
    assert ada.put(f"/tickets/{one}/links/{one}").status_code == 409


def test_a_tag_at_a_time(ada: Program, ticket: Ticket) -> None:
    here = f"/tickets/{ticket.reference}/tags"
    ada.put(f"{here}/VIP")
    assert ada.put(f"{here}/fees").json()["items"] == ["vip", "fees"]
    assert ada.put(f"{here}/vip").json()["items"] == ["vip", "fees"]
    assert ada.delete(f"{here}/vip").json()["items"] == ["fees"]
    assert ada.get(here).json()["items"] == ["fees"]
    assert ada.put(f"{here}/,").json()["errors"][0]["parameter"] == "tag"


def test_people_follow_and_programs_do_not(desk: Desk, ada: Program, ticket: Ticket) -> None:
    here = f"/tickets/{ticket.reference}/followers"
    for _ in range(2):
        told = ada.put(f"{here}/me").json()
        assert ([one["email"] for one in told["items"]], told["following"]) == (["ada@desk.example"], True)
    priya = desk.of("priya@desk.example", Role.ADMINISTRATOR)
    assert priya.get(here).json()["following"] is False
    assert ada.delete(f"{here}/me").json() == {"items": [], "following": False}
    owner = desk.account("ada@desk.example", Role.ADMINISTRATOR)
    program = desk.program(desk.token(owner, kind=Kind.SERVICE))
    assert program.put(f"{here}/me").status_code == 403


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.ticket()
