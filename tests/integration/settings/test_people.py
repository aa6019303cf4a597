"""Teams and people, the history of it all, and the channels' page."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.departments import service as departments
from helpsage.departments.models import Team, TeamMember
from helpsage.people import accounts, invitations
from helpsage.people.models import Account, Role
from tests.integration.settings.conftest import ADA, Administrator
from tests.integration.web.conftest import make_account

BO = "bo@desk.example"
#: The id of no team and no person.
NOBODY = "00000000-0000-4000-8000-000000000000"


def account(engine: Engine, email: str) -> Account:
    with Session(engine, expire_on_commit=False) as session:
        found = accounts.by_email(session, email)
        assert found is not None
        return found


def teams_of(engine: Engine, account_id: UUID) -> set[str]:
    with Session(engine) as session:
        asked = select(Team.name).join(TeamMember, TeamMember.team_id == Team.id)
        return set(session.scalars(asked.where(TeamMember.account_id == account_id)))


def team(engine: Engine, key: str) -> Team:
    with Session(engine, expire_on_commit=False) as session:
        return next(one for one in departments.teams(session, archived=True) if one.key == key)


@pytest.fixture
def bo(ada: Administrator, with_departments: Engine) -> Account:
    make_account(with_departments, BO, "Bo", Role.AGENT)
    return account(with_departments, BO)


def test_a_team_is_made_and_people_join_it(ada: Administrator, bo: Account, with_departments: Engine) -> None:
    department = str(team(with_departments, "library").department_id)
    page = ada.change("/settings/teams/new", name="Night shift", department=department, members=[str(bo.id)])
    assert page.status_code == 200
    assert teams_of(with_departments, bo.id) == {"Night shift"}
    address = page.url.path
    ada.change(address, name="Late shift", members=[])
    assert teams_of(with_departments, bo.id) == set()
    assert team(with_departments, "night shift").name == "Late shift"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "LIBRARY"}, "name"),
        ({"department": ""}, "department"),
        ({"department": str(uuid4())}, "department"),
        ({"department": "' or 1=1"}, "department"),
        ({"members": ["nobody"]}, "members"),
    ],
)
def test_an_invalid_team_is_refused_beside_its_field(
    ada: Administrator, with_departments: Engine, changes: dict[str, object], field: str
) -> None:
    department = str(team(with_departments, "library").department_id)
    page = ada.change("/settings/teams/new", **{"name": "Night shift", "department": department, **changes})
    assert page.status_code == 422
    assert f'id="{field}-problem"' in page.text


def test_requesters_cannot_be_put_into_a_team(ada: Administrator, with_departments: Engine) -> None:
    make_account(with_departments, "req@desk.example", "Req", Role.REQUESTER)
    someone = account(with_departments, "req@desk.example")
    library = team(with_departments, "library")
    ada.change(f"/settings/teams/{library.id}", members=[str(someone.id)])
    assert teams_of(with_departments, someone.id) == set()


def test_a_role_is_changed_and_undone(ada: Administrator, bo: Account, with_departments: Engine) -> None:
    library = team(with_departments, "library")
    page = ada.change(f"/settings/people/{bo.id}", role="lead", teams=[str(library.id)])
    assert account(with_departments, BO).role == "lead"
    assert teams_of(with_departments, bo.id) == {"Library"}
    undo = re.search(r'action="(/settings/history/\d+)"', page.text)
    assert undo is not None
    ada.submit(ada.form(page, undo[1]))
    assert account(with_departments, BO).role == "agent"
    assert teams_of(with_departments, bo.id) == set()


def test_who_is_switched_off_is_out_at_once(
    ada: Administrator, log_in: Callable[..., Administrator], with_departments: Engine
) -> None:
    agent = log_in(Role.AGENT, BO, "Bo")
    assert agent.get("/agent").status_code == 200
    ada.change(f"/settings/people/{account(with_departments, BO).id}", disabled="1")
    assert agent.get("/agent").url.path == "/login"


def test_nobody_shuts_themselves_or_everybody_out(
    ada: Administrator, log_in: Callable[..., Administrator], with_departments: Engine
) -> None:
    myself = f"/settings/people/{account(with_departments, ADA).id}"
    assert ada.change(myself, role="agent").status_code == 422
    assert ada.change(myself, disabled="1").status_code == 422
    other = log_in(Role.ADMINISTRATOR, BO, "Bo")
    form = other.form(other.get(myself), myself)
    assert ada.change(f"/settings/people/{account(with_departments, BO).id}", role="agent").status_code == 200
    assert other.submit(form, role="agent").status_code == 403
    assert account(with_departments, ADA).role == "administrator"


def test_the_last_administrator_stays(with_departments: Engine) -> None:
    from helpsage.configuration import service as configuration
    from helpsage.configuration.service import InvalidContent, Who
    from helpsage.configuration.staff import AccountDocument

    make_account(with_departments, ADA, "Ada", Role.ADMINISTRATOR)
    document = AccountDocument(account(with_departments, ADA).id)
    for content in (
        {"role": "agent", "disabled": False, "teams": []},
        {"role": "administrator", "disabled": True, "teams": []},
    ):
        with Session(with_departments) as session, pytest.raises(InvalidContent):
            configuration.save(session, document, content, Who(name="x"), "")


@pytest.mark.parametrize(
    "changes", [{"role": "emperor"}, {"teams": ["nonsense"]}, {"role": "requester", "teams": "one"}]
)
def test_an_invalid_account_is_refused(
    ada: Administrator, bo: Account, with_departments: Engine, changes: dict[str, object]
) -> None:
    if changes.get("teams") == "one":
        changes = {**changes, "teams": [str(team(with_departments, "library").id)]}
    assert ada.change(f"/settings/people/{bo.id}", **changes).status_code == 422
    assert account(with_departments, BO).role == "agent"


def test_people_are_found(ada: Administrator, bo: Account) -> None:
    assert BO in ada.get("/settings/people").text
    assert BO in ada.get("/settings/people", params={"q": "BO@"}).text
    assert "Nobody fits" in ada.get("/settings/people", params={"q": "100%_no"}).text
    assert BO not in ada.get("/settings/people", params={"role": "administrator"}).text
    assert ada.get("/settings/people", params={"q": "\x00", "role": "nonsense"}).status_code == 200


def test_an_invitation_is_sent_and_withdrawn(ada: Administrator, with_departments: Engine) -> None:
    library = team(with_departments, "library")
    page = ada.change("/settings/people/invite", email="new@desk.example", role="lead", teams=[str(library.id)])
    assert "The invitation to <bdi>new@desk.example</bdi> is on its way" in page.text
    with Session(with_departments) as session:
        waiting = invitations.waiting(session)
    assert [(one.email, one.role.value, one.team_ids) for one in waiting] == [
        ("new@desk.example", "lead", (library.id,))
    ]
    withdraw = f"/settings/people/invitations/{waiting[0].id}/withdraw"
    ada.submit(ada.form(page, withdraw))
    ada.submit(ada.form(page, withdraw))  # a second click changes nothing
    with Session(with_departments) as session:
        assert invitations.waiting(session) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b.example\nBcc: x@y.example"}, "email"),
        ({"email": ADA}, "email"),
        ({"role": "emperor"}, "role"),
        ({"teams": ["x"]}, "teams"),
    ],
)
def test_an_invalid_invitation_is_refused_beside_its_field(
    ada: Administrator, changes: dict[str, object], field: str
) -> None:
    page = ada.change("/settings/people/invite", **{"email": "new@desk.example", "name": "Typed", **changes})
    assert page.status_code == 422
    assert f'id="{field}-problem"' in page.text
    assert 'value="Typed"' in page.text


# --- history


def test_everything_stands_in_the_history_with_who(ada: Administrator) -> None:
    ada.change("/settings/categories/wifi_problem", title="Wireless <b>x</b>", questions=["place"])
    page = ada.get("/settings/history").text
    assert "Changed the category Wireless &lt;b&gt;x&lt;/b&gt;" in page
    assert "Ada Lovelace" in page
    assert "categories › wifi_problem › title" in page


def test_going_back_to_an_earlier_state(ada: Administrator) -> None:
    address = "/settings/categories/wifi_problem"
    for title in ("First", "Second", "Third"):
        ada.change(address, title=title)
    page = ada.get("/settings/history?document=categories")
    numbers = re.findall(r'action="(/settings/history/\d+)"', page.text)
    ada.submit(ada.form(page, numbers[2]))
    assert 'value="First"' in ada.get(address).text


@pytest.mark.parametrize("path", ["/settings/history?document=nonsense", "/settings/history?document=team:nonsense"])
def test_an_unknown_history_is_not_found(ada: Administrator, path: str) -> None:
    assert ada.get(path).status_code == 404


def test_a_change_that_is_not_there_cannot_be_undone(ada: Administrator) -> None:
    form = ada.form(ada.get("/settings/categories/wifi_problem"), "/settings/categories/wifi_problem")
    for number in ("999999", "0", "nonsense"):
        answer = ada.post(f"/settings/history/{number}", data={"csrf": form.values["csrf"], "to": "before"})
        assert answer.status_code in (400, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/settings/departments/new", "/settings/teams/new", "/settings/categories/new", "/settings/questions/new",
        "/settings/groups/new", "/settings/replies/new", "/settings/priorities", "/settings/people/invite",
    ],
)  # fmt: skip
def test_a_form_from_elsewhere_is_refused(ada: Administrator, path: str) -> None:
    assert ada.post(path, data={"name": "x"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/settings/departments/nowhere", f"/settings/teams/{NOBODY}", "/settings/categories/nowhere",
        "/settings/questions/nowhere", "/settings/groups/nowhere", "/settings/replies/nowhere",
        f"/settings/people/{NOBODY}",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(ada: Administrator, path: str) -> None:
    assert ada.get(path).status_code == 404


def test_the_channels_page_says_what_is_down(ada: Administrator) -> None:
    page = ada.get("/settings/channels")
    assert page.status_code == 200
    assert "Website chat" in page.text
    assert ">Down<" in page.text  # nobody listens where the assistant should be
    assert "none yet" in page.text
