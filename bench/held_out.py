"""`python -m bench.held_out --model MODEL` (in Rasa's environment): the trained model on messages it never saw.

Reads `tests/nlu/held_out_*.yml`: messages written apart from the training data, with their right intents.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from rasa.core.agent import Agent
from rasa.shared.nlu.training_data.loading import load_data

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
FALLBACK = "nlu_fallback"
OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True)
class Message:
    """A held-out message. `answer` is the FAQ entry it asks for, if it does."""

    source: str
    text: str
    intent: str
    answer: str | None


@dataclass(frozen=True)
class Understood:
    """What the model made of it: the likeliest intent, whether it fell back, and the FAQ entry it would give."""

    message: Message
    intent: str
    confidence: float
    fell_back: bool
    answer: str | None

    @property
    def right(self) -> bool:
        """Whether the likeliest intent is the right one, sure or not."""
        return self.intent == self.message.intent


def main() -> int:
    """Measure, print, and store with `--store`."""
    parser = argparse.ArgumentParser(prog="bench held-out", description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="numbers for programs")
    parser.add_argument("--confusions", action="store_true", help="also list what was misunderstood")
    parser.add_argument("--store", action="store_true", help="write bench/results/nlu-held-out.*")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    logging.disable(logging.WARNING)
    understood = asyncio.run(understand(Agent.load(model_path=str(arguments.model)), messages()))
    numbers = measure(understood)
    print(json.dumps(numbers) if arguments.json else table(numbers))
    if arguments.confusions:
        print("\n".join(confusions(understood)))
    if arguments.store:
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / "nlu-held-out.json").write_text(json.dumps(numbers, indent=2) + "\n", "utf-8")
        (RESULTS / "nlu-held-out.md").write_text(table(numbers) + "\n", "utf-8")
    return 0


def messages() -> list[Message]:
    """All held-out messages."""
    found = []
    for path in sorted((ROOT / "tests" / "nlu").glob("held_out_*.yml")):
        for example in load_data(str(path)).intent_examples:
            found.append(
                Message(path.stem, example.get("text"), example.get("intent"), example.get("intent_response_key"))
            )
    return found


async def understand(agent: Agent, held_out: list[Message]) -> list[Understood]:
    """Parse every message."""
    return [_understood(message, await agent.parse_message(message.text)) for message in held_out]


def _understood(message: Message, parsed: dict[str, Any]) -> Understood:
    ranking = [guess for guess in parsed["intent_ranking"] if guess["name"] != FALLBACK]
    answers = parsed.get("response_selector", {}).get("faq", {}).get("response", {})
    return Understood(
        message=message,
        intent=ranking[0]["name"],
        confidence=ranking[0]["confidence"],
        fell_back=parsed["intent"]["name"] == FALLBACK,
        answer=answers.get("intent_response_key"),
    )


def measure(understood: list[Understood]) -> dict[str, Any]:
    """The numbers: accuracies and how often the assistant asks back."""
    answered = [one for one in understood if not one.fell_back]
    asked_faq = [one for one in understood if one.message.answer]
    strange = [one for one in understood if one.message.intent == OUT_OF_SCOPE]
    intents = sorted({one.message.intent for one in understood})
    sources = sorted({one.message.source for one in understood})
    return {
        "messages": len(understood),
        "accuracy": _share([one.right for one in understood]),
        "by_file": {name: _share([one.right for one in understood if one.message.source == name]) for name in sources},
        "faq_answer_accuracy": _share([one.right and one.answer == one.message.answer for one in asked_faq]),
        "fallback_rate": _share([one.fell_back for one in understood]),
        "accuracy_when_answered": _share([one.right for one in answered]),
        "out_of_scope_refused": _share([one.fell_back or one.right for one in strange]),
        "by_intent": {
            name: _share([one.right for one in understood if one.message.intent == name]) for name in intents
        },
    }


def _share(truths: list[bool]) -> float:
    return round(sum(truths) / len(truths), 4) if truths else 0.0


def table(numbers: dict[str, Any]) -> str:
    """The numbers as Markdown."""
    lines = [
        "# Understanding: this project's held-out messages",
        "",
        "| what | share |",
        "|---|---|",
        f"| right intent, of {numbers['messages']} messages | {numbers['accuracy']:.3f} |",
        *(f"| ... in {name} | {share:.3f} |" for name, share in numbers["by_file"].items()),
        f"| right FAQ answer | {numbers['faq_answer_accuracy']:.3f} |",
        f"| asked back | {numbers['fallback_rate']:.3f} |",
        f"| right intent when not asking back | {numbers['accuracy_when_answered']:.3f} |",
        f"| out of scope recognised or asked back | {numbers['out_of_scope_refused']:.3f} |",
        "",
        "| intent | right |",
        "|---|---|",
        *(f"| {name} | {share:.2f} |" for name, share in numbers["by_intent"].items()),
    ]
    return "\n".join(lines)


def confusions(understood: list[Understood]) -> list[str]:
    """Pairs of intents by how often the first was taken for the second, then each message."""
    wrong = [one for one in understood if not one.right]
    pairs = Counter((one.message.intent, one.intent) for one in wrong)
    counted = [f"{count} {right} -> {taken}" for (right, taken), count in pairs.most_common()]
    each = [f"{one.message.intent} -> {one.intent} {one.confidence:.2f}: {one.message.text}" for one in wrong]
    return [*counted, *each]


if __name__ == "__main__":
    sys.exit(main())
