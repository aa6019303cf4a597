"""What the workbench's tests share: the session's model, a worse one beside it, and people who write."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.conversations.models import Conversation, Message
from helpsage.setup import steps
from helpsage.training import signing
from tests.integration.training.spoiled import spoil

Say = Callable[..., Message]


@pytest.fixture(scope="session")
def trained() -> Path:
    """Today's model."""
    return steps.ensure_model()


@pytest.fixture(scope="session")
def spoiled(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A really worse one."""
    return spoil(trained, tmp_path_factory.mktemp("models") / "sage-00bad.tar.gz")


@pytest.fixture
def library(database_url: str, trained: Path, spoiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models of one's own: today's (which counts as trained there), a copy of it, and a worse one."""
    monkeypatch.setattr(steps, "MODELS", tmp_path)
    monkeypatch.setattr(steps, "model_path", lambda: tmp_path / trained.name)
    for source, name in ((trained, trained.name), (trained, "sage-c0ffee.tar.gz"), (spoiled, spoiled.name)):
        shutil.copy(source, tmp_path / name)
        signing.sign(tmp_path / name, steps.code_version())
    return tmp_path


@pytest.fixture
def say() -> Say:
    """Somebody says something, and it is answered."""
    numbers = count(1)
    conversations: dict[str, Conversation] = {}

    def said(
        session: Session, text: str, intent: str | None, confidence: float = 0.5, *, who: str = "a", **data: object
    ) -> Message:
        if who not in conversations:
            number = uuid4()
            conversations[who] = Conversation(id=number, sender_id=f"web:{number}", channel="webchat")
            session.add(conversations[who])
            session.flush()
        seq = next(numbers)
        at = clock.now() - timedelta(minutes=30) + timedelta(seconds=seq)
        message = Message(
            conversation_id=conversations[who].id,
            seq=seq,
            author="person",
            text=text,
            data=dict(data),
            intent=intent,
            confidence=confidence,
            model="sage-before.tar.gz",
            created_at=at,
            handled_at=at,
        )
        session.add(message)
        session.flush()
        return message

    return said
