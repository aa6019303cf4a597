"""Is this the same as a ticket that exists? Asked in the chat, of one's own tickets and of known outages only."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.report.draft import SAME, Draft
from helpsage.conversations import service as conversations
from helpsage.db.session import transaction
from helpsage.tickets import service, tags
from helpsage.tickets.categories import catalogue
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from helpsage.triage import local, twins
from helpsage.triage.essence import of
from helpsage.triage.models import Twin
from tests.integration.actions.test_steps import call, run, sender, tickets

pytestmark = pytest.mark.usefixtures("clean_database")

REQUESTER, AGENT = Actor("requester"), Actor("agent", "Priya Raman")
JAM = "The printer on the second floor jams with every page."
JAM_AGAIN = "The second floor printer is jammed again, paper stuck in it."
OUTAGE = "Wi-Fi is down in building B, nobody on our floor has internet."
MY_WIFI = "my laptop has no wifi in building B since this morning"


def _filed(who: str, text: str, category: str) -> str:
    """A ticket of this conversation, as the worker leaves it."""
    with transaction() as session:
        conversation = conversations.of_sender(session, who)
        assert conversation is not None
        new = NewTicket("", text, category, "webchat", conversation_id=conversation.id)
        ticket = service.open_ticket(session, new, REQUESTER)
        _remember(session, ticket)
        return ticket.reference


def _remember(session: Session, ticket: Ticket) -> None:
    vector = local.vector_of(of(ticket.subject, ticket.description).text)
    assert vector is not None
    twins.remember(session, ticket, vector, "test")


def _mark_outage(reference: str) -> None:
    with transaction() as session:
        tags.change(session, service.by_reference(session, reference), AGENT, add=[twins.OUTAGE])


def _begun(text: str, category: str) -> dict[str, Any]:
    draft = Draft(description=text, email_settled=True)
    draft.set_category(catalogue().categories[category])
    return draft.to_slot()


async def _open(who: str, text: str, category: str) -> tuple[list[str], dict[str, Any]]:
    """What is said when the form opens with these words, and the draft then."""
    slots = {"ticket_draft": _begun(text, category)}
    before = [{"event": "active_loop", "name": "ticket_form"}]
    one = call("validate_ticket_form", who, "report_problem", text, slots, form="ticket_form")
    # The form was opened by this very message, on a draft that another action had prepared.
    one["tracker"]["events"] += [*before, {"event": "slot", "name": "ticket_draft", "value": slots["ticket_draft"]}]
    said, events = await run(one)
    return said, next(event["value"] for event in events if event.get("name") == "ticket_draft")


async def _answer(
    who: str, intent: str, draft: dict[str, Any], said: str = ""
) -> tuple[list[str], list[dict[str, Any]]]:
    return await run(call("validate_ticket_form", who, intent, said, {"ticket_draft": draft}, form="ticket_form"))


async def test_yes_puts_the_words_on_the_persons_own_ticket_once() -> None:
    who = sender()
    reference = _filed(who, JAM, "printer_problem")
    said, draft = await _open(who, JAM_AGAIN, "printer_problem")
    assert (said, draft["asked"], draft["same"]["reference"]) == (["utter_ask_same_own"], SAME, reference)
    for _ in range(2):
        said, events = await _answer(who, "affirm", draft)
        assert said == ["utter_same_added"]
        assert {"event": "active_loop", "timestamp": None, "name": None} in events
    (ticket,) = tickets()
    with transaction() as session:
        assert [entry.body for entry in service.thread(session, ticket)] == [JAM_AGAIN]


async def test_no_goes_on_with_a_new_ticket_and_does_not_ask_again() -> None:
    who = sender()
    _filed(who, JAM, "printer_problem")
    _, draft = await _open(who, JAM_AGAIN, "printer_problem")
    said, events = await _answer(who, "deny", draft)
    kept = next(event["value"] for event in events if event.get("name") == "ticket_draft")
    assert said == ["utter_ask_printer"]
    assert (kept["same"], kept["compared"]) == (None, True)


async def test_another_persons_ticket_is_never_named() -> None:
    _filed(sender(), JAM, "printer_problem")
    said, draft = await _open(sender(), JAM_AGAIN, "printer_problem")
    assert (said, draft["same"]) == (["utter_ask_printer"], None)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Library fine: I was charged for a book that I returned.", "library_problem"),
        ("The printer on the first floor prints pale, I think the toner is empty.", "printer_problem"),
    ],
)
async def test_an_own_ticket_about_something_else_is_not_asked_about(text: str, category: str) -> None:
    who = sender()
    _filed(who, text, category)
    said, _ = await _open(who, JAM, "printer_problem")
    assert said == ["utter_ask_printer"]


async def test_a_known_outage_is_named_without_anybodys_words_and_joined() -> None:
    outage = _filed(sender(), OUTAGE, "wifi_problem")
    _mark_outage(outage)
    who = sender()
    said, draft = await _open(who, MY_WIFI, "wifi_problem")
    assert said == ["utter_ask_same_outage"]
    assert draft["same"]["title"] == "Wi-Fi problem"
    said, _ = await _answer(who, "affirm", draft)
    assert said == ["utter_ticket_opened", "utter_same_outage"]
    with transaction() as session:
        (twin,) = session.scalars(select(Twin))
        assert (twin.state, twin.other_id) == ("linked", service.by_reference(session, outage).id)


async def test_an_outage_that_nobody_marked_is_not_named() -> None:
    _filed(sender(), OUTAGE, "wifi_problem")
    said, _ = await _open(sender(), MY_WIFI, "wifi_problem")
    assert "utter_ask_same_outage" not in said
