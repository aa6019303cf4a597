"""How long a model takes to understand a message. Runs in Rasa's environment: `parsing.py MODEL < texts`.

Prints the milliseconds of each text as a JSON list.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from rasa.core.agent import Agent

WARM_UP = 20


async def measure(model: str, texts: list[str]) -> list[float]:
    """Milliseconds for each text, after a few that do not count."""
    agent = Agent.load(model_path=model)
    for text in texts[:WARM_UP]:
        await agent.parse_message(text)
    taken = []
    for text in texts:
        begin = time.perf_counter()
        await agent.parse_message(text)
        taken.append((time.perf_counter() - begin) * 1000)
    return taken


if __name__ == "__main__":
    lines = [line.strip() for line in sys.stdin if line.strip()]
    sys.stdout.write("\nMILLISECONDS " + json.dumps(asyncio.run(measure(sys.argv[1], lines))) + "\n")
