"""Invited to work here: a letter, a link, a password of one's own, role and teams as offered."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.people import accounts, invitations, log, permissions
from helpsage.people.errors import AccountExists, InvalidEmail, LinkUnknown
from helpsage.people.models import Account, Role
from helpsage.people.permissions import Forbidden, Viewer
from helpsage.web.accounts import words
from tests.integration.web.accounts.conftest import ASHA, Mailbox
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor

PRIYA = "priya@desk.example"


@pytest.fixture
def team(database: Engine) -> UUID:
    with Session(database) as session, session.begin():
        department = Department(key="it", name="IT", widget_key="w-it", is_default=True)
        session.add(department)
        session.flush()
        team = Team(department_id=department.id, name="Network", key="network")
        session.add(team)
        session.flush()
        return team.id


def invite(engine: Engine, **given: object) -> invitations.Invitation:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        return invitations.invite(session, **{"email": PRIYA, "name": "Priya", **given})  # type: ignore[arg-type]


def accept(browser: Visitor, mailbox: Mailbox, **typed: str):  # type: ignore[no-untyped-def]
    form = browser.form(browser.get(mailbox.link(PRIYA)), "/invitation")
    return browser.submit(form, **{"password": PASSWORD, **typed})


def test_accepted(visitor: Visitor, database: Engine, mailbox: Mailbox, team: UUID) -> None:
    invite(database, role=Role.LEAD, team_ids=[team])
    letter = mailbox.newest(PRIYA)
    assert "a lead" in letter.text
    assert accept(visitor, mailbox, name="Priya Raman").url.path == "/agent"
    with Session(database) as session:
        made = accounts.by_email(session, PRIYA)
        assert made is not None
        assert (made.role, made.person.name, made.person.email) == ("lead", "Priya Raman", PRIYA)
        assert list(session.scalars(select(TeamMember.team_id).where(TeamMember.account_id == made.id))) == [team]
        assert [line.action for line in log.of_account(session, made.id)] == ["invited", "registered"]


def test_the_link_works_once_and_grows_old(visitor: Visitor, database: Engine, mailbox: Mailbox) -> None:
    invite(database)
    link = mailbox.link(PRIYA)
    with clock.frozen(clock.now() + timedelta(days=7, minutes=1)):
        assert visitor.get(link).status_code == 410
    accept(visitor, mailbox)
    assert visitor.get(link).status_code == 410


def test_a_poor_password_leaves_it_good(visitor: Visitor, database: Engine, mailbox: Mailbox) -> None:
    invite(database)
    page = accept(visitor, mailbox, name="", password="short")
    assert page.status_code == 422
    for field in ("name", "password"):
        assert f'id="{field}-problem"' in page.text
    assert accept(visitor, mailbox).url.path == "/agent"


def test_a_second_invitation_takes_the_place_of_the_first(visitor: Visitor, database: Engine, mailbox: Mailbox) -> None:
    invite(database)
    first = mailbox.link(PRIYA)
    invite(database, role=Role.ADMINISTRATOR)
    assert visitor.get(first).status_code == 404
    with Session(database) as session:
        assert [one.role for one in invitations.waiting(session)] == ["administrator"]


def test_withdrawn(visitor: Visitor, database: Engine, mailbox: Mailbox) -> None:
    offered = invite(database)
    with Session(database) as session, session.begin():
        invitations.withdraw(session, offered.id)
    assert visitor.get(mailbox.link(PRIYA)).status_code == 404
    with Session(database) as session, pytest.raises(LinkUnknown):
        invitations.withdraw(session, offered.id)


def test_whoever_has_an_account_is_not_invited(database: Engine, make: Callable[..., Account]) -> None:
    make()
    with pytest.raises(AccountExists):
        invite(database, email=ASHA)


def test_an_account_made_in_the_meantime(
    visitor: Visitor, database: Engine, mailbox: Mailbox, make: Callable[..., Account]
) -> None:
    invite(database)
    make(PRIYA, "Priya")
    page = accept(visitor, mailbox)
    assert page.status_code == 409
    assert words.EMAIL_TAKEN in html.unescape(page.text)
    with Session(database) as session:
        made = accounts.by_email(session, PRIYA)
        assert made is not None
        assert made.role == "requester"


@pytest.mark.parametrize("role", [Role.REQUESTER, Role.AGENT, Role.LEAD])
def test_only_administrators_invite(database: Engine, make: Callable[..., Account], role: Role) -> None:
    made = make(role=role)
    with pytest.raises(Forbidden):
        invite(database, inviter=Viewer(made.id, made.person_id, role))


def test_no_address(database: Engine) -> None:
    with pytest.raises(InvalidEmail):
        invite(database, email="priya")


def test_who_invited_is_written_down(
    visitor: Visitor, database: Engine, mailbox: Mailbox, make: Callable[..., Account]
) -> None:
    boss = make("boss@desk.example", "The Boss", Role.ADMINISTRATOR)
    invite(database, inviter=Viewer(boss.id, boss.person_id, Role.ADMINISTRATOR, name="The Boss"))
    assert "The Boss invites you" in mailbox.newest(PRIYA).subject
    accept(visitor, mailbox)
    with Session(database) as session:
        made = accounts.by_email(session, PRIYA)
        assert made is not None
        assert log.of_account(session, made.id)[0].actor_id == boss.id


@pytest.mark.parametrize("how", ["switched off", "another role"])
def test_it_ends_with_the_rights_of_whoever_sent_it(
    visitor: Visitor, database: Engine, mailbox: Mailbox, make: Callable[..., Account], how: str
) -> None:
    """Nobody keeps a way back in by inviting themselves before they leave."""
    olivia = make("olivia@desk.example", "Olivia", Role.ADMINISTRATOR)
    with Session(database) as session:
        inviter = permissions.viewer_of(session, session.get_one(Account, olivia.id))
    invite(database, inviter=inviter)
    with Session(database) as session, session.begin():
        account = session.get_one(Account, olivia.id)
        if how == "switched off":
            accounts.disable(session, account)
        else:
            account.role = Role.AGENT.value
    assert visitor.get(mailbox.link(PRIYA)).status_code == 404
