"""Letters as their readers open them, codes as their app shows them, puzzles solved by one who knows the secret."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass

import pyotp
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.mail.models import Mail
from helpsage.people import accounts, two_factor
from helpsage.people.models import Account, Role
from helpsage.people.two_factor import STEP_S
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor

ASHA = "asha@student.example"


@dataclass
class Mailbox:
    """Everything that was sent to anyone."""

    engine: Engine

    def letters(self, to: str) -> list[Mail]:
        """To one address, in order."""
        with Session(self.engine) as session:
            asked = select(Mail).where(Mail.recipient == to).order_by(Mail.created_at, Mail.id)
            return list(session.scalars(asked))

    def has(self, to: str, subject: str) -> bool:
        """Whether a letter with these words in its subject went to an address. Letters of one moment have no order."""
        return any(subject in letter.subject for letter in self.letters(to))

    def newest(self, to: str) -> Mail:
        """The last one."""
        return self.letters(to)[-1]

    def link(self, to: str) -> str:
        """Path and token of the link in the last letter that has one."""
        for letter in reversed(self.letters(to)):
            found = re.search(r"https?://[^/\s]+(/\S+token=\S+)", letter.text)
            if found:
                return found.group(1)
        raise AssertionError(f"no link for {to}")


@pytest.fixture
def mailbox(database: Engine) -> Mailbox:
    """What was sent."""
    return Mailbox(database)


@pytest.fixture
def make(database: Engine) -> Callable[..., Account]:
    """Make accounts with the test's password."""

    def made(email: str = ASHA, name: str = "Asha Patel", role: Role = Role.REQUESTER) -> Account:
        with Session(database, expire_on_commit=False) as session, session.begin():
            return accounts.create(session, email, name, PASSWORD, role)

    return made


@pytest.fixture
def asha(visitor: Visitor, make: Callable[..., Account]) -> Visitor:
    """A requester's browser, logged in."""
    make()
    assert visitor.log_in(ASHA, PASSWORD).status_code == 200
    return visitor


class App:
    """An authenticator app. Each code comes from a later step than the one before, as if one had waited for it."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._made = pyotp.TOTP(secret)
        self._offsets = itertools.chain((-1, 0, 1))

    def code(self, offset: int | None = None) -> str:
        """The code of a step near the present one."""
        step = int(clock.now().timestamp()) // STEP_S + (next(self._offsets) if offset is None else offset)
        return str(self._made.generate_otp(step))


@pytest.fixture
def with_codes(database: Engine) -> Callable[[str], tuple[App, list[str]]]:
    """Turn one-time codes on for an account; gives the app and the recovery codes."""

    def turned_on(email: str) -> tuple[App, list[str]]:
        with Session(database) as session, session.begin():
            account = accounts.by_email(session, email)
            assert account is not None
            app = App(two_factor.begin(session, account))
            return app, two_factor.turn_on(session, account, app.code())

    return turned_on
