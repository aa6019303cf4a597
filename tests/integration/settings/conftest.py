"""An administrator's browser before the running web program, with a default department."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.departments import service as departments
from helpsage.people.models import Role
from tests.integration.web.conftest import PASSWORD, database, make_account, web_url
from tests.integration.web.visitor import Visitor

__all__ = ["database", "web_url"]

ADA = "ada@desk.example"


class Administrator(Visitor):
    """A browser that opens a settings page, changes what it shows, and sends it."""

    def change(self, address: str, action: str = "", files: Any = None, **values: Any) -> httpx.Response:
        """Send a form of the page at `address` with something changed; lists are sent as they are."""
        form = self.form(self.get(address), action or address)
        return self.post(form.action, data={**form.values, **values}, files=files)


@pytest.fixture
def with_departments(database: Engine) -> Engine:
    """The database as `./sage up` leaves it."""
    with Session(database) as session, session.begin():
        departments.ensure_defaults(session)
    return database


@pytest.fixture
def log_in(web_url: str, with_departments: Engine) -> Iterator[Callable[..., Administrator]]:
    """Make an account and log it in."""
    browsers: list[Administrator] = []

    def logged_in(role: Role = Role.ADMINISTRATOR, email: str = ADA, name: str = "Ada Lovelace") -> Administrator:
        make_account(with_departments, email, name, role)
        browser = Administrator(web_url)
        browsers.append(browser)
        assert browser.log_in(email, PASSWORD).status_code == 200
        return browser

    yield logged_in
    for browser in browsers:
        browser.close()


@pytest.fixture
def ada(log_in: Callable[..., Administrator]) -> Administrator:
    """An administrator."""
    return log_in()


@pytest.fixture
def visitor_page(web_url: str, with_departments: Engine) -> Iterator[Visitor]:
    """A browser that is not logged in."""
    with Visitor(web_url) as browser:
        yield browser
