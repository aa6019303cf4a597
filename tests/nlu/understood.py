"""`python -m tests.nlu.understood MODEL` (in Rasa's environment): texts as a JSON list in, what is understood out."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

import structlog
from rasa.core.agent import Agent


async def parse(model: str, texts: list[str]) -> list[dict[str, Any]]:
    """Parse each text as the running assistant would."""
    agent = Agent.load(model_path=model)
    return [await agent.parse_message(text) for text in texts]


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    json.dump(asyncio.run(parse(sys.argv[1], json.load(sys.stdin))), sys.stdout)
