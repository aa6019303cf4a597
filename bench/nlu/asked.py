"""`python -m bench.nlu.asked MODEL TEXTS ANSWERS`: a process that holds one model and parses texts one by one."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import structlog
from rasa.core.agent import Agent

#: Parsed before the clock counts: caches, lazy imports.
WARM_UP = 30


def main(model: str, texts_file: str, answers_file: str) -> None:
    """Parse every text and write what was understood and what it cost."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    agent = Agent.load(model_path=f"{model}.tar.gz")
    texts = json.loads(Path(texts_file).read_text("utf-8"))
    found = asyncio.run(_parse(agent, texts))
    Path(answers_file).write_text(json.dumps({**found, "resident": _resident()}), "utf-8")


async def _parse(agent: Agent, texts: list[str]) -> dict[str, Any]:
    for text in texts[:WARM_UP]:
        await agent.parse_message(text)
    answers, milliseconds = [], []
    for text in texts:
        began = time.perf_counter()
        parsed = await agent.parse_message(text)
        milliseconds.append(1000 * (time.perf_counter() - began))
        full = parsed["intent"].get("full_retrieval_intent_name")
        answers.append([parsed["intent"]["name"], parsed["intent"]["confidence"], full])
    return {"answers": answers, "milliseconds": milliseconds}


def _resident() -> float:
    """Megabytes of memory this process holds."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main(*sys.argv[1:])
