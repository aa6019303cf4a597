"""The pages of what was misunderstood and of what nothing answers: who may, what forms do, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.people.models import Role
from helpsage.training.items import KnowledgeGap, ReviewDecision, ReviewItem
from tests.integration.web.review.conftest import SAID, Stock
from tests.integration.web.visitor import Visitor

PAGES = ("/review", "/review/{first}", "/review/change.patch", "/gaps", "/gaps/{gap}")
FORMS = ("/review/{first}", "/review/decisions/1/undo", "/gaps/{gap}")


def states(engine: Engine) -> list[tuple[str, str]]:
    """State and label of every item."""
    with Session(engine) as session:
        return [(item.state, item.label) for item in session.scalars(select(ReviewItem).order_by(ReviewItem.id))]


def send(browser: Visitor, page: str, action: str = "", **values: str) -> httpx.Response:
    """Send a form of a page with something changed."""
    form = browser.form(browser.get(page), action or page)
    return browser.post(form.action, data={**form.values, **values})


@pytest.mark.parametrize(
    ("role", "allowed"),
    [(Role.REQUESTER, False), (Role.AGENT, False), (Role.LEAD, True), (Role.ADMINISTRATOR, True)],
)
def test_who_may(log_in: Callable[[Role], Visitor], stock: Stock, database: Engine, role: Role, allowed: bool) -> None:
    browser = log_in(role)
    for page in PAGES:
        answer = browser.get(page.format(**vars(stock)))
        assert (page, answer.status_code) == (page, 200 if allowed else 403)
    for form in FORMS:
        answer = browser.post(form.format(**vars(stock)), data={"do": "ignore"})
        assert (form, answer.status_code) == (form, 403), "no token of a page of ours"
    assert states(database) == [("open", "")] * 3
    assert ("Learning" in browser.get("/account").text or "Learning" in browser.get("/review").text) is allowed


def test_a_stranger_is_sent_to_the_login(visitor: Visitor, stock: Stock) -> None:
    for page in PAGES:
        assert visitor.get(page.format(**vars(stock))).url.path == "/login"


def test_pages_without_anything_say_so(lead: Visitor) -> None:
    assert "Nothing to look at" in lead.get("/review").text
    assert "It is looked for every night" in lead.get("/gaps").text
    assert lead.get("/review/1").status_code == 404
    assert lead.get("/gaps/1").status_code == 404
    assert lead.get("/review/change.patch").url.path == "/review"


def test_the_list_and_an_item(lead: Visitor, stock: Stock) -> None:
    listed = lead.get("/review").text
    assert listed.index("wlan") < listed.index(SAID[2]), "two of them come before one"
    assert "wlan &lt;b&gt;is&lt;/b&gt; lost" in listed
    shown = lead.get(f"/review/{stock.first}").text
    for part in ("wlan is down", "data/nlu/issues_network.yml:6", "30 % sure", "All 2 of this cluster", "sage-1"):
        assert part in shown


def test_accept_a_cluster_then_the_next_and_undo(lead: Visitor, stock: Stock, database: Engine) -> None:
    answer = send(lead, f"/review/{stock.first}", do="accept", whole="1")
    assert answer.url.path == f"/review/{stock.alone}"
    assert states(database) == [("accepted", "wifi_problem")] * 2 + [("open", "")]
    patch = lead.get("/review/change.patch")
    assert patch.headers["content-type"].startswith("text/x-patch")
    assert f"+      - {SAID[1]}\n" in patch.text
    with Session(database) as session:
        decision = session.scalars(select(ReviewDecision)).one()
        assert decision.by_name == "Lead"
    answer = send(lead, "/review", f"/review/decisions/{decision.id}/undo")
    assert answer.url.path == f"/review/{stock.first}"
    assert "It is as it was before" in answer.text
    assert states(database) == [("open", "")] * 3
    assert lead.get("/review/change.patch").url.path == "/review"


def test_one_of_a_cluster_goes_on_to_the_next_of_it(lead: Visitor, stock: Stock, database: Engine) -> None:
    answer = send(lead, f"/review/{stock.first}", do="ignore", whole="")
    assert answer.url.path == f"/review/{stock.second}"
    assert [state for state, _ in states(database)] == ["ignored", "open", "open"]


@pytest.mark.parametrize(
    ("form", "values", "label"),
    [
        ("label", {"label": "login_error"}, "login_error"),
        ("label", {"label": "Wi-Fi problem"}, "wifi_problem"),
        ("faq", {"label": "faq/reset_password"}, "faq/reset_password"),
        ("new", {"name": "quux_blorped"}, "quux_blorped"),
        ("new", {"name": "Quux is blorped!"}, "quux_is_blorped"),
    ],
)
def test_what_was_meant(
    lead: Visitor, stock: Stock, database: Engine, form: str, values: dict[str, str], label: str
) -> None:
    send(lead, f"/review/{stock.alone}", do=form, **values)
    assert states(database)[2] == ("accepted", label)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"do": "accept"}, "Nothing suggests itself here"),
        ({"do": "label", "label": "no_such_thing"}, "Choose an intent of the list"),
        ({"do": "label", "label": ""}, "Choose an intent of the list"),
        ({"do": "new", "name": "🙂"}, "A name has 2 to 60"),
        ({"do": "new", "name": ""}, "A name has 2 to 60"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_typed(
    lead: Visitor, stock: Stock, database: Engine, values: dict[str, str], problem: str
) -> None:
    answer = send(lead, f"/review/{stock.alone}", **values)
    assert answer.status_code == 422
    assert problem in answer.text
    assert (values.get("label") or values.get("name") or "") in answer.text
    assert states(database)[2] == ("open", "")


def test_what_somebody_else_decided_meanwhile_stays(lead: Visitor, stock: Stock, database: Engine) -> None:
    page = f"/review/{stock.alone}"
    form = lead.form(lead.get(page), page)
    send(lead, page, do="ignore")
    answer = lead.post(page, data={**form.values, "do": "new", "name": "abc"})
    assert "decided already" in answer.text
    assert states(database)[2] == ("ignored", "")


def test_what_was_decided_is_decided_anew(lead: Visitor, stock: Stock, database: Engine) -> None:
    page = f"/review/{stock.alone}"
    send(lead, page, do="new", name="quux")
    answer = send(lead, page, do="reopen")
    assert "It is open again" in answer.text
    assert states(database)[2] == ("open", "")


def gap_of(engine: Engine) -> KnowledgeGap:
    with Session(engine, expire_on_commit=False) as session:
        return session.scalars(select(KnowledgeGap)).one()


def test_a_gap_is_accepted_and_taken_back(lead: Visitor, stock: Stock, database: Engine) -> None:
    page = f"/gaps/{stock.gap}"
    shown = lead.get("/gaps").text
    assert "up from 1 the month before" in shown
    assert "42 min" in shown
    assert "Ask at the gate house." in lead.get(page).text
    assert send(lead, page, do="faq", answer=" ").status_code == 422
    taken = send(lead, page, do="faq", title="Reset password")
    assert (taken.status_code, "has an entry of that name already" in taken.text) == (422, True)
    assert gap_of(database).state == "open"
    answer = send(lead, page, do="faq", title="Garage card", answer="Ask at the **gate**.")
    assert "Accepted. It is part of the change now." in answer.text
    assert (gap_of(database).state, gap_of(database).title) == ("accepted", "Garage card")
    assert "utter_faq/garage_card:" in lead.get("/review/change.patch").text
    send(lead, page, do="reopen")
    assert gap_of(database).state == "open"
    send(lead, page, do="dismiss")
    assert gap_of(database).state == "dismissed"
    assert "Garage card" not in lead.get("/gaps").text
