"""Where the conversations are held: with the session's own programs, or with those that the environment names."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session

from helpsage.db.session import engine_for


@dataclass(frozen=True)
class Place:
    """A running assistant and its database."""

    chat_url: str
    #: For SQLAlchemy.
    database_url: str

    def session(self) -> Session:
        """A session on the programs' database."""
        return Session(engine_for(self.database_url), expire_on_commit=False)


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    """SAGE_CHAT_URL with SAGE_DATABASE_URL, or else the programs that the tests start."""
    running = os.environ.get("SAGE_CHAT_URL")
    if running:
        url = os.environ["SAGE_DATABASE_URL"].split("://", 1)[1]
        return Place(running, f"postgresql+psycopg2://{url}")
    live = request.getfixturevalue("live")
    return Place(live.chat_url, live.settings.sqlalchemy_url())
