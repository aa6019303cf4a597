"""What the scripts of this folder share. They run in Rasa's environment, which has no pytest."""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.utils.log_utils import configure_structlog

configure_structlog(logging.WARNING)

#: Messages for the tiny assistant, forms begun and finished and abandoned among them.
PHRASES = ["hello", "wifi", "thanks", "yes", "no", "xyzzy", "order", "12", "tea", "report", "hello there"]


def stock_agent(model: Path) -> Agent:
    """The model on Rasa's own stores. Without `fast_paths.install`, it is Rasa throughout."""
    return Agent.load(str(model), tracker_store=InMemoryTrackerStore(None))


async def talk(agent: Agent, sender: str, texts: list[str]) -> list[list[dict[str, Any]]]:
    """Let somebody talk; returns what was answered, without names and times."""
    answers = []
    for text in texts:
        message = UserMessage(text, CollectingOutputChannel(), sender, input_channel="webchat")
        answers.append([_told(said) for said in await agent.handle_message(message) or []])
    return answers


def phrases(seed: int, count: int) -> list[str]:
    """A conversation made up by chance, the same for the same seed."""
    chance = random.Random(seed)
    return [chance.choice(PHRASES) for _ in range(count)]


def new_sender() -> str:
    """Somebody new."""
    return f"test:{uuid.uuid4()}"


def run(*tests: Callable[[], Coroutine[Any, Any, None] | None]) -> None:
    """Run tests in order; the first that fails ends the script with its traceback."""
    for test in tests:
        found = test()
        if found is not None:
            asyncio.run(found)
        sys.stdout.write(f"{test.__name__} ok\n")


def _told(message: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key in ("text", "buttons", "custom")}
