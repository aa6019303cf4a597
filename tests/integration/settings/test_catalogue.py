"""Categories, questions, the menu, priorities and replies are changed on the pages."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.configuration import canned_replies
from helpsage.configuration.documents import CATEGORIES
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.people import accounts
from helpsage.people.models import Role
from helpsage.tickets import categories, priority
from tests.integration.settings.conftest import Administrator

CATEGORY = "/settings/categories/wifi_problem"
LOST = {"title": "Lost property", "group": "campus", "team": "hostel office", "priority": "low"}


def eventually(found: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not found() and time.monotonic() < deadline:
        time.sleep(0.01)
    return found()


def kept(engine: Engine) -> dict[str, dict[str, dict[str, object]]]:
    with Session(engine) as session:
        return CATEGORIES.read(session)


def test_a_new_category_is_known_everywhere_within_seconds(ada: Administrator) -> None:
    page = ada.change("/settings/categories/new", **LOST, questions=["item", "place", ""])
    assert page.status_code == 200
    assert page.url.path == "/settings/categories/lost_property"
    assert "No intent leads here" in page.text
    assert eventually(lambda: "lost_property" in categories.load())
    made = categories.load()["lost_property"]
    assert [question.name for question in made.questions] == ["item", "place"]
    assert priority.decide("I lost my scarf", "lost_property") == ("low", "usual for Lost property")


def test_the_page_says_what_training_is_missing(ada: Administrator) -> None:
    page = ada.change(CATEGORY, intents="wifi_problem, wifi_dropping", questions=["place"])
    assert page.status_code == 200
    assert "knows no intent “wifi_dropping”" in page.text
    assert re.search(r"“wifi_problem”: \d+ examples", page.text)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 61}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"group": "nowhere"}, "group"),
        ({"team": ""}, "team"),
        ({"questions": ["place", "place"]}, "questions"),
        ({"questions": ["no_such_question"]}, "questions"),
        ({"intents": "vpn_problem"}, "intents"),
        ({"intents": "<script>alert(1)</script>"}, "intents"),
        ({"faqs": "vpn_setup"}, "faqs"),
    ],
)
def test_an_invalid_category_is_refused_beside_its_field(
    ada: Administrator, with_departments: Engine, changes: dict[str, object], field: str
) -> None:
    before = kept(with_departments)
    page = ada.change(CATEGORY, **{"title": "Typed <i>words</i>", "questions": ["place"], **changes})
    assert page.status_code == 422
    assert f'id="{field}-problem"' in page.text
    if field != "title":
        assert "Typed &lt;i&gt;words&lt;/i&gt;" in page.text
    assert "<script>alert(1)</script>" not in page.text
    assert kept(with_departments) == before


def test_an_unknown_priority_is_refused(ada: Administrator, with_departments: Engine) -> None:
    before = kept(with_departments)
    assert ada.change(CATEGORY, priority="yesterday", questions=["place"]).status_code == 422
    assert kept(with_departments) == before


def test_what_the_page_does_not_show_stays_and_what_it_shows_changes(
    ada: Administrator, with_departments: Engine
) -> None:
    ada.change("/settings/categories/access_request", title="Access", shared="1")
    changed = kept(with_departments)["categories"]["access_request"]
    assert (changed["acknowledge"], changed["shared"]) == ("utter_acknowledge_other", True)
    ada.change(CATEGORY, title="Wireless")
    assert kept(with_departments)["categories"]["wifi_problem"]["shared"] is True, "ticked, and sent so"


def test_two_who_change_different_categories_do_not_stand_in_each_others_way(ada: Administrator) -> None:
    wifi = ada.form(ada.get(CATEGORY), CATEGORY)
    ada.change("/settings/categories/vpn_problem", title="VPN")
    assert ada.submit(wifi, title="Wireless").status_code == 200


def test_two_who_change_the_same_category_are_told(ada: Administrator, with_departments: Engine) -> None:
    mine = ada.form(ada.get(CATEGORY), CATEGORY)
    ada.change(CATEGORY, title="Wireless")
    page = ada.submit(mine, title="Radio")
    assert page.status_code == 409
    assert "Radio" in page.text
    assert kept(with_departments)["categories"]["wifi_problem"]["title"] == "Wireless"


def test_removing_and_bringing_back(ada: Administrator, with_departments: Engine) -> None:
    ada.change("/settings/categories/new", **LOST)
    page = ada.change("/settings/categories/lost_property", "/settings/categories/lost_property/remove")
    assert "lost_property" not in kept(with_departments)["categories"]
    undo = re.search(r'action="(/settings/history/\d+)"', page.text)
    assert undo is not None
    ada.submit(ada.form(page, undo[1]))
    assert "lost_property" in kept(with_departments)["categories"]


@pytest.mark.parametrize("name", ["general_issue", "person_request", "bug_report"])
def test_what_is_needed_cannot_be_removed(ada: Administrator, with_departments: Engine, name: str) -> None:
    page = ada.change(f"/settings/categories/{name}", f"/settings/categories/{name}/remove")
    assert page.status_code == 422
    assert name in kept(with_departments)["categories"]


def test_a_question_in_ones_own_words(ada: Administrator, with_departments: Engine) -> None:
    page = ada.change(
        "/settings/questions/new",
        label="Colour of the bag",
        kind="choice",
        ask="What colour is it?",
        help="Please choose one.",
        choices="Red\nblue | Blue | navy, azure\n",
    )
    assert page.status_code == 200
    question = kept(with_departments)["questions"]["colour_of_the_bag"]
    assert question["choices"] == [
        {"value": "red", "title": "Red", "words": []},
        {"value": "blue", "title": "Blue", "words": ["navy", "azure"]},
    ]
    again = ada.change("/settings/questions/colour_of_the_bag")
    assert "Nothing was different" in again.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": ""}, "label"),
        ({"ask": ""}, "ask"),
        ({"ask": "x" * 501}, "ask"),
        ({"ask": "utter_no_such_thing"}, "ask"),
        ({"help": "utter_no_such_thing"}, "help"),
        ({"kind": "choice", "choices": ""}, "choices"),
        ({"kind": "text", "choices": "Red"}, "choices"),
        ({"kind": "choice", "choices": "a | A\na | B"}, "choices"),
        ({"kind": "choice", "choices": "a | " + "x" * 61}, "choices"),
        ({"kind": "choice", "choices": "\n".join(f"Answer {i}" for i in range(21))}, "choices"),
    ],
)
def test_an_invalid_question_is_refused_beside_its_field(
    ada: Administrator, changes: dict[str, str], field: str
) -> None:
    given = {"label": "Bag", "kind": "text", "ask": "Which?", "help": "Say which.", **changes}
    page = ada.change("/settings/questions/new", **given)
    assert page.status_code == 422
    assert f'id="{field}-problem"' in page.text


def test_a_question_that_is_asked_stays(ada: Administrator, with_departments: Engine) -> None:
    page = ada.change("/settings/questions/place", "/settings/questions/place/remove")
    assert page.status_code == 422
    assert "Wi-Fi problem" in page.text
    assert "place" in kept(with_departments)["questions"]


def test_a_part_of_the_menu(ada: Administrator, with_departments: Engine) -> None:
    page = ada.change(
        "/settings/groups/new", title="Lost & found", acknowledge="Let us find it.", otherwise="general_issue"
    )
    assert page.status_code == 200
    assert list(kept(with_departments)["groups"])[-1] == "lost_found"
    assert ada.change("/settings/groups/network", "/settings/groups/network/remove").status_code == 422
    assert ada.change("/settings/groups/lost_found", "/settings/groups/lost_found/remove").status_code == 200


# --- priorities


def test_trying_a_text_says_what_and_why(ada: Administrator) -> None:
    page = ada.get("/settings/priorities", params={"text": "there is smoke", "category": "printer_problem"})
    assert re.search(r'is-urgent">Urgent</span> <span>because of <bdi>the words &#34;smoke&#34;', page.text)
    calm = ada.get("/settings/priorities", params={"text": "it jams", "urgency": "whenever you can"})
    assert 'is-low">Low' in calm.text
    assert ada.get("/settings/priorities", params={"text": "<script>alert(1)</script>"}).status_code == 200


def test_new_words_count_at_once(ada: Administrator) -> None:
    page = ada.change("/settings/priorities", urgent="smoke\nStairwell  \n\nsmoke", keep_when_calm="smoke")
    assert page.status_code == 200
    tried = ada.get("/settings/priorities", params={"text": "water in the STAIRWELL"})
    assert 'is-urgent">Urgent' in tried.text
    assert eventually(lambda: priority.decide("water in the stairwell", "x")[0] == "urgent")


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("urgent", "smoke\n*"),
        ("high", "x" * 81),
        ("calm", "!!"),
        ("keep_when_calm", "never mentioned"),
        ("reach", "far"),
    ],
)
def test_words_that_cannot_be_used_are_refused(ada: Administrator, field: str, typed: str) -> None:
    page = ada.change("/settings/priorities", **{"keep_when_calm": "", field: typed})
    assert page.status_code == 422
    if field != "reach":
        assert f'id="{field}-problem"' in page.text
    assert typed[:20].strip() in page.text


# --- replies


def test_a_reply_is_made_changed_and_removed(ada: Administrator) -> None:
    page = ada.change("/settings/replies/new", title="Bag found", text="Hello {{requester.first_name}}, we have it.")
    assert page.url.path == "/settings/replies/bag_found"
    assert eventually(lambda: "bag_found" in {reply.key for reply in canned_replies.available()})
    ada.change("/settings/replies/bag_found", text="Hello, we have it.")
    assert eventually(lambda: "Hello, we have it." in {reply.text for reply in canned_replies.available()})
    ada.change("/settings/replies/bag_found", "/settings/replies/bag_found/remove")
    assert eventually(lambda: "bag_found" not in {reply.key for reply in canned_replies.available()})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"text": ""}, "text"),
        ({"text": "x" * 5_001}, "text"),
        ({"text": "Your password is {{requester.password}}"}, "text"),
        ({"department": "nowhere"}, "department"),
    ],
)
def test_an_invalid_reply_is_refused_beside_its_field(ada: Administrator, changes: dict[str, str], field: str) -> None:
    page = ada.change("/settings/replies/new", **{"title": "T", "text": "Typed", **changes})
    assert page.status_code == 422
    assert f'id="{field}-problem"' in page.text


def test_a_lead_keeps_the_replies_of_their_department_only(
    log_in: Callable[..., Administrator], with_departments: Engine
) -> None:
    lead = log_in(Role.LEAD, "leo@desk.example", "Leo")
    with Session(with_departments) as session, session.begin():
        other = Department(key="finance", name="Finance", widget_key="finance-desk")
        session.add(other)
        session.flush()
        team = Team(department_id=other.id, name="Cash", key="cash")
        session.add(team)
        session.flush()
        account = accounts.by_email(session, "leo@desk.example")
        assert account is not None
        session.add(TeamMember(team_id=team.id, account_id=account.id))
    assert lead.change("/settings/replies/new", title="Cash", text="Hello", department="finance").status_code == 200
    for department in ("", "help-desk"):
        page = lead.change("/settings/replies/new", title="Mine", text="Hello", department=department)
        assert page.status_code == 422
    form = lead.form(lead.get("/settings/replies/looking_into_it"), "/settings/replies/looking_into_it")
    assert lead.submit(form, text="Mine now", department="finance").status_code == 422
    assert lead.get("/settings").url.path == "/settings/replies"
    for closed in ("/settings/departments", "/settings/people", "/settings/categories", "/settings/history"):
        assert lead.get(closed).status_code == 403


def test_agents_and_visitors_stay_outside(log_in: Callable[..., Administrator], visitor_page: Administrator) -> None:
    agent = log_in(Role.AGENT, "agnes@desk.example", "Agnes")
    for path in ("/settings", "/settings/replies", "/settings/departments/new", "/settings/people/invite"):
        assert agent.get(path).status_code == 403
        assert visitor_page.get(path).url.path == "/login"
