"""No form counts that another site sends in somebody's name: none of all there are."""

from __future__ import annotations

import re

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.people import accounts
from helpsage.people.models import Role
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.declarations import DECLARED, Need
from tests.integration.web.visitor import Visitor

#: For every part of a path: no such thing is needed, a foreign form is refused before anything is looked up.
ANYTHING = "00000000-0000-4000-8000-000000000000"
#: For these no login counts, so there is nobody in whose name another site could send: what opens them is the secret or
#: the link in the request itself, or they are open to everybody.
NO_LOGIN_COUNTS = {"/form/{key}", "/in/form/{key}", "/in/chat/{key}", "/unsubscribe/{token}", "/rate/{token}"}


def test_no_route_takes_a_form_without_our_token(visitor: Visitor, database: Engine) -> None:
    with Session(database) as session, session.begin():
        account = accounts.create(session, "olivia@desk.example", "Olivia Grant", PASSWORD, Role.ADMINISTRATOR)
        visitor.cookies.set("helpsage_session", accounts.open_session(session, account))
    visitor.follow_redirects = False
    posts = {route.partition(" ")[2]: need for route, need in DECLARED.items() if route.startswith("POST ")}
    paths = [path for path, need in posts.items() if need is not Need.TOKEN and path not in NO_LOGIN_COUNTS]
    assert len(paths) > 50
    answers = {path: visitor.post(re.sub(r"\{[^}]+\}", ANYTHING, path), data={"csrf": "guessed"}) for path in paths}
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 403} == {}
