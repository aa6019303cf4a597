"""Opening, reading and changing tickets with a token."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.intake import service as intake
from helpsage.intake.models import Inbound, Lane, Progress
from helpsage.people.models import Role
from helpsage.tickets import merge, service
from helpsage.tickets.service import Actor
from tests.integration.api.conftest import Desk, Program

PRIYA = Actor("agent", "Priya Raman")
NEW = {
    "subject": "Exam fee charged twice",
    "description": "The bank shows two payments.",
    "category": "double_charge",
    "priority": "high",
    "requester": {"name": "Asha Patel", "email": "asha@x.example"},
    "details": {"transaction_id": "TX-48211"},
    "tags": ["Fees"],
}


def records(desk: Desk) -> list[Inbound]:
    with Session(desk.engine) as session:
        return list(session.scalars(select(Inbound).order_by(Inbound.id)))


# --- opening


def test_a_ticket_is_made_at_once_and_its_raw_record_is_kept(desk: Desk, ada: Program) -> None:
    answer = ada.post("/tickets", json=NEW)
    assert answer.status_code == 201
    made = answer.json()
    assert {name: made[name] for name in ("subject", "description", "category", "priority", "details", "tags")} == {
        **{name: NEW[name] for name in ("subject", "description", "category", "priority", "details")},
        "tags": ["fees"],
    }
    assert made["requester"]["email"] == "asha@x.example"
    assert answer.headers["location"] == f"{desk.url}/api/v1/tickets/{made['reference']}"
    assert ada.get(answer.headers["location"]).json() == made
    (record,) = records(desk)
    assert (record.lane, record.state, str(record.ticket_id)) == (Lane.API, Progress.DONE, made["id"])
    with Session(desk.engine) as session:
        assert json.loads(session.get_one(Inbound, record.id).raw) == NEW


def test_what_came_in_before_from_the_same_sender_comes_first(desk: Desk, ada: Program) -> None:
    with Session(desk.engine) as session, session.begin():
        earlier = intake.accept(
            session, Lane.CHAT, "an-earlier-one", b"{}", "application/json", sender="asha@x.example"
        ).id
    answer = ada.post("/tickets", json=NEW)
    assert answer.status_code == 202
    where = answer.headers["location"]
    assert ada.get(where).json() == {"id": answer.json()["id"], "status": "waiting", "reference": None, "reason": ""}
    with Session(desk.engine) as session, session.begin():
        session.delete(session.get_one(Inbound, earlier))
        intake.work(session, answer.json()["id"])
    told = ada.get(where).json()
    assert told["status"] == "done"
    assert ada.get(f"/tickets/{told['reference']}").status_code == 200


def test_only_the_token_that_sent_it_hears_what_became_of_it(desk: Desk, ada: Program) -> None:
    ada.post("/tickets", json=NEW)
    (record,) = records(desk)
    assert ada.get(f"/submissions/{record.id}").status_code == 200
    other = desk.of("other@desk.example", Role.ADMINISTRATOR)
    assert other.get(f"/submissions/{record.id}").status_code == 404


def test_those_who_ask_open_tickets_for_themselves_only(desk: Desk, asha: Program) -> None:
    made = asha.post("/tickets", json={"description": "No Wi-Fi"}).json()
    assert made["requester"]["email"] == "asha@x.example"
    refused = asha.post("/tickets", json={"description": "No Wi-Fi", "requester": {"email": "victim@x.example"}})
    assert (refused.status_code, len(records(desk))) == (403, 1)


def test_their_own_word_for_urgency_is_weighed(desk: Desk, asha: Program, ada: Program) -> None:
    reference = asha.post("/tickets", json={"description": "No Wi-Fi", "priority": "low"}).json()["reference"]
    assert desk.now(desk.ticket()).priority == "normal"
    with Session(desk.engine) as session:
        assert service.by_reference(session, reference).priority_reason != "asked for"


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"category": "no_such_thing"}, "#/category"),
        ({"department": "nowhere"}, "#/department"),
        ({"description": "\u200b \u2060"}, "#/body"),
        ({"requester": {"email": "nobody"}}, "#/requester/email"),
        ({"tags": ["\u200b"]}, "#/tags/0"),
        ({"colour": "red"}, "#/colour"),
        ({"subject": 7}, "#/subject"),
        ({"details": {"amount": 450}}, "#/details/amount"),
        ({"subject": "x" * 201}, "#/subject"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_means_nothing_is_refused_before_it_is_kept(
    desk: Desk, ada: Program, changed: dict[str, object], pointer: str
) -> None:
    answer = ada.post("/tickets", json={**NEW, **changed})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert records(desk) == []


# --- reading


def test_a_ticket_is_read_again_only_when_it_changed(desk: Desk, ada: Program) -> None:
    ticket = desk.ticket()
    etag = ada.get(f"/tickets/{ticket.reference}").headers["etag"]
    again = ada.get(f"/tickets/{ticket.reference}", headers={"If-None-Match": f"W/{etag}"})
    assert (again.status_code, again.content) == (304, b"")
    desk.change(ticket, lambda session, found: service.note(session, found, "Hm.", PRIYA))
    assert ada.get(f"/tickets/{ticket.reference}", headers={"If-None-Match": etag}).status_code == 200


def test_pages_go_by_cursor_and_leave_nothing_out(desk: Desk, ada: Program) -> None:
    made = {desk.ticket(subject=f"No {number}").reference for number in range(7)}
    seen: list[str] = []
    address = "/tickets?limit=3&sort=oldest"
    while address:
        answer = ada.get(address)
        seen += [one["reference"] for one in answer.json()["items"]]
        address = answer.links.get("next", {}).get("url", "")
    assert len(seen) == 7
    assert set(seen) == made


@pytest.mark.parametrize("cursor", ["bm90IG91cnM=", "WyJiZXN0IiwgImEiLCAiYiJd", "W10=", "x"])
@pytest.mark.parametrize("more", ["", "&q=exam", "&sort=priority"])
def test_a_cursor_that_is_none_of_ours_is_refused(ada: Program, asha: Program, cursor: str, more: str) -> None:
    assert ada.get(f"/tickets?cursor={cursor}{more}").status_code == 422
    if "sort" not in more:
        assert asha.get(f"/tickets?cursor={cursor}{more}").status_code == 422


def test_filters_choose(desk: Desk, ada: Program) -> None:
    asha = desk.account("asha@x.example")
    mine = desk.ticket(asha, "wires", subject="Wi-Fi", category="wifi_problem", priority="urgent")
    desk.ticket(None, "books", subject="Lost book")
    for address in (
        "team=wires",
        "department=help-desk",
        "category=wifi_problem",
        "priority=urgent&priority=high",
        f"requester={asha.person_id}",
        "q=wi-fi",
        "assignee=none&team=wires",
        "status=open&team=wires",
    ):
        found = [one["reference"] for one in ada.get(f"/tickets?{address}").json()["items"]]
        assert found == [mine.reference], address
    assert ada.get("/tickets?changed_from=2999-01-01T00:00:00Z").json()["items"] == []


@pytest.mark.parametrize(
    "address",
    [
        "teem=wires",
        "team=nowhere",
        "department=nowhere",
        "assignee=nobody@x.example",
        "opened_from=yesterday",
        "opened_from=1767225600",
        "limit=0",
        "limit=201",
        "status=lost",
    ],
)
def test_a_filter_with_a_slip_does_not_show_everything(ada: Program, desk: Desk, address: str) -> None:
    desk.ticket()
    answer = ada.get(f"/tickets?{address}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["parameter"].startswith(address.split("=")[0])


# --- changing


def test_everything_is_changed_together(desk: Desk, ada: Program) -> None:
    desk.account("priya@desk.example", Role.AGENT, "wires")
    ticket = desk.ticket(details={"transaction_id": "TX-1"})
    change = {
        "status": "in_progress",
        "priority": "urgent",
        "category": "wifi_problem",
        "team": "wires",
        "assignee": "priya@desk.example",
        "tags": ["vpn", "campus"],
        "details": {"transaction_id": None},
        "reason": "It is the network.",
    }
    answer = ada.patch(f"/tickets/{ticket.reference}", json=change, headers={"If-Match": '"1"'})
    assert answer.status_code == 200
    told = answer.json()
    assert {name: told[name] for name in change if name not in ("details", "reason", "tags")} == {
        name: change[name] for name in change if name not in ("details", "reason", "tags")
    }
    assert (sorted(told["tags"]), told["details"]) == (["campus", "vpn"], {})
    assert answer.headers["etag"] == f'"{told["version"]}"' == f'"{desk.now(ticket).version}"'


def test_null_takes_away(desk: Desk, ada: Program) -> None:
    agent = desk.account("priya@desk.example", Role.AGENT, "wires")
    ticket = desk.ticket(team="wires")
    desk.change(ticket, lambda session, found: service.assign(session, found, agent.id, PRIYA))
    headers = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
    told = ada.patch(f"/tickets/{ticket.reference}", content='{"assignee": null, "team": null}', headers=headers).json()
    assert (told["assignee"], told["team"]) == (None, None)
    refused = ada.patch(f"/tickets/{ticket.reference}", json={"status": None}, headers={"If-Match": "*"})
    assert refused.json()["errors"] == [{"detail": "This cannot be null.", "pointer": "#/status"}]


@pytest.mark.parametrize(
    "change",
    [
        {"priority": "urgent", "status": "open", "team": "nowhere"},
        {"priority": "urgent", "assignee": "nobody@x.example"},
        {"priority": "urgent", "details": {"no_such_question": "x"}},
        {"priority": "urgent", "category": "no_such_category"},
        {"priority": "urgent", "assignee": "asha@x.example"},
    ],
    ids=["team", "stranger", "question", "category", "requester"],
)
def test_all_of_it_or_nothing(desk: Desk, ada: Program, change: dict[str, object]) -> None:
    ticket = desk.ticket(desk.account("asha@x.example"))
    answer = ada.patch(f"/tickets/{ticket.reference}", json=change, headers={"If-Match": '"1"'})
    assert answer.status_code == 422
    assert (desk.now(ticket).version, desk.now(ticket).priority) == (1, "normal")


def test_nobody_changes_what_they_have_not_read(desk: Desk, ada: Program) -> None:
    ticket = desk.ticket()
    address, change = f"/tickets/{ticket.reference}", {"priority": "urgent"}
    assert ada.patch(address, json=change).status_code == 428
    desk.change(ticket, lambda session, found: service.note(session, found, "Wait.", PRIYA))
    stale = ada.patch(address, json=change, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.headers["etag"]) == (412, '"2"')
    assert ada.patch(address, json=change, headers={"If-Match": 'W/"2"'}).status_code == 412
    assert desk.now(ticket).priority == "normal"
    assert ada.patch(address, json=change, headers={"If-Match": '"1", "2"'}).status_code == 200


def test_a_move_that_is_not_on_the_map_says_which_are(desk: Desk, ada: Program) -> None:
    ticket = desk.ticket()
    desk.change(ticket, lambda session, found: service.close(session, found, PRIYA))
    answer = ada.patch(f"/tickets/{ticket.reference}", json={"status": "waiting"}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["allowed"]) == (409, ["open"])


def test_a_merged_ticket_names_the_one_that_it_goes_on_as(desk: Desk, ada: Program) -> None:
    asha = desk.account("asha@x.example")
    ticket, survivor = desk.ticket(asha), desk.ticket(asha)

    def merged(session: Session, found: object) -> None:
        merge.merge(session, service.by_id(session, ticket.id), service.by_id(session, survivor.id), PRIYA)

    desk.change(ticket, merged)
    answer = ada.patch(f"/tickets/{ticket.reference}", json={"priority": "low"}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["survivor"]) == (409, survivor.reference)
    assert ada.get(f"/tickets/{ticket.reference}").json()["merged_into"] == survivor.reference


def test_those_who_asked_close_and_reopen_and_nothing_else(desk: Desk, asha: Program) -> None:
    ticket = desk.ticket(desk.account("asha@x.example"))
    address, anything = f"/tickets/{ticket.reference}", {"If-Match": "*"}
    assert asha.patch(address, json={"status": "closed"}, headers=anything).json()["status"] == "closed"
    assert asha.patch(address, json={"status": "open"}, headers=anything).json()["status"] == "open"
    for change in ({"status": "resolved"}, {"priority": "urgent"}, {"tags": ["x"]}, {"team": None}):
        assert asha.patch(address, json=change, headers=anything).status_code == 403, change
