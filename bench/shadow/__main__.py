"""`./sage bench shadow`: how long answers take while a candidate reads along, and while none does, turn and turn about.

The candidate reads all the time here, which it does for seconds every few minutes in earnest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.chat import setups
from bench.chat.setups import Setup
from bench.chat.traffic import ACTION, FAQ, Person, rate
from helpsage.setup import steps
from helpsage.training import examples, understanding

RESULTS = steps.ROOT / "bench" / "results"
PEOPLE = 2
WARM_UP_S = 5.0


def main() -> None:
    """Measure, print, write bench/results/shadow.*."""
    parser = argparse.ArgumentParser(prog="bench shadow", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=4, help="of each kind")
    parser.add_argument("--no-write", dest="write", action="store_false", help="print only")
    options = parser.parse_args()
    model = steps.ensure_model()
    with tempfile.TemporaryDirectory(prefix="bench-shadow-") as name:
        folder = Path(name)
        setup = Setup("Help Sage", model, None, "ours")
        with setups.database(folder) as url, setups.running(setup, folder, url):
            found = asyncio.run(_measure(setup, options.seconds, options.rounds))
    print(_table(found))
    if options.write:
        (RESULTS / "shadow.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
        (RESULTS / "shadow.md").write_text(_table(found) + "\n", "utf-8")


async def _measure(setup: Setup, seconds: float, rounds: int) -> dict[str, Any]:
    people = [setup.person() for _ in range(PEOPLE)]
    for person in people:
        await person.open()
    await rate(people, FAQ + ACTION, WARM_UP_S)
    taken: dict[str, list[float]] = {"alone": [], "read along": []}
    read: list[int] = []
    for _ in range(rounds):
        taken["alone"] += await _round(people, seconds)
        reader = _Reader(setup.model)
        taken["read along"] += await _round(people, seconds)
        read.append(await asyncio.to_thread(reader.end))
    for person in people:
        await person.close()
    about = {name: _figures(each) for name, each in taken.items()}
    return {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "people": PEOPLE, "read": sum(read), **about}


async def _round(people: Sequence[Person], seconds: float) -> list[float]:
    return (await rate(people, FAQ + ACTION, seconds)).latencies


class _Reader:
    """A candidate that reads the held-out messages again and again, as the worker lets it."""

    def __init__(self, model: Path) -> None:
        self._texts = [line.text for line in examples.held_out()][:200]
        self._read = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(understanding.ask, model), daemon=True)
        self._thread.start()

    def end(self) -> int:
        """Stop after what is under way; returns how many messages were read."""
        self._stop.set()
        self._thread.join()
        return self._read

    def _run(self, ask: Callable[..., Sequence[Any]], model: Path) -> None:
        while not self._stop.is_set():
            self._read += len(ask(model, self._texts, idly=True))


def _figures(taken: Sequence[float]) -> dict[str, Any]:
    ordered = sorted(taken)
    shown: dict[str, Any] = {
        f"p{share}_ms": round(1000 * ordered[int(share / 100 * len(ordered))], 1) for share in (50, 95, 99)
    }
    return {"answers": len(ordered), **shown}


def _table(found: dict[str, Any]) -> str:
    rows = [
        f"| {name} | {each['answers']} | {each['p50_ms']} | {each['p95_ms']} | {each['p99_ms']} |"
        for name, each in found.items()
        if isinstance(each, dict)
    ]
    return "\n".join(
        [
            "# A candidate that reads along",
            "",
            f"{found['people']} people talk at once; {found['cores']} processors, load {found['load']} at the end."
            f" The candidate read {found['read']} messages meanwhile. Repeat it with `./sage bench shadow`.",
            "",
            "| assistant | answers | p50 ms | p95 ms | p99 ms |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


if __name__ == "__main__":
    main()
