"""`python -m bench.nlu --data DIR` (in Rasa's environment): the table of accuracy and cost on a public set.

`--with-diet` adds what `rasa init` writes; training that takes a quarter of an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench.nlu import project
from bench.nlu.datasets import Dataset, read
from bench.nlu.pipelines import ROOT, compared

RESULTS = ROOT / "bench" / "results"
HEADING = (
    "| pipeline | accuracy | unknown AUROC | training s | parse ms mean / p95 | model MB | server MB |\n"
    "|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Measured:
    """One row of the table. `unknown_auroc` is None for a set without unknown questions."""

    pipeline: str
    accuracy: float
    unknown_auroc: float | None
    training_seconds: float
    parse_mean_ms: float
    parse_p95_ms: float
    model_mb: float
    server_mb: float

    def row(self) -> str:
        """The row as Markdown."""
        unknown = "-" if self.unknown_auroc is None else f"{self.unknown_auroc:.3f}"
        return (
            f"| {self.pipeline} | {self.accuracy:.3f} | {unknown} | {self.training_seconds:.0f} "
            f"| {self.parse_mean_ms:.1f} / {self.parse_p95_ms:.1f} | {self.model_mb:.1f} | {self.server_mb:.0f} |"
        )


def main() -> int:
    """Measure, print the table, write it to `bench/results/`."""
    parser = argparse.ArgumentParser(prog="bench nlu", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with the set")
    parser.add_argument("--with-diet", action="store_true", help="also what `rasa init` writes (15 minutes)")
    parser.add_argument("--only-ours", action="store_true", help="leave Rasa's own pipelines out")
    arguments = parser.parse_args()
    try:
        dataset = read(arguments.data)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    machine = describe_machine()
    print(f"{describe(dataset)}\n{machine}\n\n{HEADING}", flush=True)
    measured = []
    for name, pipeline in compared(arguments.with_diet).items():
        if arguments.only_ours and not name.startswith("Help Sage"):
            continue
        with tempfile.TemporaryDirectory(prefix="bench-nlu-") as folder:
            project.write(Path(folder), dataset, pipeline)
            measured.append(measure(name, dataset, Path(folder)))
        print(measured[-1].row(), flush=True)
    if not arguments.only_ours:
        store(dataset, machine, measured)
    return 0


def measure(name: str, dataset: Dataset, folder: Path) -> Measured:
    """Train and ask the project in this folder."""
    seconds = project.train(folder)
    texts = [text for text, _ in dataset.test]
    asked = project.ask(folder, [*texts, *dataset.unknown])
    known, unknown = asked["answers"][: len(texts)], asked["answers"][len(texts) :]
    right = [answer[0] == intent for answer, (_, intent) in zip(known, dataset.test, strict=True)]
    return Measured(
        pipeline=name,
        accuracy=sum(right) / len(right),
        unknown_auroc=auroc([answer[1] for answer in known], [answer[1] for answer in unknown]),
        training_seconds=seconds,
        parse_mean_ms=float(np.mean(asked["milliseconds"])),
        parse_p95_ms=float(np.percentile(asked["milliseconds"], 95)),
        model_mb=(folder / f"{project.MODEL}.tar.gz").stat().st_size / 1e6,
        server_mb=asked["resident"],
    )


def auroc(known: list[float], unknown: list[float]) -> float | None:
    """How often a known question's confidence is above an unknown one's (area under the ROC curve)."""
    if not unknown:
        return None
    ordered = np.sort(np.array(unknown))
    below = np.searchsorted(ordered, known, side="left")
    equal = np.searchsorted(ordered, known, side="right") - below
    return float((below + equal / 2).sum() / (len(known) * len(unknown)))


def describe(dataset: Dataset) -> str:
    """One line about the set."""
    intents = len({intent for _, intent in dataset.train})
    return (
        f"{dataset.name}: {intents} intents, {len(dataset.train)} training examples, "
        f"{len(dataset.test)} test questions, {len(dataset.unknown)} unknown ones"
    )


def describe_machine() -> str:
    """What the times depend on: processors, and how busy they are with other things before the start."""
    return f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} from other work at the start"


def store(dataset: Dataset, machine: str, measured: list[Measured]) -> None:
    """Keep the table for people and the numbers for programs."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    about = describe(dataset)
    rows = "\n".join(row.row() for row in measured)
    repeat = f"Repeat it with `./sage bench nlu --data <folder of {dataset.name}>`."
    table = f"# Understanding: {dataset.name}\n\n{about}\n{machine}\n\n{HEADING}\n{rows}\n\n{repeat}\n"
    (RESULTS / f"nlu-{dataset.name}.md").write_text(table, "utf-8")
    numbers = {"set": about, "machine": machine, "rows": [asdict(row) for row in measured]}
    (RESULTS / f"nlu-{dataset.name}.json").write_text(json.dumps(numbers, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
