"""`./sage bench languages` (in Rasa's environment): the trained model on `utterances/`, and language detection too.

The utterances were written apart from `data/`, some hundred and eighty a language, with their right intents.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import yaml
from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage

from languages import SPOKEN, detect

FOLDER = Path(__file__).parent / "utterances"
RESULTS = Path(__file__).parents[1] / "results"
DATA = sorted((Path(__file__).parents[2] / "data" / "nlu").glob("*.yml"))
FALLBACK = "nlu_fallback"
OUT_OF_SCOPE = "out_of_scope"
#: A wrong answer that is given with this much confidence is not asked about: it misleads.
HIGH = 0.6


@dataclass(frozen=True)
class Utterance:
    """A message with what it asks for, in full (`faq/connect_wifi`)."""

    language: str
    text: str
    intent: str


@dataclass(frozen=True)
class Understood:
    """What was made of it: intent in full, how sure, whether the assistant asked back, and the language found."""

    utterance: Utterance
    intent: str
    confidence: float
    fell_back: bool
    language: str | None

    @property
    def right(self) -> bool:
        """Whether the likeliest intent is the right one; of an FAQ question also the entry."""
        return self.intent == self.utterance.intent

    @property
    def right_kind(self) -> bool:
        """Whether it is right but for which FAQ entry."""
        return self.intent.partition("/")[0] == self.utterance.intent.partition("/")[0]


def main() -> int:
    """Measure, print, and store."""
    parser = argparse.ArgumentParser(prog="bench languages", description=__doc__)
    parser.add_argument("--model", type=Path, help="a model; the newest in models/ when left out")
    parser.add_argument("--json", action="store_true", help="numbers for programs")
    parser.add_argument("--wrong", action="store_true", help="also list what was misunderstood")
    parser.add_argument("--no-store", action="store_true", help="do not write bench/results/languages.*")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    logging.disable(logging.WARNING)
    model = arguments.model or max(Path("models").glob("sage-*.tar.gz"), key=lambda file: file.stat().st_mtime)
    understood = asyncio.run(understand(Agent.load(model_path=str(model)), utterances()))
    numbers = measure(understood)
    sys.stdout.write((json.dumps(numbers) if arguments.json else table(numbers)) + "\n")
    if arguments.wrong:
        sys.stdout.write("\n".join(misunderstood(understood)) + "\n")
    if not arguments.no_store:
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / "languages.json").write_text(json.dumps(numbers, indent=2) + "\n", "utf-8")
        (RESULTS / "languages.md").write_text(table(numbers) + "\n", "utf-8")
    return 0


def utterances() -> list[Utterance]:
    """Those that are no examples as well: a few words ("hola") both sides came to think of."""
    trained = {plain(line.strip().removeprefix("- ")) for path in DATA for line in path.read_text("utf-8").splitlines()}
    return [each for each in _all() if plain(each.text) not in trained]


def plain(text: str) -> str:
    """A text without case, punctuation and spaces."""
    return re.sub(r"[\W_]+", "", text).lower() or text


def _all() -> list[Utterance]:
    found = []
    for path in sorted(FOLDER.glob("*.yml")):
        content = yaml.safe_load(path.read_text("utf-8"))
        found += [Utterance(content["language"], each["text"], each["intent"]) for each in content["utterances"]]
    return found


async def understand(agent: Agent, asked: list[Utterance]) -> list[Understood]:
    """Parse each."""
    return [_understood(each, await parse(agent, each)) for each in asked]


async def parse(agent: Agent, utterance: Utterance) -> dict[str, Any]:
    """What the model makes of an utterance in a conversation of its language, as the channels tell it."""
    message = UserMessage(utterance.text, metadata={"language": utterance.language})
    parsed: dict[str, Any] = await agent.processor.parse_message(message)
    return parsed


def _understood(utterance: Utterance, parsed: dict[str, Any]) -> Understood:
    best = next(guess for guess in parsed["intent_ranking"] if guess["name"] != FALLBACK)
    answer = parsed.get("response_selector", {}).get("faq", {}).get("response", {}).get("intent_response_key")
    return Understood(
        utterance,
        answer if best["name"] == "faq" and answer else best["name"],
        best["confidence"],
        parsed["intent"]["name"] == FALLBACK,
        detect.read(utterance.text).value,
    )


def measure(understood: list[Understood]) -> dict[str, Any]:
    """The numbers of each language."""
    found = {}
    for language in sorted({each.utterance.language for each in understood}):
        mine = [each for each in understood if each.utterance.language == language]
        answered = [each for each in mine if not each.fell_back]
        strange = [each for each in mine if each.utterance.intent == OUT_OF_SCOPE]
        known = [each for each in mine if each.utterance.intent != OUT_OF_SCOPE]
        questions = [each for each in known if "/" in each.utterance.intent]
        others = [each for each in known if "/" not in each.utterance.intent]
        found[language] = {
            "messages": len(mine),
            "right": _share([each.right for each in known]),
            "right_of_intents": _share([each.right for each in others]),
            "right_of_questions": _share([each.right for each in questions]),
            "right_kind": _share([each.right_kind for each in known]),
            "asked_back": _share([each.fell_back for each in known]),
            "right_when_answered": _share([each.right for each in answered if each.utterance.intent != OUT_OF_SCOPE]),
            "wrong_and_sure": _share(
                [not each.right and not each.fell_back and each.confidence >= HIGH for each in mine]
            ),
            "out_of_scope_refused": _share([each.fell_back or each.right for each in strange]),
            "language_found": _share([each.language == language for each in mine]),
            "language_mistaken": _share([each.language not in (None, language) for each in mine]),
        }
    return found


def _share(truths: list[bool]) -> float:
    return round(sum(truths) / len(truths), 4) if truths else 0.0


ROWS = {
    "messages": "messages",
    "right": "right intent or FAQ entry (without out of scope)",
    "right_of_intents": "... of intents",
    "right_of_questions": "... of FAQ questions, the entry included",
    "right_kind": "right but for which FAQ entry",
    "asked_back": "asked back",
    "right_when_answered": "right when not asking back",
    "wrong_and_sure": f"wrong with a confidence of {HIGH} or more",
    "out_of_scope_refused": "out of scope recognised or asked back",
    "language_found": "language found from the message alone",
    "language_mistaken": "taken for another language",
}


def table(numbers: dict[str, Any]) -> str:
    """The numbers as Markdown, a column a language."""
    lines = [
        "# Understanding people who do not write English",
        "",
        f"| what | {' | '.join(SPOKEN.get(language, language) for language in numbers)} |",
        f"|---|{'---|' * len(numbers)}",
    ]
    for key, title in ROWS.items():
        shown = [f"{each[key]:.3f}" if key != "messages" else str(each[key]) for each in numbers.values()]
        lines.append(f"| {title} | {' | '.join(shown)} |")
    return "\n".join([*lines, "", "Repeat it with `./sage bench languages`."])


def misunderstood(understood: list[Understood]) -> list[str]:
    """Each message that was taken for something else."""
    return [
        f"{each.utterance.language} {each.utterance.intent} -> {each.intent} {each.confidence:.2f}: "
        f"{each.utterance.text}"
        for each in understood
        if not each.right
    ]


if __name__ == "__main__":
    sys.exit(main())
