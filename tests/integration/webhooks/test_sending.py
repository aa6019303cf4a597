"""Other programs hear what happens: signed, in order, for days, and never at an address of our own network."""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from helpsage import clock, settings
from helpsage.mail.models import Mail
from helpsage.people import accounts
from helpsage.people.models import Role
from helpsage.privacy import erasure
from helpsage.schema.__main__ import FOLDER, written
from helpsage.schema.events import KINDS, MODELS
from helpsage.tickets import service as tickets
from helpsage.tickets import tags
from helpsage.webhooks import outbound, sending, service, signing
from helpsage.webhooks.models import Stage, Webhook
from tests.integration.webhooks.conftest import PRIYA, Got, Hands, Other, reset


def verified(got: Got, key: str) -> dict[str, object]:
    found = Verifier(key).verify(got.body, got.headers)
    assert isinstance(found, dict)
    return found


# --- what is sent


def test_a_message_is_signed_and_as_its_schema_says(hands: Hands, other: Other) -> None:
    webhook, key = hands.webhook(other.url)
    ticket = hands.ticket()
    hands.reply(ticket, "Try again?")
    hands.work(webhook)
    bodies = [verified(got, key) for got in other.got]
    assert [body["type"] for body in bodies] == ["ticket.opened", "ticket.replied", "ticket.status_changed"]
    for got, body in zip(other.got, bodies, strict=True):
        MODELS[str(body["type"])].model_validate_json(got.body)
    data = json.loads(other.got[1].body)["data"]
    assert (data["ticket"]["reference"], data["entry"]["body"]) == (ticket.reference, "Try again?")
    assert {message.stage for message in hands.messages()} == {Stage.SENT}


def test_a_change_says_from_what_to_what(hands: Hands, other: Other) -> None:
    webhook, _ = hands.webhook(other.url, "ticket.tagged", "ticket.priority_changed")
    ticket = hands.ticket()
    hands.do(lambda session: tags.change(session, tickets.by_id(session, ticket.id), PRIYA, add=["vip"]))
    hands.do(lambda session: tickets.change_priority(session, tickets.by_id(session, ticket.id), "urgent", PRIYA))
    hands.work(webhook)
    changes = [json.loads(got.body)["data"]["change"] for got in other.got]
    assert changes == [{"from": [], "to": ["vip"]}, {"from": ticket.priority, "to": "urgent"}]


def test_a_changed_message_is_no_longer_ours(hands: Hands, other: Other) -> None:
    webhook, key = hands.webhook(other.url)
    hands.ticket()
    hands.work(webhook)
    forged = Got("", other.got[0].headers, other.got[0].body.replace(b"jams", b"fine"))
    with pytest.raises(WebhookVerificationError):
        verified(forged, key)


def test_after_a_change_of_keys_both_are_good_for_a_day(hands: Hands, other: Other) -> None:
    webhook, old = hands.webhook(other.url)
    new = hands.do(lambda session: service.rotate(session, service.by_id(session, webhook.id)))
    hands.ticket()
    hands.work(webhook)
    verified(other.got[0], old)
    verified(other.got[0], new)
    with hands.new() as session:
        kept = service.by_id(session, webhook.id)
        later = clock.now() + signing.OVERLAP + timedelta(minutes=1)
        assert signing.keys(kept, later) == [new]
        assert old not in json.dumps(kept.secrets)


def test_only_chosen_events_of_the_chosen_department(hands: Hands, other: Other) -> None:
    from helpsage.departments import service as departments

    home = hands.do(departments.ensure_defaults)
    elsewhere = hands.do(departments_add)
    ours, _ = hands.do(lambda session: service.add(session, "Ours", other.url, ["ticket.replied"], home.id))
    theirs, _ = hands.do(lambda session: service.add(session, "Theirs", other.url, ["ticket.opened"], elsewhere))
    ticket = hands.ticket()
    hands.reply(ticket, "Hello")
    hands.write()
    assert [(message.webhook_id, message.kind) for message in hands.messages()] == [(ours.id, "ticket.replied")]
    assert theirs.id != ours.id


def departments_add(session: Session) -> object:
    from helpsage.departments.models import Department

    made = Department(key="library", name="Library", widget_key="w-library")
    session.add(made)
    session.flush()
    return made.id


def test_the_documented_schemas_are_those_of_the_code() -> None:
    """When this fails: python -m helpsage.schema"""
    assert {path.stem: path.read_text() for path in Path(FOLDER).glob("*.json")} == {
        kind: written(kind) for kind in MODELS
    }


def test_every_kind_of_event_that_can_be_chosen_is_followed() -> None:
    from helpsage.events.subscribers import SUBSCRIBERS

    followed = {kind for kind, tasks in SUBSCRIBERS.items() if any(one.task == "webhooks.write" for one in tasks)}
    assert followed == set(KINDS)


# --- when it does not go well


def test_a_failure_is_tried_again_with_the_same_id_and_body(hands: Hands, other: Other) -> None:
    webhook, key = hands.webhook(other.url, "ticket.opened")
    other.answers = [503, 500]
    hands.ticket()
    hands.work(webhook)
    [waiting] = hands.messages(Stage.WAITING)
    assert waiting.due_at > clock.now()
    jobs_work(webhook)
    assert len(other.got) == 1  # not before its time
    for _ in range(2):
        hands.make_due()
        jobs_work(webhook)
    assert [message.stage for message in hands.messages()] == [Stage.SENT]
    assert len({(got.headers["webhook-id"], got.body) for got in other.got}) == 1
    verified(other.got[-1], key)
    with hands.new() as session:
        assert [one.status for one in service.attempts(session, waiting.id)] == [200, 500, 503]


def jobs_work(webhook: Webhook) -> None:
    from helpsage.jobs import webhooks as jobs

    jobs.work(str(webhook.id))


def test_later_messages_about_a_ticket_wait_and_others_do_not(hands: Hands, other: Other) -> None:
    webhook, _ = hands.webhook(other.url, "ticket.opened", "ticket.replied")
    first, second = hands.ticket(), hands.ticket()
    hands.reply(first, "one")
    other.answers = [500]
    hands.work(webhook)
    seen = [json.loads(got.body) for got in other.got]
    assert [(one["type"], one["data"]["ticket"]["reference"]) for one in seen] == [
        ("ticket.opened", first.reference),
        ("ticket.opened", second.reference),
    ]
    hands.make_due()
    jobs_work(webhook)
    seen = [json.loads(got.body) for got in other.got[2:]]
    assert [(one["type"], one["data"]["ticket"]["reference"]) for one in seen] == [
        ("ticket.opened", first.reference),
        ("ticket.replied", first.reference),
    ]


def test_after_days_it_is_dead_told_and_can_be_replayed(
    hands: Hands, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.do(lambda session: accounts.add(session, "ada@desk.example", "Ada", "", Role.ADMINISTRATOR))
    webhook, _ = hands.webhook(other.url, "ticket.opened")
    monkeypatch.setattr(settings.get(), "webhook_patience_hours", 1)
    other.answers = [500] * 20
    hands.ticket()
    hands.write()
    while hands.messages(Stage.WAITING):
        hands.make_due()
        jobs_work(webhook)
    tries = len(other.got)
    assert tries == 6  # 5 s, 30 s, 2 min, 10 min, 30 min; an hour more would be too long
    [dead] = hands.messages(Stage.DEAD)
    with hands.new() as session:
        [letter] = session.scalars(select(Mail)).all()
    assert "given up" in letter.text
    other.answers = []
    hands.do(lambda session: service.replay(session, service.message(session, dead.id)))
    jobs_work(webhook)
    assert [message.stage for message in hands.messages()] == [Stage.SENT]
    assert other.got[-1].headers["webhook-id"] == other.got[0].headers["webhook-id"]


def test_gone_switches_it_off_and_tells(hands: Hands, other: Other) -> None:
    hands.do(lambda session: accounts.add(session, "ada@desk.example", "Ada", "", Role.ADMINISTRATOR))
    webhook, _ = hands.webhook(other.url, "ticket.opened")
    other.answers = [410]
    hands.ticket()
    hands.ticket()
    hands.work(webhook)
    assert len(other.got) == 1
    assert {message.stage for message in hands.messages()} == {Stage.DEAD}
    with hands.new() as session:
        kept = service.by_id(session, webhook.id)
        assert kept.disabled_at is not None
        [letter] = session.scalars(select(Mail)).all()
    assert "410 Gone" in letter.text
    hands.ticket()
    hands.write()
    assert len(hands.messages()) == 2


def test_a_redirect_is_not_followed(hands: Hands, other: Other) -> None:
    webhook, _ = hands.webhook(other.url, "ticket.opened")
    other.answers, other.headers = [307], {"Location": other.url + "/elsewhere"}
    hands.ticket()
    hands.work(webhook)
    assert [got.path for got in other.got] == ["/hook"]
    [waiting] = hands.messages(Stage.WAITING)
    with hands.new() as session:
        assert "redirects are not followed" in service.attempts(session, waiting.id)[0].error


def test_a_connection_that_is_reset_is_a_failure(hands: Hands, other: Other) -> None:
    webhook, _ = hands.webhook(other.url, "ticket.opened")
    other.then = reset
    hands.ticket()
    hands.work(webhook)
    [waiting] = hands.messages(Stage.WAITING)
    assert waiting.attempts == 1


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: "], ids=["silent", "dripping"])
def test_whoever_is_slow_does_not_hold_us(other: Other, head: bytes) -> None:
    def slowly(connection: socket.socket) -> None:
        try:
            connection.sendall(head)
            while head:
                connection.sendall(b".")
                time.sleep(0.02)
            connection.recv(1)
        except OSError:
            pass

    other.then = slowly
    began = time.monotonic()
    with pytest.raises(outbound.NoAnswer, match="too slow"):
        outbound.post(other.url, b"{}", {}, within_s=0.5)
    assert time.monotonic() - began < 20


def test_of_an_endless_answer_only_the_beginning_is_read(other: Other) -> None:
    def endlessly(connection: socket.socket) -> None:
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b"x" * 65_536)
        except OSError:
            pass

    other.then = endlessly
    answer = outbound.post(other.url, b"{}", {})
    assert (answer.status, len(answer.body)) == (200, outbound.MOST_ANSWER)


def test_the_other_side_may_ask_to_wait_longer(hands: Hands, other: Other) -> None:
    webhook, _ = hands.webhook(other.url, "ticket.opened")
    other.answers, other.headers = [429], {"Retry-After": "600"}
    hands.ticket()
    hands.work(webhook)
    [waiting] = hands.messages(Stage.WAITING)
    assert waiting.due_at > clock.now() + timedelta(seconds=590)


def test_a_test_is_sent_at_once_and_not_again(hands: Hands, other: Other) -> None:
    webhook, key = hands.webhook(other.url)
    assert sending.try_out(webhook.id).error == ""
    assert verified(other.got[0], key)["type"] == "webhook.test"
    other.answers = [500]
    assert sending.try_out(webhook.id).error == "answered 500"
    assert [message.stage for message in hands.messages()] == [Stage.SENT, Stage.DEAD]


def test_with_another_secret_of_the_installation_nothing_is_sent_unsigned(
    hands: Hands, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, _ = hands.webhook(other.url, "ticket.opened")
    hands.ticket()
    hands.write()
    monkeypatch.setattr(settings.get(), "secret", type(settings.get().secret)("another"))
    monkeypatch.delitem(settings.get().__dict__, "secret_key", raising=False)
    jobs_work(webhook)
    monkeypatch.delitem(settings.get().__dict__, "secret_key", raising=False)
    assert other.got == []
    assert len(hands.messages(Stage.WAITING)) == 1


def test_a_person_who_is_forgotten_is_forgotten_here_too(hands: Hands, other: Other) -> None:
    webhook, _ = hands.webhook(other.url, "ticket.opened")
    ticket = hands.ticket()
    hands.work(webhook)
    hands.do(lambda session: erasure.erase(session, ticket.requester_id))
    assert hands.messages() == []


# --- where it may go


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0", "[::1]", "[::]",
     "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "10.0.0.1",
     "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[fe80::1]", "[fc00::1]", "224.0.0.1", "[ff02::1]",
     "255.255.255.255", "198.18.0.1", "１２７.０.０.１"],
)  # fmt: skip
def test_no_private_address_however_it_is_written(session: Session, host: str) -> None:
    with pytest.raises((outbound.Forbidden, outbound.NoAnswer)) as refused:
        outbound.post(f"http://{host}:9/", b"{}", {})
    assert isinstance(refused.value, outbound.Forbidden) or "nobody knows" in str(refused.value)


def test_a_public_address_behind_nat64_may_be_called(session: Session) -> None:
    """RFC 6052: the only way to IPv4 from a network that has IPv6 alone. What lies inside decides."""
    allowed = {
        inside
        for inside in ("93.184.215.14", "10.0.0.5", "127.0.0.1")
        if outbound.is_allowed(ipaddress.IPv6Address("64:ff9b::") + int(ipaddress.IPv4Address(inside)))
    }
    assert allowed == {"93.184.215.14"}


@pytest.mark.parametrize(
    "url",
    ["", "example.org", "ftp://example.org/", "file:///etc/passwd", "http:///x", "https://user:pass@example.org/",
     "https://example.org/#x", "https://exa mple.org/", "https://example.org\\@127.0.0.1/", "https://example.org:99999/",
     "https://example.org/\r\nX: y", "gopher://127.0.0.1/", "https://" + "x" * 3000],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(outbound.Forbidden):
        outbound.place(url)


def test_a_name_with_one_private_address_is_not_called(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def both(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", (address, port)) for address in ("93.184.215.14", "10.0.0.5")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(outbound.Forbidden, match=r"10\.0\.0\.5"):
        outbound.post("http://two-faced.example/", b"{}", {})


def test_a_name_is_asked_for_once(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who answers something else the second time (DNS rebinding) is not asked a second time."""
    really, asked = socket.getaddrinfo, []
    port = int(other.url.split(":")[2].split("/")[0])

    def first_time_only(host: str, *given: object, **more: object) -> object:
        if host == "rebinding.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return really(host, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", first_time_only)
    assert outbound.post(f"http://rebinding.example:{port}/hook", b"{}", {}).status == 200
    assert asked == ["rebinding.example"]
    assert other.got[0].headers["Host"] == f"rebinding.example:{port}"


def test_a_network_that_the_operator_opened_may_be_called(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.get(), "webhook_networks", ["10.1.0.0/16", "fd00::/8"])
    allowed = {text for text in ("10.1.2.3", "10.2.0.1", "fd00::1", "::ffff:10.1.0.1", "127.0.0.1")
               if outbound.is_allowed(ipaddress.ip_address(text))}  # fmt: skip
    assert allowed == {"10.1.2.3", "fd00::1", "::ffff:10.1.0.1"}


def test_a_message_does_not_go_to_an_address_that_became_private(
    hands: Hands, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, _ = hands.webhook(other.url, "ticket.opened")
    monkeypatch.setattr(settings.get(), "webhook_networks", [])
    hands.ticket()
    hands.work(webhook)
    assert other.got == []
    [waiting] = hands.messages(Stage.WAITING)
    with hands.new() as session:
        assert "not a public address" in service.attempts(session, waiting.id)[0].error


@pytest.mark.parametrize("said", [b"\x00\x00\x1b[31m\r\n\r\n", b"HTTP/1.1 \x00\r\n\r\n", b"\xff\xfe" * 40], ids=repr)
def test_an_answer_that_is_none_is_written_down_and_counts_as_a_try(hands: Hands, other: Other, said: bytes) -> None:
    """What stands in it ends in the database: a NUL there would keep the try from being counted, for ever."""
    webhook, _ = hands.webhook(other.url, "ticket.opened")

    def answer(connection: socket.socket) -> None:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_RDWR)

    other.then = answer
    hands.ticket()
    hands.work(webhook)
    [waiting] = hands.messages(Stage.WAITING)
    assert waiting.attempts == 1
    with hands.new() as session:
        assert service.attempts(session, waiting.id)[0].error.isprintable()
