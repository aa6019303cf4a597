"""`./sage parse`: read texts from standard input, one a line, and print what the model understands."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from typing import Any

import structlog
from rasa.core.agent import Agent

SHOWN = 5


async def parse_lines(model: str, lines: list[str]) -> list[dict[str, Any]]:
    """Intent, confidence, ranking and entities of each line."""
    agent = Agent.load(model_path=model)
    return [_digest(line, await agent.parse_message(line)) for line in lines]


def _digest(text: str, parsed: dict[str, Any]) -> dict[str, Any]:
    intent = parsed["intent"]
    return {
        "text": text,
        "intent": parsed.get("full_retrieval_intent") or intent.get("full_retrieval_intent_name") or intent["name"],
        "confidence": round(intent["confidence"], 4),
        "ranking": [
            {"intent": ranked["name"], "confidence": round(ranked["confidence"], 4)}
            for ranked in parsed["intent_ranking"][:SHOWN]
        ],
        "entities": [
            {key: entity.get(key) for key in ("entity", "value", "start", "end")} for entity in parsed["entities"]
        ],
    }


def _describe(found: dict[str, Any]) -> str:
    entities = ", ".join(f"{entity['entity']}={entity['value']}" for entity in found["entities"])
    others = ", ".join(f"{ranked['intent']} {ranked['confidence']:.2f}" for ranked in found["ranking"][1:3])
    return f"{found['intent']} {found['confidence']:.2f}  [{entities}]  ({others})  {found['text']}"


def main() -> None:
    """Parse standard input."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", required=True)
    arguments.add_argument("--json", action="store_true", help="one JSON object a line")
    options = arguments.parse_args()
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    lines = [line for line in sys.stdin.read().splitlines() if line.strip()]
    for found in asyncio.run(parse_lines(options.model, lines)):
        sys.stdout.write((json.dumps(found, ensure_ascii=False) if options.json else _describe(found)) + "\n")


if __name__ == "__main__":
    main()
