"""Places outside: only those that may be called, kept secret, called for real, tried again when they are away."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select, text

from helpsage import clock, settings
from helpsage.jobs import notify
from helpsage.notify import targets
from helpsage.notify.models import Delivery, Target
from helpsage.people.models import Person
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor
from tests.integration.notify.conftest import Desk


class Outside:
    """A program that takes what Apprise posts (`json://`)."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self.location = ""
        self.address = ""


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Outside]:
    state = Outside()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(state.answers.pop(0) if state.answers else 200)
            if state.location:
                self.send_header("Location", state.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.address = f"json://user:hush-hush@127.0.0.1:{server.server_port}/secret-path"
    monkeypatch.setattr(settings.get(), "notice_hosts", ["127.0.0.1"])
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


class Context:
    """What the worker hands to a job."""

    class job:
        attempts = 0


def push(desk: Desk) -> None:
    """Do the jobs that call places."""
    with desk.new() as session:
        waiting = session.scalars(select(Delivery.id).where(Delivery.stage == "waiting").order_by(Delivery.id)).all()
    for delivery_id in waiting:
        notify.push(Context, delivery_id)  # type: ignore[arg-type]


def commented(ticket: Ticket, words: str = "Still jams."):  # type: ignore[no-untyped-def]
    asha = Actor("requester", "Asha Patel", ticket.requester_id)
    return lambda session: service.comment(session, service.by_id(session, ticket.id), words, asha)


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.ticket(desk.person())


def test_a_teams_place_hears_of_its_tickets_with_the_way_there(desk: Desk, ticket: Ticket, outside: Outside) -> None:
    desk.do(lambda session: targets.add(session, "Chat", outside.address, ["wrote"], team_id=ticket.team_id))
    desk.happen(commented(ticket))
    push(desk)
    push(desk)
    [got] = outside.got
    assert got["title"] == f"{ticket.reference}: Printer jams"
    assert "Asha Patel wrote:" in got["message"]
    assert f"/agent/tickets/{ticket.reference}" in got["message"]


def test_places_of_other_teams_and_notes_among_staff_stay_out(desk: Desk, ticket: Ticket, outside: Outside) -> None:
    from helpsage.departments.models import Team

    everything = ["wrote", "replied", "team", "progress", "finished", "alerted", "assigned"]

    def other_team(session: Any) -> Any:
        return session.scalars(select(Team.id).where(Team.id != ticket.team_id)).first()

    elsewhere = desk.do(other_team)
    desk.do(lambda session: targets.add(session, "Theirs", outside.address, everything, team_id=elsewhere))
    desk.do(lambda session: targets.add(session, "All", outside.address, everything))
    ravi = Actor("agent", "Ravi")
    desk.happen(lambda session: service.note(session, service.by_id(session, ticket.id), "psst", ravi))
    desk.happen(commented(ticket))
    push(desk)
    assert [got["message"].splitlines()[1] for got in outside.got] == ["Still jams."]


def test_a_colleagues_own_place_follows_their_preferences(desk: Desk, ticket: Ticket, outside: Outside) -> None:
    ravi = desk.colleague("Ravi")
    desk.do(lambda session: targets.add(session, "Phone", outside.address, [], person_id=ravi.person_id))
    desk.happen(lambda session: service.assign(session, service.by_id(session, ticket.id), ravi.id, Actor("system")))
    push(desk)
    assert ["It was given to you." in got["message"] for got in outside.got] == [True]


def test_a_place_that_is_away_is_tried_again(desk: Desk, ticket: Ticket, outside: Outside) -> None:
    desk.do(lambda session: targets.add(session, "Chat", outside.address, ["wrote"]))
    desk.happen(commented(ticket))
    outside.answers = [503]
    with pytest.raises(targets.NotSent):
        push(desk)
    with desk.new() as session:
        kept = session.scalars(select(Target)).one()
        assert kept.error
        assert "hush" not in kept.error
        assert "secret-path" not in kept.error
    push(desk)
    with desk.new() as session:
        assert session.scalars(select(Delivery.stage).where(Delivery.channel == "target")).all() == ["sent"]
        assert session.scalars(select(Target.error)).one() == ""


def test_a_redirect_leads_nowhere(outside: Outside) -> None:
    outside.answers, outside.location = [307, 200], outside.address.replace("json://user:hush-hush@", "http://")
    with pytest.raises(targets.NotSent):
        targets.send(outside.address, "title", "body")
    assert len(outside.got) == 1


def test_the_address_is_a_secret_in_the_database(desk: Desk, outside: Outside) -> None:
    made = desk.do(lambda session: targets.add(session, "Chat", outside.address, ["wrote"]))
    with desk.new() as session:
        kept = session.execute(text("select notify_target::text from notify_target")).scalar_one()
        assert "hush" not in kept
        assert targets.address_of(session.get_one(Target, made.id)) == outside.address


def test_a_removed_place_hears_nothing(desk: Desk, ticket: Ticket, outside: Outside) -> None:
    made = desk.do(lambda session: targets.add(session, "Chat", outside.address, ["wrote"]))
    desk.happen(commented(ticket))
    desk.do(lambda session: setattr(session.get_one(Target, made.id), "removed_at", clock.now()))
    push(desk)
    assert outside.got == []


@pytest.mark.parametrize(
    "address",
    ["", "slack", "http://127.0.0.1/", "json://127.0.0.1:9/", "jsons://10.0.0.1/", "file:///etc/passwd", "syslog://",
     "mailto://user:pass@example.org", "dbus://", "workflows://127.0.0.1:443/a/b", "slack://",
     "workflows://logic.azure.com.evil.example:443/a/b", "json://example.org/?template=/etc/passwd",
     "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?verify=no", "tgram://x", "apprise://10.0.0.1/key",
     "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ, json://127.0.0.1/", "x" * 3000],
    ids=lambda address: address[:50] or "nothing",
)  # fmt: skip
def test_addresses_that_are_not_called(monkeypatch: pytest.MonkeyPatch, database_url: str, address: str) -> None:
    monkeypatch.setattr(settings.get(), "notice_hosts", [])
    with pytest.raises(targets.InvalidTarget):
        targets.service_of(address)


_SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.mark.parametrize(
    "address",
    [
        f"{_SLACK}/#c?footer=no;template=/etc/passwd",
        f"{_SLACK}/#c?%20template=/etc/passwd",
        f"{_SLACK}/#c?template%20=/etc/passwd",
        f"{_SLACK}/#c?retry=9&wait=3600",
        "jsons://own.example/x?a=b;verify=no",
        "jsons://user:secret@evil.example@own.example/",
        "jsons://evil.example\\@own.example/",
        "jsons://own.example@evil.example/",
        "jsons://evil.example#@own.example/",
    ],
)
def test_apprise_reads_no_more_in_an_address_than_we(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """It cuts at `;`, trims names and finds the server in a way of its own: a file of ours would be sent away."""
    monkeypatch.setattr(settings.get(), "notice_hosts", ["own.example"])
    with pytest.raises(targets.InvalidTarget):
        targets.service_of(address)


@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#desk", "slack"),
        ("workflows://prod-1.westus.logic.azure.com:443/643e69f83c8944/signature", "workflows"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "tgram"),
        (
            "twilio://AC735c307c62944b5a8c8e2c5f2d1d0a9b:8c8e2c5f2d1d0a9b8c8e2c5f2d1d0a9b@15551234567/15557654321",
            "twilio",
        ),
    ],
)
def test_services_that_are_called(address: str, service: str) -> None:
    assert targets.service_of(address) == service


def test_an_erased_person_leaves_no_place_and_no_notice(desk: Desk, ticket: Ticket, outside: Outside) -> None:
    from helpsage.notify.models import Notice
    from helpsage.privacy import erasure

    desk.do(lambda session: targets.add(session, "Phone", outside.address, [], person_id=ticket.requester_id))
    desk.do(lambda session: erasure.erase(session, ticket.requester_id))
    with desk.new() as session:
        assert session.scalars(select(Target)).all() == []
        assert session.scalars(select(Notice)).all() == []
        assert session.get(Person, ticket.requester_id) is not None
