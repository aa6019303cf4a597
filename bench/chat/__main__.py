"""`./sage bench chat`: our assistant against Rasa as `rasa init` sets it up: same data, machine, run and traffic."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from bench.chat import report, setups
from bench.chat.setups import Setup
from bench.chat.traffic import ACTION, FAQ, Person, rate
from helpsage import settings
from helpsage.settings import ROOT

PEOPLE = 8
WARM_UP_S = 3.0
FOUR_TIMES = 10


def main() -> None:
    """Measure, print the table, write bench/results/chat.json and chat.md."""
    options = _options()
    folder = settings.get().var / "bench" / "chat"
    folder.mkdir(parents=True, exist_ok=True)
    found: list[dict[str, Any]] = []
    with setups.database(folder / "database") as url:
        for setup in _setups(options, folder):
            _say(f"{setup.name}: measuring")
            with setups.running(setup, folder, url):
                found.append(asyncio.run(_measure(setup, options)))
    result = {"machine": _machine(), "traffic": vars(options) | {"people": PEOPLE}, "setups": found}
    result["traffic"].pop("stock_model")
    text = report.as_markdown(result)
    sys.stdout.write(text)
    if options.write:
        results = ROOT / "bench" / "results"
        results.mkdir(exist_ok=True)
        (results / "chat.json").write_text(json.dumps(result, indent=2) + "\n")
        (results / "chat.md").write_text(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sage bench chat", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of each throughput run")
    parser.add_argument("--turns", type=int, default=1000, help="length of the long conversation")
    parser.add_argument("--stock-model", type=Path, help="a model of the stock configuration trained before")
    parser.add_argument(
        "--stock-epochs", type=int, help="train the stock configuration for fewer epochs than it asks for"
    )
    parser.add_argument("--stock-turns", type=int, help="length of the stock configuration's long conversation")
    parser.add_argument("--only-ours", action="store_true", help="leave the stock configuration out")
    parser.add_argument("--no-write", dest="write", action="store_false", help="print only")
    return parser.parse_args()


def _setups(options: argparse.Namespace, folder: Path) -> list[Setup]:
    _say("training ours")
    model, seconds = setups.train_ours(folder)
    found = [Setup("Help Sage, PostgreSQL", model, seconds, "ours")]
    if not options.only_ours:
        _say("training the stock configuration (many minutes the first time)")
        stock, stock_seconds = setups.train_stock(folder, options.stock_model, options.stock_epochs)
        found += [
            Setup("stock Rasa, PostgreSQL", stock, stock_seconds, "sql"),
            Setup("stock Rasa, memory", stock, stock_seconds, "memory"),
        ]
    return found


async def _measure(setup: Setup, options: argparse.Namespace) -> dict[str, Any]:
    turns = (options.stock_turns or options.turns) if setup.stock else options.turns
    people = [setup.person() for _ in range(PEOPLE)]
    for person in people:
        await person.open()
    await rate(people, FAQ + ACTION, WARM_UP_S)
    faq = await rate(people, FAQ, options.seconds)
    action = await rate(people, ACTION, options.seconds)
    for person in people:
        await person.close()
    tenth, last = await _long_conversation(setup, turns)
    four = await _four_at_once(setup)
    times = setups.parse_times(setup.model, _held_out())
    return {
        "name": setup.name,
        "faq_per_second": round(faq.per_second, 1),
        "faq_p95_ms": round(faq.percentile(0.95) * 1000, 1),
        "action_per_second": round(action.per_second, 1),
        "action_p95_ms": round(action.percentile(0.95) * 1000, 1),
        "turns": turns,
        "turn_10_ms": round(tenth * 1000, 2),
        "turn_last_ms": round(last * 1000, 2),
        "four_at_once_s": round(four, 3),
        "training_s": round(setup.training_seconds, 1) if setup.training_seconds is not None else None,
        "parse_mean_ms": round(statistics.mean(times), 2),
        "parse_p95_ms": round(sorted(times)[int(0.95 * len(times))], 2),
        "memory_mb": round(setup.memory_mb),
    }


async def _long_conversation(setup: Setup, turns: int) -> tuple[float, float]:
    """Seconds of a turn around the 10th and of the last ones: medians of 10 turns."""
    person = setup.person()
    await person.open()
    taken = [await person.ask(FAQ[number % len(FAQ)]) for number in range(turns + 5)]
    await person.close()
    return statistics.median(taken[5:15]), statistics.median(taken[-10:])


async def _four_at_once(setup: Setup) -> float:
    """Seconds until four messages that one person sends together are all answered: median."""
    person = setup.person()
    await person.open()
    await person.ask(FAQ[0])
    taken = [await _all_answered(person, FAQ[:4]) for _ in range(FOUR_TIMES)]
    await person.close()
    return statistics.median(taken)


async def _all_answered(person: Person, texts: Sequence[str]) -> float:
    begin = time.perf_counter()
    for text in texts:
        await person.send(text)
    await person.answered(len(texts))
    return time.perf_counter() - begin


def _held_out() -> list[str]:
    """Messages that no model was trained on."""
    texts: list[str] = []
    for path in sorted((ROOT / "tests" / "nlu").glob("held_out*.yml")):
        for block in yaml.safe_load(path.read_text())["nlu"]:
            texts += [line.removeprefix("- ").strip() for line in block["examples"].splitlines()]
    return [text for text in texts if text and "](" not in text] or FAQ + ACTION


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
