"""What the tests of learning share: the encoder, a few examples to compare with, and conversations to look through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from encoder.model import Encoder
from helpsage import clock
from helpsage.conversations import service as conversations
from helpsage.conversations.models import AnswerFeedback, Conversation, Message
from helpsage.departments import service as departments
from helpsage.people import accounts, directory, permissions
from helpsage.people.models import Person, Role
from helpsage.people.permissions import Viewer
from helpsage.training import blocks, finding
from helpsage.training.items import ReviewItem
from helpsage.training.taught import Taught
from helpsage.triage import store

FILES = {
    "data/nlu/a.yml": """\
version: "3.1"
nlu:
  - intent: wifi_problem
    examples: |
      - the wifi keeps dropping
      - no wifi in the library
      - wlan is down
  - intent: login_error
    examples: |
      - I cannot log in
      - login says wrong password
      - sign in does not work
  - intent: out_of_scope
    examples: |
      - tell me a joke
""",
    "data/faq/b.yml": """\
version: "3.1"
nlu:
  - intent: faq/reset_password
    examples: |
      - how do I reset my password
      - where can I change the password
responses:
  utter_faq/reset_password:
    - text: On the page.
""",
    "domain.yml": "version: '3.1'\nintents:\n  - wifi_problem\n  - login_error\n\nentities:\n  - date\n",
}


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The encoder of the checkout."""
    return store.encoder()


def taught_from(files: blocks.Files, encoder: Encoder, version: str = "one") -> Taught:
    examples = tuple(blocks.written(files))
    return Taught(files, examples, encoder.encode([each.text for each in examples]), version)


@pytest.fixture(scope="session")
def taught(encoder: Encoder) -> Taught:
    """A handful of examples."""
    return taught_from(FILES, encoder)


@dataclass
class Chats:
    """Makes conversations whose messages were understood in some way."""

    session: Session
    person: Person
    at: datetime = field(default_factory=lambda: clock.now() - timedelta(days=1))

    def begin(self, sender: str = "web:1") -> Conversation:
        conversation = conversations.ensure(self.session, sender, "web")
        conversation.person_id = self.person.id
        return conversation

    def says(
        self, conversation: Conversation, text: str, intent: str, confidence: float = 0.9, after: float = 0, **data: Any
    ) -> Message:
        """Something that the person types (or presses, with a payload), so many seconds later."""
        self.at += timedelta(seconds=after)
        message = conversations.push(self.session, conversation.id, "person", text=text)
        message.intent, message.confidence, message.created_at = intent, confidence, self.at
        message.data, message.model = data, "sage-1"
        self.session.flush()
        return message

    def no_help(self, conversation: Conversation, answer: str, after: float = 30) -> None:
        self.at += timedelta(seconds=after)
        self.session.add(AnswerFeedback(conversation_id=conversation.id, answer=answer, helped=False, at=self.at))
        self.session.flush()

    def found(self) -> dict[str, ReviewItem]:
        """Every item by its text."""
        return {item.text: item for item in self.session.scalars(select(ReviewItem).order_by(ReviewItem.id))}


@pytest.fixture
def chats(session: Session) -> Chats:
    """On an installation with its departments."""
    departments.ensure_defaults(session)
    return Chats(session, directory.add(session, "Asha Patel", "asha@example.org"))


@pytest.fixture
def look(session: Session, encoder: Encoder, taught: Taught) -> Callable[[], int]:
    """What the job does with messages."""

    def looked() -> int:
        total = 0
        while seen := finding.find(session, encoder, taught):
            total += seen
        return total

    return looked


@pytest.fixture
def viewer(session: Session) -> Callable[..., Viewer]:
    """Somebody with a role."""

    def made(role: Role = Role.ADMINISTRATOR, email: str = "ada@desk.example", team: UUID | None = None) -> Viewer:
        account = accounts.add(session, email, "Ada Lovelace", "", role)
        session.flush()
        return permissions.viewer_of(session, account)

    return made
