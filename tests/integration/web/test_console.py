"""The console's pages: what an agent may not do is not done, and nothing that was typed is lost."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.people.models import Role
from helpsage.tickets import followers, merge, placing, service, tags
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor
from helpsage.web.console import said
from tests.integration.portal.conftest import Browser, enter
from tests.integration.web.conftest import Desk
from tests.integration.web.test_queue import references
from tests.integration.web.visitor import Visitor

__all__ = ["enter"]

RAVI = Actor("agent", "Ravi Kumar")


@dataclass
class Teams:
    """An agent of the first of two teams, and the lead of both."""

    desk: Desk
    own: Team
    other: Team
    mina: Browser
    lead: Browser

    def ticket(self, team: Team, **given: object) -> Ticket:
        made = self.desk.ticket(**given)  # type: ignore[arg-type]
        self.desk.change(made, lambda session, found: placing.change_team(session, found, team.id, RAVI))
        return made


@pytest.fixture
def teams(database: Engine, desk: Desk, enter: Callable[..., Browser]) -> Teams:
    mina = enter("mina@desk.example", "Mina Okafor", Role.AGENT)
    lead = enter("lea@desk.example", "Lea Berg", Role.LEAD)
    with Session(database, expire_on_commit=False) as session, session.begin():
        home = Department(key="it", name="IT", widget_key="w-it", is_default=True)
        session.add(home)
        session.flush()
        own, other = (Team(department_id=home.id, key=key, name=key.title()) for key in ("network", "accounts"))
        session.add_all([own, other])
        session.flush()
        session.add(TeamMember(team_id=own.id, account_id=mina.account_id))
        return Teams(desk, own, other, mina, lead)


def alert(page_text: str, which: str) -> str:
    """The words of a form's problem."""
    return html.unescape(page_text.split(f'id="{which}-problem"')[1].split("</div>")[0])


@pytest.mark.parametrize(
    "query",
    [
        "since={today}&until={today}&tag=exam",
        "tag=Exam",
        "channel=email",
        "team={own}",
        "who={mina}",
        "department={department}&who=following",
        "since=nonsense&until=2026-02-30&tag=exam&sort=oldest",
    ],
)
def test_each_filter_finds_its_ticket(teams: Teams, query: str) -> None:
    wanted, _ = teams.ticket(teams.own, channel="email"), teams.ticket(teams.other)

    def mark(session: Session, found: Ticket) -> None:
        tags.change(session, found, RAVI, add=["exam"])
        placing.give(session, found, teams.mina.account_id, RAVI)
        followers.follow(session, found, teams.lead.account_id)

    teams.desk.change(wanted, mark)
    known = {
        "today": clock.now().date().isoformat(),
        "own": teams.own.id,
        "mina": teams.mina.account_id,
        "department": teams.own.department_id,
    }
    assert references(teams.lead.get("/agent?" + query.format(**known)).text) == [wanted.reference]


@pytest.mark.parametrize("query", ["since={tomorrow}", "until={yesterday}"])
def test_days_include_themselves_and_no_other(teams: Teams, query: str) -> None:
    teams.ticket(teams.own)
    today = clock.now().date()
    days = {"tomorrow": today + timedelta(days=1), "yesterday": today - timedelta(days=1)}
    assert references(teams.lead.get("/agent?" + query.format(**days)).text) == []


def test_an_agent_sees_and_takes_what_their_team_has(teams: Teams) -> None:
    own, theirs = teams.ticket(teams.own), teams.ticket(teams.other, priority="urgent")
    assert references(teams.mina.get("/agent?status=all").text) == [own.reference]
    assert references(teams.mina.get("/agent", params={"q": theirs.reference}).text) == []
    assert set(references(teams.lead.get("/agent").text)) == {own.reference, theirs.reference}
    queue = teams.mina.get("/agent")
    taken = teams.mina.submit(teams.mina.form(queue, "/agent/next"))
    assert taken.url.path.endswith(own.reference)
    nothing = teams.mina.submit(teams.mina.form(teams.mina.get("/agent"), "/agent/next"))
    assert said.NOTICES["no-next"] in nothing.text


def test_a_ticket_out_of_reach_is_no_target_and_is_not_listed(teams: Teams) -> None:
    own = teams.ticket(teams.own)
    theirs = teams.ticket(teams.other, subject="Salary of the dean", requester_id=own.requester_id)
    page = teams.mina.get(f"/agent/tickets/{own.reference}")
    assert "Salary of the dean" not in page.text
    refused = teams.mina.act(own.reference, "merge", into=theirs.reference)
    assert refused.status_code == 422
    assert f"There is no ticket {theirs.reference}." in alert(refused.text, "merge")
    assert teams.desk.now(own).merged_into_id is None
    bulk = teams.mina.form(teams.mina.get("/agent"), "/agent/bulk")
    outcome = teams.mina.submit(bulk, ticket=f"{theirs.reference}.2", kind="priority", priority="urgent")
    assert said.LEFT_PROBLEMS["not_found"] in outcome.text
    assert teams.desk.now(theirs).priority == "high"


def test_giving_a_ticket_out_of_ones_own_reach_says_where_it_went(teams: Teams) -> None:
    own = teams.ticket(teams.own)
    page = teams.mina.act(own.reference, "assign", team=str(teams.other.id))
    assert said.NOTICES["out-of-sight"] in page.text
    assert teams.desk.now(own).team_id == teams.other.id
    assert teams.mina.get(f"/agent/tickets/{own.reference}").status_code == 404


def test_only_leads_share_views_and_everybody_reads_them(teams: Teams) -> None:
    form = teams.mina.form(teams.mina.get("/agent?tag=exam"), "/agent/views")
    refused = teams.mina.submit(form, name="Exam <b>week", shared="1")
    assert said.VIEW_PROBLEMS["not_shared"] in refused.text
    assert "Exam &lt;b&gt;week" in refused.text, "what was typed is still there"
    form = teams.lead.form(teams.lead.get("/agent?tag=exam"), "/agent/views")
    assert teams.lead.submit(form, name="Exam week", shared="1").status_code == 200
    tagged = teams.ticket(teams.own)
    teams.desk.change(tagged, lambda session, found: tags.change(session, found, RAVI, add=["exam"]))
    hidden = teams.ticket(teams.other)
    teams.desk.change(hidden, lambda session, found: tags.change(session, found, RAVI, add=["exam"]))
    for browser, number in ((teams.mina, "1"), (teams.lead, "2")):
        counts = browser.get("/agent/views/counts").text
        shown = re.search(r'Exam week.*?class="count">(\d+)<', counts, re.DOTALL)
        assert shown is not None
        assert shown[1] == number
    [address] = re.findall(r"/agent/views/([0-9a-f-]{36})/remove", teams.lead.get("/agent").text)
    csrf = teams.mina.form(teams.mina.get("/agent"), "/agent/views").values["csrf"]
    assert teams.mina.post(f"/agent/views/{address}/remove", data={"csrf": csrf}).status_code == 403
    assert "Exam week" in teams.mina.get("/agent").text


def test_words_for_a_ticket_that_was_merged_meanwhile_are_still_there(agent: Visitor, desk: Desk) -> None:
    ticket, other = desk.ticket(), desk.ticket()
    form = agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), f"/agent/tickets/{ticket.reference}/reply")
    desk.change(ticket, lambda session, found: merge.merge(session, found, other, RAVI, other_person=True))
    refused = agent.submit(form, body="Typed <b>with care.")
    assert refused.status_code == 409
    assert other.reference in alert(refused.text, "reply")
    assert "Typed &lt;b&gt;with care.</textarea>" in refused.text
    assert desk.thread(ticket) == desk.thread(other) == []


@pytest.mark.parametrize(
    ("kind", "typed", "told"),
    [
        ("escalate", {"reason": " \u200b"}, said.NO_REASON),
        ("tags", {"add": "exam, " + "x" * 41}, said.TAG_PROBLEMS["too_long"]),
        ("tags", {"add": ",".join(f"tag {number}" for number in range(21))}, said.TAG_PROBLEMS["too_many"]),
        ("assign", {"assignee": "nonsense"}, said.UNKNOWN_PLACE),
        ("assign", {"team": "6f1f7b4e-0000-4000-8000-000000000000"}, said.UNKNOWN_PLACE),
        ("category", {"to": "nonsense"}, said.UNKNOWN_CATEGORY),
        ("merge", {"into": "HS-999999"}, said.NO_SUCH_TICKET.format(written="HS-999999")),
    ],
)
def test_what_cannot_be_is_told_beside_its_form(
    agent: Visitor, desk: Desk, kind: str, typed: dict[str, str], told: str
) -> None:
    ticket = desk.ticket()
    before = desk.now(ticket).version
    action = f"/agent/tickets/{ticket.reference}/{kind}"
    # The forms of teams are there only when there are teams: any form of the page carries what all of them need.
    form = agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), f"/agent/tickets/{ticket.reference}/tags")
    refused = agent.post(action, data={**form.values, "add": "", **typed})
    assert refused.status_code == 422
    assert told in alert(refused.text, kind)
    assert desk.now(ticket).version == before
    if kind in ("tags", "merge"):
        assert next(iter(typed.values())) in html.unescape(refused.text), "what was typed is still there"


def test_an_answer_that_is_no_date_is_told_beside_its_field(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket(details={"amount": "450"})
    refused = agent.act(ticket.reference, "details", **{"detail.payment_date": "tomorrow", "detail.amount": "900"})
    assert refused.status_code == 422
    assert said.DETAIL_PROBLEMS["no_date"] in refused.text
    again = agent.form(refused, f"/agent/tickets/{ticket.reference}/details").values
    assert (again["detail.payment_date"], again["detail.amount"]) == ("tomorrow", "900")
    assert desk.now(ticket).details == {"amount": "450"}
    facts = refused.text.split('id="facts"')[1].split("</section>")[0]
    assert "450" in facts, "what was refused is no fact"
    assert "900" not in facts


@pytest.mark.parametrize("kind", ["assign", "category", "details", "escalate", "merge", "split", "reply"])
def test_no_form_overwrites_what_its_writer_has_not_seen(
    agent: Visitor, desk: Desk, enter: Callable[..., Browser], kind: str
) -> None:
    colleague = enter("ravi@desk.example", "Ravi Kumar", Role.AGENT)
    ticket = desk.ticket(details={"amount": "450"})
    other = desk.ticket(requester_id=ticket.requester_id)
    desk.change(ticket, lambda session, found: service.comment(session, found, "Also the door", Actor("requester")))
    with Session(desk.engine) as session:
        [entry] = service.thread(session, ticket)
    typed = {
        "assign": {"assignee": str(colleague.account_id)},
        "category": {"to": "printer_problem"},
        "details": {"detail.amount": "900"},
        "escalate": {"reason": "The dean asks"},
        "merge": {"into": other.reference},
        "split": {"entry": str(entry.id), "subject": "The door"},
        "reply": {"body": "Hello"},
    }[kind]
    action = f"/agent/tickets/{ticket.reference}/{kind}"
    form = agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), action)
    desk.change(ticket, lambda session, found: service.change_priority(session, found, "urgent", RAVI))
    before = desk.now(ticket).version
    refused = agent.submit(form, **typed)
    assert refused.status_code == 409
    assert "Ravi Kumar" in alert(refused.text, kind)
    assert desk.now(ticket).version == before
    assert desk.now(other).version == 1


def test_a_canned_reply_comes_filled_in(teams: Teams) -> None:
    ticket = teams.ticket(teams.own)
    address = f"/agent/tickets/{ticket.reference}/canned"
    text = teams.mina.get(f"{address}/looking_into_it").text
    assert text.startswith("Hello Asha,")
    assert ticket.reference in text
    assert text.rstrip().endswith("Mina Okafor")
    assert teams.mina.get(f"{address}/nonsense").status_code == 404
