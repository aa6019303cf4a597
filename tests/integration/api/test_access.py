"""Who gets in, how far, how often; and how a refusal looks."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.people import accounts
from helpsage.people.models import Account, Role
from helpsage.tokens import service
from helpsage.tokens.models import Kind, Token
from helpsage.tokens.scopes import Scope
from helpsage.web.api import tickets
from helpsage.web.api.limits import Limiter
from helpsage.web.api.route import limiter
from tests.integration.api.conftest import Desk, Program
from tests.integration.web.declarations import API

#: Scope that each route needs; `/me` needs none.
SCOPES = {
    **{line: Scope.TICKETS_READ for line in API if line.startswith("GET")},
    **{line: Scope.TICKETS_WRITE for line in API if not line.startswith("GET")},
    **{line: Scope.ANALYTICS_READ for line in API if "/analytics" in line},
    **{
        line: Scope.PEOPLE_READ if line.startswith("GET") else Scope.PEOPLE_WRITE
        for line in API
        if any(word in line for word in ("/people", "/agents", "/invitations"))
    },
    **{
        line: Scope.WEBHOOKS_READ if line.startswith("GET") else Scope.WEBHOOKS_WRITE
        for line in API
        if "/webhooks" in line
    },
}
#: Of what no body of words will do for.
BODIES: dict[str, dict[str, object]] = {
    "POST /tickets/{reference}/merge": {"into": "HS-999999"},
    "POST /tickets/{reference}/unmerge": {},
    "POST /tickets/{reference}/rejoin": {},
    "POST /tickets/{reference}/split": {"entries": ["8e03978e-40d5-43dd-bc93-6894a57f9324"], "subject": "Another"},
    "POST /people": {"email": "new@x.example", "name": "New"},
    "PATCH /people/{person_id}": {"name": "New"},
    "POST /invitations": {"email": "new@x.example"},
}
NOBODY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def send(program: Program, line: str, reference: str) -> httpx.Response:
    """A request that would do something."""
    if line == "POST /uploads":
        return program.post("/uploads", files={"file": ("one.txt", b"one")})
    method, _, path = line.partition(" ")
    address = path.format(
        reference=reference, submission_id=1, key="double_charge", person_id=NOBODY, webhook_id=NOBODY,
        message_id=NOBODY, dimension="category", attachment_id=NOBODY, other="HS-999999", tag="fees",
        invitation_id="abc",
    )  # fmt: skip
    body = None
    if method in ("POST", "PATCH"):
        body = {"body": "Hello"} if path.startswith("/tickets/{reference}/") else {"description": "It is broken."}
        body = {"priority": "low"} if method == "PATCH" and "tickets" in path else body
        body = BODIES.get(line, body)
        if path == "/webhooks":
            body = {"name": "Ours", "url": "https://9.9.9.9/x", "events": ["ticket.opened"]}
        elif "webhooks" in path:
            body = {"enabled": False} if method == "PATCH" else None
    query = {"q": "fee"} if path == "/search" else {}
    return program.request(method, address, json=body, params=query, headers={"If-Match": "*"})


@pytest.mark.parametrize("line", API)
def test_no_route_without_a_token_or_its_scope(desk: Desk, line: str) -> None:
    reference = desk.ticket().reference
    stranger = desk.program()
    stranger.cookies.set("helpsage_session", session_of(desk))
    assert send(stranger, line, reference).status_code == 401
    lacking = [scope.value for scope in Scope if scope is not SCOPES[line]]
    refused = send(desk.program(desk.token(administrator(desk), *lacking)), line, reference)
    if line == "GET /me":
        assert refused.status_code == 200
        return
    assert (refused.status_code, refused.json()["scope"]) == (403, SCOPES[line].value)
    granted = desk.program(desk.token(administrator(desk), SCOPES[line].value))
    assert send(granted, line, reference).status_code in (
        200,
        201,
        202,
        204,
        404,
        *((403,) if "comments" in line else ()),
        *((409, 422) if any(word in line for word in ("merge", "split", "rejoin")) else ()),
    )


def administrator(desk: Desk) -> Account:
    return desk.account("ada@desk.example", Role.ADMINISTRATOR)


def session_of(desk: Desk) -> str:
    """A good session's token: cookies count for nothing here."""
    account = administrator(desk)
    with Session(desk.engine) as session, session.begin():
        return accounts.open_session(session, session.get_one(Account, account.id))


# --- reach: the same table as on the pages


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (("priya@desk.example", Role.AGENT, "wires"), {"wires", "asha"}),
        (("ravi@desk.example", Role.AGENT, "books"), {"books"}),
        (("lena@desk.example", Role.LEAD, "logins"), {"wires", "asha", "logins"}),
        (("ada@desk.example", Role.ADMINISTRATOR), {"wires", "asha", "logins", "books"}),
        (("asha@x.example", Role.REQUESTER), {"asha"}),
        (("ben@x.example", Role.REQUESTER), set()),
    ],
    ids=["agent", "agent elsewhere", "lead", "administrator", "requester", "other requester"],
)
def test_a_token_reaches_as_far_as_its_owner(desk: Desk, who: tuple[str, Role], seen: set[str]) -> None:
    made = {team: desk.ticket(team=team, subject=f"About {team}") for team in ("wires", "logins", "books")}
    made["asha"] = desk.ticket(desk.account("asha@x.example"), "wires", subject="About asha")
    program = desk.of(*who)
    for address in ("/tickets", "/search?q=about"):
        items = program.get(address).json()["items"]
        found = {(one.get("ticket") or one)["reference"] for one in items}
        assert found == {made[name].reference for name in seen}, address
    for name, ticket in made.items():
        expected = 200 if name in seen else 404
        assert program.get(f"/tickets/{ticket.reference}").status_code == expected, name
        assert program.get(f"/tickets/{ticket.reference}/thread").status_code == expected, name
        if name not in seen:
            change = program.patch(f"/tickets/{ticket.reference}", json={"priority": "low"}, headers={"If-Match": "*"})
            assert change.status_code == 404


def test_what_staff_keep_among_themselves_stays_there(desk: Desk, asha: Program, ada: Program) -> None:
    ticket = desk.ticket(desk.account("asha@x.example"), "wires", subject="Wi-Fi")
    ada.patch(f"/tickets/{ticket.reference}", json={"tags": ["vip"]}, headers={"If-Match": "*"})
    ada.post(f"/tickets/{ticket.reference}/notes", json={"body": "A difficult customer."})
    told = asha.get(f"/tickets/{ticket.reference}").json()
    assert (told["tags"], told["team"], told["assignee"], told["tone"]) == ([], None, None, None)
    assert told["url"].endswith(f"/my/tickets/{ticket.reference}")
    assert asha.get("/search?q=difficult").json()["items"] == []
    assert [one["ticket"]["reference"] for one in asha.get("/search?q=wi-fi").json()["items"]] == [ticket.reference]
    for name in set(tickets.TicketsAsked.model_fields) - tickets.FOR_EVERYBODY:
        value = {"requester": NOBODY, "due_before": "2026-01-01T00:00:00Z", "sort": "newest"}.get(name, "none")
        answer = asha.get(f"/tickets?{name}={value}")
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, name)
    assert asha.get("/teams").status_code == 403
    assert asha.get("/agents").status_code == 403


def test_people_are_seen_by_those_who_see_their_tickets(desk: Desk, asha: Program, ada: Program) -> None:
    owner, other = desk.account("asha@x.example"), desk.account("ben@x.example")
    desk.ticket(owner, "wires")
    desk.ticket(other, "books")
    priya = desk.of("priya@desk.example", Role.AGENT, "wires")
    assert {one["email"] for one in priya.get("/people").json()["items"]} == {"asha@x.example", "priya@desk.example"}
    assert priya.get(f"/people/{other.person_id}").status_code == 404
    assert [one["id"] for one in ada.get("/people?email=ASHA@x.example").json()["items"]] == [str(owner.person_id)]
    assert [one["email"] for one in asha.get("/people").json()["items"]] == ["asha@x.example"]
    seen, address = [], "/people?limit=2"
    while address:
        answer = ada.get(address)
        seen += [one["email"] for one in answer.json()["items"]]
        address = answer.links.get("next", {}).get("url", "")
    assert len(seen) == len(set(seen)) == 4


def test_figures_and_settings_are_for_those_who_see_them_on_the_pages(desk: Desk, asha: Program) -> None:
    lead = desk.account("lena@desk.example", Role.LEAD, "wires")
    program = desk.program(desk.token(lead, Scope.ANALYTICS_READ))
    assert program.get("/analytics/summary").status_code == 200
    assert program.get("/analytics/summary?department=library").status_code == 422
    assert program.get("/analytics/days?first=2026-02-01&last=2026-01-01").status_code == 422
    assert len(program.get("/analytics/days?first=2026-01-01&last=2026-01-31").json()["items"]) == 31
    with Session(desk.engine) as session, session.begin():
        session.execute(update(Token).values(scopes=[scope.value for scope in Scope]))
    assert program.get("/webhooks").status_code == 403
    assert asha.get("/analytics/by/team").status_code == 403


# --- tokens end


def test_a_token_that_ended_opens_nothing(desk: Desk) -> None:
    account = administrator(desk)
    written = {name: desk.token(account, days=1, name=name) for name in ("good", "revoked", "over")}
    with Session(desk.engine) as session, session.begin():
        for token in session.query(Token).all():
            if token.name == "revoked":
                service.revoke(session, token)
            if token.name == "over":
                token.expires_at = clock.now() - timedelta(seconds=1)
    for name, expected in (("good", 200), ("revoked", 401), ("over", 401)):
        answer = desk.program(written[name]).get("/me")
        assert answer.status_code == expected, name
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_token_ends_with_its_owners_account_and_shrinks_with_their_role(desk: Desk) -> None:
    account = administrator(desk)
    program = desk.program(desk.token(account))
    assert program.get("/webhooks").status_code == 200
    with Session(desk.engine) as session, session.begin():
        session.get_one(Account, account.id).role = Role.REQUESTER.value
    assert program.get("/webhooks").status_code == 403
    with Session(desk.engine) as session, session.begin():
        accounts.disable(session, session.get_one(Account, account.id))
    assert program.get("/me").status_code == 401


def test_its_last_use_is_known_and_the_token_itself_is_not_kept(desk: Desk) -> None:
    written = desk.token(administrator(desk))
    desk.program(written).get("/me")
    with Session(desk.engine) as session:
        token = session.query(Token).one()
        assert token.last_used_at is not None
        assert token.last_used_from == "127.0.0.1"
        assert written not in str(vars(token))


def test_a_programs_token_works_under_its_own_name_within_one_department(desk: Desk) -> None:
    home = desk.homes["library"].id
    written = desk.token(administrator(desk), kind=Kind.SERVICE, department=home, name="Till")
    program = desk.program(written)
    theirs, others = desk.ticket(team="books"), desk.ticket(team="wires")
    assert [one["reference"] for one in program.get("/tickets").json()["items"]] == [theirs.reference]
    assert program.get(f"/tickets/{others.reference}").status_code == 404
    # What its owner asked for themselves is none of the program's business.
    own = desk.ticket(administrator(desk), "wires")
    assert program.get(f"/tickets/{own.reference}").status_code == 404
    entry = program.post(f"/tickets/{theirs.reference}/notes", json={"body": "Paid."}).json()
    assert (entry["author"], entry["author_name"]) == ("agent", "Till")
    me = program.get("/me").json()
    assert (me["person"], me["role"], me["kind"]) == (None, "lead", "service")
    assert program.get("/webhooks").status_code == 403
    assert program.post("/tickets", json={"description": "Whose?"}).status_code == 422
    assert program.post("/tickets", json={"description": "Hers.", "requester": {"name": "Asha"}}).status_code == 201


# --- how often


def test_what_is_left_is_told_and_more_is_refused(desk: Desk, ada: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.get(), "api_requests_a_minute", 3)
    limiter.clear()
    answers = [ada.get("/me") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"token";q=3;w=60'
    assert answers[0].headers["ratelimit"].startswith('"token";r=2;t=')
    assert 0 < int(answers[3].headers["retry-after"]) <= 20
    assert answers[3].headers["content-type"] == "application/problem+json"
    assert desk.of("other@desk.example", Role.ADMINISTRATOR).get("/me").status_code == 200


def test_a_bucket_fills_evenly() -> None:
    now = 0.0
    bucket = Limiter(lambda: now)
    taken = [bucket.take("a", 60) for _ in range(61)]
    assert (taken[0].left, taken[59].left, taken[60].wait_s) == (59, 0, 1)
    now = 1.0
    assert bucket.take("a", 60).wait_s == 0
    assert bucket.take("a", 60).wait_s == 1
    now = 1_000.0
    assert bucket.take("a", 60).left == 59


def test_whoever_guesses_tokens_is_slowed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpsage.web.api.route.STRANGERS_A_MINUTE", 2)
    limiter.clear()
    guesser = desk.program("hsp_guess")
    assert [guesser.get("/me").status_code for _ in range(3)] == [401, 401, 429]


# --- refusals


def test_every_refusal_is_a_problem(desk: Desk, ada: Program) -> None:
    reference = desk.ticket().reference
    json = {"Content-Type": "application/json"}
    cases = {
        "no-token": desk.program().get("/me"),
        "bad-token": desk.program("hsp_x").get("/me"),
        "not-found": ada.get("/no/such/address"),
        "method": ada.put(f"/tickets/{reference}", json={}),
        "not-acceptable": ada.get("/tickets", headers={"Accept": "text/html, application/json;q=0"}),
        "malformed": ada.post("/tickets", content="{", headers=json),
        "media-type": ada.post("/tickets", content="description=x", headers={"Content-Type": "text/plain"}),
        "too-large": ada.post("/tickets", content=b'"' + b"x" * 500_000 + b'"', headers=json),
        "invalid": ada.post("/tickets", json={}),
        "no-version": ada.patch(f"/tickets/{reference}", json={}),
        "stale": ada.patch(f"/tickets/{reference}", json={}, headers={"If-Match": '"99"'}),
    }
    page = httpx.get(f"{desk.url}/api", trust_env=False).text
    for code, answer in cases.items():
        assert answer.headers["content-type"] == "application/problem+json", code
        problem = answer.json()
        assert problem["type"] == f"{desk.url}/api#{code}"
        assert problem["status"] == answer.status_code
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert f'id="{code}"' in page
    assert cases["method"].headers["allow"] == "GET, PATCH"
    assert cases["media-type"].headers["accept"] == "application/json"
    form = ada.post("/uploads", json={})
    assert (form.status_code, form.headers["accept"]) == (415, "multipart/form-data")


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/*;q=0.1", "text/html, application/json", "*/*;q=0, application/json"]
)
def test_who_takes_json_gets_it(ada: Program, accept: str) -> None:
    assert ada.get("/me", headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b'{"description": "\xff"}', b"[" * 100_000, b"null", b'"x"', b"NaN", b'{"description": NaN}']
)
def test_bodies_that_cannot_be_read_break_nothing(ada: Program, body: bytes) -> None:
    answer = ada.post("/tickets", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_when_the_database_is_away_that_is_said(ada: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = f"postgresql://postgres@/none?host={tmp_path}"
    monkeypatch.setattr(settings.get(), "database_url", nobody)
    answer = ada.get("/me")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")


def test_pages_still_answer_in_html(desk: Desk) -> None:
    answer = httpx.get(f"{desk.url}/no/such/page", trust_env=False)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (404, "text/html")
