"""`python -m assistant.understand MODEL` (in Rasa's environment): a JSON list of texts in, what is made of them out.

Exit code 2 and one line on standard error when the model cannot be loaded.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

import structlog

FALLBACK = "nlu_fallback"
RANKED = 3


def digest(parsed: dict[str, Any]) -> dict[str, Any]:
    """Likeliest label (with its answer, of a retrieval intent), confidence, whether it asks back, and the next ones."""
    ranking = [guess for guess in parsed["intent_ranking"] if guess["name"] != FALLBACK]
    if not ranking:
        return {"label": FALLBACK, "confidence": 0.0, "fell_back": True, "ranking": []}
    first = ranking[0]
    answer = parsed.get("response_selector", {}).get(first["name"], {}).get("response", {})
    return {
        "label": answer.get("intent_response_key") or first["name"],
        "confidence": round(float(first["confidence"]), 4),
        "fell_back": parsed["intent"]["name"] == FALLBACK,
        "ranking": [[guess["name"], round(float(guess["confidence"]), 4)] for guess in ranking[:RANKED]],
    }


async def understand(agent: Any, texts: list[str]) -> list[dict[str, Any]]:
    """One digest a text."""
    return [digest(await agent.parse_message(text)) for text in texts]


def main() -> int:
    """Load, read, print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.disable(logging.WARNING)
    texts = json.load(sys.stdin)
    from rasa.core.agent import Agent

    from assistant import fast_paths

    fast_paths.install()
    try:
        agent = Agent.load(model_path=sys.argv[1])
    except Exception as error:  # an archive can be broken in many ways, and each has its own type
        sys.stderr.write(f"\ncannot load {Path(sys.argv[1]).name}: {' '.join(str(error).split())[:300]}\n")
        return 2
    json.dump(asyncio.run(understand(agent, texts)), sys.stdout, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
