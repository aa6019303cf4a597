"""`python -m bench.intake.reading`: how well new tickets are read and their twins found, and how long that takes.

Reads `bench/intake/labelled/`: tickets with what a careful person reads in them, and pairs of tickets that are about
the same thing or not. No topic is learned from them. Each has a part for development, by which words were chosen and
the weights of the comparison are set (`--fit`), and a part that was held out (`*_held_out.yml`), whose mistakes nobody
looks at: `--wrong` lists those of the development part only. With `--data DIR` a public set of questions measures the
classifier of topics alone.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from helpsage.triage import likeness, local, store, training, wording
from helpsage.triage.classifier import Classifier
from helpsage.triage.likeness import Signs, Told
from helpsage.triage.reading import Judgement, Reading, Tone, Urgency
from helpsage.triage.training import Example

FOLDER = Path(__file__).parent / "labelled"
RESULTS = Path(__file__).resolve().parent.parent / "results"
DEVELOPMENT, HELD_OUT = "development", "held_out"
#: Tickets and pairs of each part.
PARTS = {
    DEVELOPMENT: ("tickets.yml", "pairs.yml"),
    HELD_OUT: ("tickets_held_out.yml", "pairs_held_out.yml"),
}
TAGS = ("topic", "urgency", "tone", "language")
UNSURE = "unsure"
#: Milliseconds that one ticket may take on one core.
MOST_MS = 15.0
#: Each ticket is read so often, and the middle time counts: what else the machine does comes and goes.
REPEATS = 3


@dataclass(frozen=True)
class Pair:
    """Two tickets, whether they are about the same, and what is compared."""

    same: bool
    own: bool
    signs: Signs
    told: tuple[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(prog="bench intake reading", description=__doc__)
    parser.add_argument("--fit", action="store_true", help="fit the weights of twins to the development pairs")
    parser.add_argument("--wrong", action="store_true", help="also list what was read wrong in the development part")
    parser.add_argument("--data", type=Path, default=None, metavar="DIR", help="a public set: train.csv and test.csv")
    parser.add_argument("--store", action="store_true", help="write bench/results/reading.*")
    given = parser.parse_args(arguments)
    if given.fit:
        _print_fit()
        return 0
    found = measured(given.wrong)
    if given.data is not None:
        found["public"] = public(given.data)
    sys.stdout.write(told(found) + "\n")
    if given.store:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "reading.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
        (RESULTS / "reading.md").write_text(told(found) + "\n", "utf-8")
    return 0


def measured(wrong: bool = False) -> dict[str, Any]:
    """Tickets and pairs, of both parts."""
    return {
        "tickets": {part: tickets(part, wrong and part == DEVELOPMENT) for part in PARTS},
        "twins": {part: twins(part, wrong and part == DEVELOPMENT) for part in PARTS},
    }


# --- reading


def tickets(part: str, wrong: bool = False) -> dict[str, Any]:
    """Accuracy per tag on labelled tickets, what was taken for what, and time on one core."""
    rows = yaml.safe_load((FOLDER / PARTS[part][0]).read_text("utf-8"))["tickets"]
    model = store.base()
    mixed: dict[str, dict[str, int]] = {tag: {} for tag in TAGS}
    times, confidences, hits = [], [], []
    likely_right = 0
    local.read("Warm", "up, please.", model)
    for topic, urgency, tone, subject, text, *language in rows:
        reading, took = _timed(subject, text, model)
        times.append(took)
        wanted = {"topic": topic, "urgency": urgency, "tone": tone, "language": language[0] if language else "en"}
        for tag in TAGS:
            judged: Judgement = getattr(reading, tag)
            said = judged.value or UNSURE
            pair = f"{wanted[tag]} as {said}"
            mixed[tag][pair] = mixed[tag].get(pair, 0) + 1
            if wrong and said != wanted[tag]:
                sys.stderr.write(f"{tag}: {pair} ({judged.confidence:.2f} {judged.evidence}): {subject}: {text[:90]}\n")
        likely_right += (reading.topic.value or reading.topic.likely or UNSURE) == topic
        if reading.topic.value is not None:
            confidences.append(reading.topic.confidence)
            hits.append(reading.topic.value == topic)
    count = len(rows)
    return {
        "count": count,
        "right": {tag: _right(mixed[tag]) for tag in TAGS},
        "topic_when_sure": {"count": len(hits), "right": sum(hits)},
        "topic_best_guess": likely_right,
        "language_unsure": sum(number for pair, number in mixed["language"].items() if pair.endswith(f" as {UNSURE}")),
        "nothing_to_read": _nothing(mixed["topic"]),
        "taken_for": {tag: mixed[tag] for tag in ("urgency", "tone")},
        "calibration_error": round(training.calibration_error(np.array(confidences), np.array(hits)), 3),
        "ms": {
            "mean": round(sum(times) / count, 1),
            "p95": round(sorted(times)[int(0.95 * count)], 1),
            "to_reach": MOST_MS,
        },
        "reader": model.version,
        "load": round(os.getloadavg()[0], 1),
    }


def _timed(subject: str, text: str, model: Classifier) -> tuple[Reading, float]:
    """A ticket as it is read, and the milliseconds of this core that it takes."""
    took = []
    for _ in range(REPEATS):
        began = time.thread_time()
        reading = local.read(subject, text, model).reading
        took.append(1000 * (time.thread_time() - began))
    return reading, sorted(took)[REPEATS // 2]


def _right(mixed: dict[str, int]) -> int:
    return sum(number for pair, number in mixed.items() if len(set(pair.split(" as "))) == 1)


def _nothing(topics: dict[str, int]) -> dict[str, int]:
    """Tickets that are about nothing the desk does: how many there are, were said to be, and were so rightly."""
    found = {"there": 0, "said": 0, "right": 0}
    for pair, number in topics.items():
        wanted, said = pair.split(" as ")
        found["there"] += number * (wanted == UNSURE)
        found["said"] += number * (said == UNSURE)
        found["right"] += number * (wanted == said == UNSURE)
    return found


# --- twins


def pairs(part: str) -> list[Pair]:
    """Labelled pairs, compared as the worker does it."""
    rows = yaml.safe_load((FOLDER / PARTS[part][1]).read_text("utf-8"))["pairs"]
    model = store.base()
    told = [(Told.of("", one), Told.of("", other)) for *_, one, other in rows]
    rarity = _rarity([each.words for both in told for each in both])
    found = []
    for (verdict, who, hours, one, other), (mine, theirs) in zip(rows, told, strict=True):
        read = [local.read("", text, model) for text in (one, other)]
        vectors = [each.vector for each in read]
        assert vectors[0] is not None
        assert vectors[1] is not None
        topics = [each.reading.topic.value or each.reading.topic.likely for each in read]
        cosine = float(vectors[0] @ vectors[1])
        own = who == "own"
        signs = likeness.compared(mine, theirs, cosine, topics[0] == topics[1], float(hours), own, rarity)
        found.append(Pair(verdict == "same", own, signs, (one, other)))
    return found


def _rarity(texts: Sequence[frozenset[str]]) -> dict[str, float]:
    """What words are worth on a desk with these tickets."""
    seen: dict[str, int] = {}
    for words in texts:
        for word in words:
            seen[word] = seen.get(word, 0) + 1
    return {word: math.log((1 + len(texts)) / (1 + count)) + 1 for word, count in seen.items()}


def twins(part: str, wrong: bool = False) -> dict[str, Any]:
    """Precision and recall, of what is offered and of what is linked by itself."""
    found: dict[str, Any] = {}
    some = pairs(part)
    for name, chosen in (
        ("own", [p for p in some if p.own]),
        ("others", [p for p in some if not p.own]),
        ("all", some),
    ):
        scores = [likeness.score(pair.signs, pair.own) for pair in chosen]
        found[name] = {
            "pairs": len(chosen),
            "same": sum(pair.same for pair in chosen),
            "offered": _figures(chosen, [score >= likeness.OFFERED for score in scores]),
            "linked": _figures(chosen, [likeness.is_certain(pair.signs, pair.own) for pair in chosen]),
        }
        if wrong and name == "all":
            for pair, score in sorted(zip(chosen, scores, strict=True), key=lambda each: each[1]):
                if (score >= likeness.OFFERED) is not pair.same or (
                    likeness.is_certain(pair.signs, pair.own) and not pair.same
                ):
                    sys.stderr.write(
                        f"twins {score:.2f} same={pair.same} own={pair.own} "
                        f"{[round(value, 2) for value in pair.signs.values()]} {pair.told}\n"
                    )
    return found


def _figures(chosen: Sequence[Pair], said: Sequence[bool]) -> dict[str, float]:
    hits = sum(yes and pair.same for yes, pair in zip(said, chosen, strict=True))
    return {
        "said": sum(said),
        "right": hits,
        "precision": round(hits / max(1, sum(said)), 3),
        "recall": round(hits / max(1, sum(pair.same for pair in chosen)), 3),
    }


def _print_fit() -> None:
    """Logistic regression with weights that point the way they must, by projected gradient."""
    some = pairs(DEVELOPMENT)
    for name, own in (("OWN", True), ("OTHERS", False)):
        chosen = [pair for pair in some if pair.own is own]
        values = np.array([pair.signs.values() for pair in chosen])
        wanted = np.array([float(pair.same) for pair in chosen])
        start, constant = likeness.OWN if own else likeness.OTHERS
        weights, bias = np.array(start), float(constant)
        signs = np.sign(weights)
        # Drawn to what was thought out beforehand: a hundred pairs alone would make it a slave of their accidents.
        for _ in range(20_000):
            likely = 1 / (1 + np.exp(-(values @ weights + bias)))
            error = (likely - wanted) / len(wanted)
            weights -= 0.3 * (values.T @ error + 0.004 * (weights - np.array(start)))
            bias -= 0.3 * (error.sum() + 0.0005 * (bias - constant))
            weights = np.where(np.sign(weights) == signs, weights, 0.0)
        right = ((values @ weights + bias > 0) == (wanted > 0.5)).mean()
        shown = ", ".join(f"{weight:.1f}" for weight in weights)
        sys.stdout.write(f"{name} = (({shown}), {bias:.1f})  # {right:.3f} of {len(chosen)} development pairs\n")


# --- a public set


def public(folder: Path) -> dict[str, Any]:
    """The classifier of topics alone on a public set of questions (BANKING77 and cuts of it)."""
    from bench.nlu import datasets

    data = datasets.read(folder)
    encoder = store.encoder()
    examples = [Example(text, intent) for text, intent in data.train]
    vectors = encoder.encode([example.text for example in examples])
    began = time.process_time()
    model = training.train(examples, vectors, encoder.version, []).model
    took = time.process_time() - began
    rows = wording.weighed([wording.places(text) for text, _ in data.test], model.judges.rarity)
    shares = model.shares(encoder.encode([text for text, _ in data.test]), rows)
    hits = np.array(
        [model.classes[best] == intent for best, (_, intent) in zip(shares.argmax(1), data.test, strict=True)]
    )
    return {
        "name": data.name,
        "test": len(data.test),
        "accuracy": round(float(hits.mean()), 3),
        "calibration_error": round(training.calibration_error(shares.max(axis=1), hits), 3),
        "training_s": round(took, 1),
    }


def told(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    held_out = found["tickets"][HELD_OUT]
    lines = [
        "# Reading tickets and finding twins",
        "",
        "`python -m bench.intake.reading`. What counts is the part that was held out; the development part, by which "
        "words and weights were chosen, stands beside it to show how much was learned by heart. Behind each share "
        f"is the range in which it lies in 95 of 100 such sets. Load of the machine while it ran: {held_out['load']}.",
        "",
        *_tickets_told(found["tickets"]),
        "",
        *_taken_for_told(held_out),
        "",
        *_twins_told(found["twins"]),
    ]
    if "public" in found:
        said = found["public"]
        lines += [
            "",
            f"{said['name']}, {said['test']} questions: accuracy {said['accuracy']}, calibration error "
            f"{said['calibration_error']}, {said['training_s']} s of training.",
        ]
    return "\n".join(lines)


def _tickets_told(parts: dict[str, Any]) -> list[str]:
    read, before = parts[HELD_OUT], parts[DEVELOPMENT]

    def row(name: str, right: str, of: str) -> str:
        return (
            f"| {name} | "
            + " | ".join(_share(_number(some, right), _number(some, of)) for some in (read, before))
            + " |"
        )

    return [
        f"| reading | held out: {read['count']} tickets | development: {before['count']} |",
        "|---|---|---|",
        *(row(f"{tag} right", f"right {tag}", "count") for tag in TAGS),
        row("topic, of those it is sure of", "topic_when_sure right", "topic_when_sure count"),
        row("topic, best guess", "topic_best_guess", "count"),
        row("about nothing the desk does: found", "nothing_to_read right", "nothing_to_read there"),
        row("topic unsure: rightly so", "nothing_to_read right", "nothing_to_read said"),
        row("language unsure", "language_unsure", "count"),
        f"| calibration error of the topic | {read['calibration_error']} | {before['calibration_error']} |",
        f"| milliseconds a ticket, one core: mean, p95 (to reach: {read['ms']['to_reach']:.0f}) "
        f"| {read['ms']['mean']}, {read['ms']['p95']} | {before['ms']['mean']}, {before['ms']['p95']} |",
    ]


def _number(some: dict[str, Any], where: str) -> int:
    """A figure by the names that lead to it."""
    found: Any = some
    for name in where.split():
        found = found[name]
    return int(found)


def _taken_for_told(read: dict[str, Any]) -> list[str]:
    """What was taken for what, of the tickets held out."""
    lines = []
    for tag, values in (("urgency", list(Urgency)), ("tone", list(Tone))):
        mixed = read["taken_for"][tag]
        lines += [
            f"| {tag}, held out: is | " + " | ".join(f"read as {said}" for said in values) + " |",
            "|---|" + "---|" * len(values),
            *(
                f"| {wanted} | " + " | ".join(str(mixed.get(f"{wanted} as {said}", 0)) for said in values) + " |"
                for wanted in values
            ),
            "",
        ]
    return lines[:-1]


def _twins_told(parts: dict[str, Any]) -> list[str]:
    lines = [
        "| twins | pairs (the same) | offered: precision, recall | linked by itself: precision, recall |",
        "|---|---|---|---|",
    ]
    for part, name in ((HELD_OUT, "held out"), (DEVELOPMENT, "development")):
        lines += [
            f"| {name}: {whose} | {some['pairs']} ({some['same']}) | {some['offered']['precision']}, "
            f"{some['offered']['recall']} | {some['linked']['precision']}, {some['linked']['recall']} |"
            for whose, some in parts[part].items()
        ]
    return lines


def _share(right: int, count: int) -> str:
    """`91.0% (84-95)`: with Wilson's interval (1927) for 95 %."""
    if not count:
        return "-"
    z, share = 1.96, right / count
    middle = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    low, high = ((middle + sign * half) / (1 + z * z / count) for sign in (-1, 1))
    return f"{share:.1%} ({100 * low:.0f}-{100 * high:.0f})"


if __name__ == "__main__":
    sys.exit(main())
