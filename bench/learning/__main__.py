"""`python -m bench.learning` (in Rasa's environment): what the review's ranking gains, against picking at random.

The classifier is the assistant's own (`assistant/nlu/fusion_*.py`), trained anew each month; the ranking is the
console's (`helpsage/training/ranking.py`). The held-out messages (`tests/nlu/held_out_*.yml`) were written apart from
`data/`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bench.learning.months import (
    Choice,
    Course,
    Plan,
    Texts,
    accuracy,
    at_random,
    begun,
    by_ranking,
    least_sure,
    live,
    seconds,
    trained,
)
from encoder.model import Encoder
from helpsage.training import blocks

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "bench" / "results"
WAYS: dict[str, Choice] = {"ranking": by_ranking, "random": at_random, "least sure": least_sure}
TITLES = {"ranking": "the review's ranking", "random": "at random", "least sure": "least sure first"}
SEEDS, QUICK_SEEDS = 3, 1


def main() -> int:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(prog="./sage bench learning", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer months and seeds; nothing is stored")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--accepted", type=int, default=0, help="examples accepted a month")
    asked = parser.parse_args()
    began = time.monotonic()
    plan = Plan(months=2 if asked.quick else 5, accepted=asked.accepted or 120)
    encoder = Encoder(threads=os.cpu_count() or 1)
    everything, held_out = _read("data/**/*.yml", encoder), _read("tests/nlu/held_out_*.yml", encoder)
    held_out = held_out.only([row for row, label in enumerate(held_out.labels) if label in set(everything.labels)])
    seeds = asked.seeds or (QUICK_SEEDS if asked.quick else SEEDS)
    ways = {name: way for name, way in WAYS.items() if not asked.quick or name != "least sure"}
    courses: dict[str, list[Course]] = {name: [] for name in ways}
    for seed in range(1, seeds + 1):
        first = begun(everything, plan, seed, encoder.version)
        for name, way in ways.items():
            courses[name].append(live(everything, held_out, plan, way, seed, first, encoder.version))
            sys.stderr.write(f"seed {seed}, {TITLES[name]}: {_shown(courses[name][-1])}\n")
    full = accuracy(trained(everything, encoder.version), held_out)
    found = _found(plan, seeds, everything, held_out, courses, full, seconds(began))
    report = _report(found)
    print(report)
    if not asked.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "learning.json").write_text(json.dumps(found, indent=1) + "\n")
        (RESULTS / "learning.md").write_text(report + "\n")
    return 0


def _read(pattern: str, encoder: Encoder) -> Texts:
    files = {f"data/{path.relative_to(ROOT)}": path.read_text("utf-8") for path in sorted(ROOT.glob(pattern))}
    examples = blocks.written(files)
    texts = [each.text for each in examples]
    return Texts(texts, [each.intent for each in examples], encoder.encode(texts))


def _shown(course: Course) -> str:
    return " ".join(f"{share:.3f}" for share in course.accuracy)


def _found(
    plan: Plan,
    seeds: int,
    everything: Texts,
    held_out: Texts,
    courses: dict[str, list[Course]],
    full: float,
    took: float,
) -> dict[str, Any]:
    ways = {}
    for name, runs in courses.items():
        gained = [100 * (run.accuracy[-1] - run.accuracy[0]) / (run.accepted[-1] / 100) for run in runs]
        ways[name] = {
            "accepted": runs[0].accepted,
            "accuracy": np.mean([run.accuracy for run in runs], axis=0).round(4).tolist(),
            "spread": np.std([run.accuracy for run in runs], axis=0).round(4).tolist(),
            "points_per_100": round(float(np.mean(gained)), 3),
            "runs": [asdict(run) for run in runs],
        }
    pairs = zip(courses["ranking"], courses["random"], strict=True)
    areas = [float(np.mean(one.accuracy) - np.mean(other.accuracy)) for one, other in pairs]
    return {
        "machine": f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}",
        "plan": asdict(plan),
        "seeds": seeds,
        "examples": len(everything.texts),
        "labels": len(set(everything.labels)),
        "held_out": len(held_out.texts),
        "ways": ways,
        "with_everything": round(full, 4),
        "better_on_seeds": sum(area > 0 for area in areas),
        "seconds": took,
    }


def _report(found: dict[str, Any]) -> str:
    plan, ways = found["plan"], found["ways"]
    lines = [
        f"# Learning from the review: {found['examples']} examples of {found['labels']} intents and FAQ entries,"
        f" {found['held_out']} held-out messages",
        "",
        f"{100 * plan['hidden']:.0f} % of the examples are hidden and come back as traffic in {plan['months']} months;"
        f" {plan['accepted']} are accepted a month, with their true label, and the classifier is trained anew. Mean of"
        f" {found['seeds']} seeds (± standard deviation); accuracy is of intent and FAQ entry together.",
        "",
        "| accepted | " + " | ".join(TITLES[name] for name in ways) + " |",
        "|---|" + "---|" * len(ways),
    ]
    steps = next(iter(ways.values()))["accepted"]
    for place, accepted in enumerate(steps):
        shares = (f"{100 * way['accuracy'][place]:.1f} % ± {100 * way['spread'][place]:.1f}" for way in ways.values())
        lines.append(f"| {accepted} | " + " | ".join(shares) + " |")
    gained = (f"{way['points_per_100']:+.2f}" for way in ways.values())
    lines += [
        "| points for each 100 accepted | " + " | ".join(gained) + " |",
        "",
        f"With all examples: {100 * found['with_everything']:.1f} %. The ranking's curve lies above the random one's on"
        f" {found['better_on_seeds']} of {found['seeds']} seeds. {found['machine']}; {found['seconds']:.0f} s.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
