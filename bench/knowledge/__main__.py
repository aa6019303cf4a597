"""`python -m bench.knowledge`: questions of people against the articles that ship, and the time among ten thousand.

Writes `bench/results/knowledge.json` and `.md`. The questions were written by somebody who had not seen the articles.
They fall into two halves by their text: weights and threshold (`helpsage/knowledge/confidence.py`) were set by one
(`--fit` shows them), and the other is reported. `--wrong` lists mistakes of the half that weights were set by;
`--quick` leaves the ten thousand out and stores nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from bench.knowledge import crowd, quality, questions
from bench.knowledge.quality import WAYS, Found
from bench.web import data
from helpsage import settings
from helpsage.db import migrate
from helpsage.knowledge import confidence, importing, index
from helpsage.settings import ROOT

RESULTS = ROOT / "bench" / "results"
DATABASE = "knowledge"
#: To reach.
MOST_MS = 20.0
BOTH = "words and meaning"


def main() -> int:
    """Measure, print, store; 1 when a target is missed."""
    asked = _arguments()
    folder = settings.get().var / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    with data.server(folder) as address:
        data.make(address("postgres"), DATABASE)
        engine = create_engine(address(DATABASE).replace("postgresql://", "postgresql+psycopg2://"))
        migrate.upgrade(engine)
        found = _measured(asked, Session(engine))
        if not asked.quick:
            crowd.fill(engine)
            with Session(engine) as session:
                found["speed"] = crowd.measure(session, questions.read())
        engine.dispose()
    report = _report(found)
    sys.stdout.write(report + "\n")
    if asked.quick:
        return 0
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "knowledge.json").write_text(json.dumps(found, indent=1) + "\n")
    (RESULTS / "knowledge.md").write_text(report + "\n")
    return 1 if found["speed"]["ms_p95"] > MOST_MS else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./sage bench knowledge")
    for name in ("--fit", "--wrong", "--quick"):
        parser.add_argument(name, action="store_true")
    return parser.parse_args()


def _measured(asked: argparse.Namespace, session: Session) -> dict[str, Any]:
    with session:
        imported = importing.shipped(session)
        while waiting := index.outdated(session):
            for article_id in waiting:
                index.build(session, article_id)
        session.commit()
        some = questions.read()
        by_way = {way: quality.ask(session, some, way) for way in WAYS}
    both = by_way[BOTH]
    fitted, reported = ([each for each in both if each.question.fitted is half] for half in (True, False))
    if asked.fit:
        bias, weights = quality.fit(fitted)
        sys.stdout.write(f"bias {bias}, weights {weights}; threshold {quality.choose(fitted)} as it is now\n\n")
    if asked.wrong:
        _tell_wrong(fitted)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}, load {os.getloadavg()[0]:.1f} at the end",
        "articles": len(imported),
        "formula": confidence.VERSION,
        "ranking": {
            half: {
                way: quality.ranking([each for each in found if each.question.fitted is (half == "fitted")])
                for way, found in by_way.items()
            }
            for half in ("reported", "fitted")
        },
        "quoting": {
            "reported": quality.quoting(reported, confidence.QUOTED),
            "fitted": quality.quoting(fitted, confidence.QUOTED),
        },
        "calibration_error": {
            "reported": quality.calibration(reported),
            "fitted": quality.calibration(fitted),
        },
    }


def _tell_wrong(fitted: list[Found]) -> None:
    for each in fitted:
        first = each.first
        told = f"{first.confidence:.2f} {first.signs} {first.slug}#{first.anchor}" if first else "nothing"
        if each.question.articles and not each.right:
            sys.stdout.write(f"WRONG {each.question.text!r} -> {told}, not {sorted(each.question.articles)}\n")
        if not each.question.articles and first and first.confidence >= confidence.QUOTED:
            sys.stdout.write(f"FALSE {each.question.text!r} -> {told}\n")
        if each.right and first and first.confidence < confidence.QUOTED:
            sys.stdout.write(f"MISSED {each.question.text!r} -> {told}\n")


def _report(found: dict[str, Any]) -> str:
    lines = [
        "# Finding articles",
        "",
        f"`./sage bench knowledge`, {found['at'][:10]}; {found['machine']}. {found['articles']} shipped articles. "
        "The questions were written by somebody who had not seen the articles. They fall into two halves by a hash of "
        "their text: formula and threshold were set by one, the other is reported.",
        "",
        "| the right article is | first | among five | mean reciprocal rank |",
        "|---|---|---|---|",
    ]
    for half, way in ((half, way) for half in ("reported", "fitted") for way in WAYS):
        row = found["ranking"][half][way]
        lines.append(
            f"| {half} half ({row['questions']}): {way} | {row['recall_at_1']:.1%} | {row['recall_at_5']:.1%} "
            f"| {row['mrr']:.3f} |"
        )
    lines += [
        "",
        f"| quoted from confidence {confidence.QUOTED} ({found['formula']}) | reported half | fitted half |",
        "|---|---|---|",
    ]
    lines += [
        f"| {what} | {_counted(found, 'reported', *keys)} | {_counted(found, 'fitted', *keys)} |"
        for what, *keys in (
            ("questions out of scope that are answered all the same", "false_answers", "out_of_scope"),
            ("questions of the articles that are answered", "quoted", "answerable"),
            ("of those, from the right article", "quoted_right", "quoted"),
            ("of those, from a wrong one", "quoted_wrong", "quoted"),
        )
    ]
    error = found["calibration_error"]
    lines += [f"| calibration error of the confidence | {error['reported']} | {error['fitted']} |"]
    if speed := found.get("speed"):
        lines += [
            "",
            f"| a search among {speed['articles']:,} articles ({speed['searches']} searches, one after the other) "
            "| median | p95 |",
            "|---|---|---|",
            f"| milliseconds in all (to reach: p95 {MOST_MS:.0f}) | {speed['ms_median']} | {speed['ms_p95']} |",
            f"| of those, the question's vector | {speed['encoding_ms_median']} | {speed['encoding_ms_p95']} |",
        ]
    return "\n".join(lines)


def _counted(found: dict[str, Any], half: str, part: str, whole: str) -> str:
    row = found["quoting"][half]
    return f"{row[part]} of {row[whole]} ({row[part] / max(row[whole], 1):.1%})"


if __name__ == "__main__":
    sys.exit(main())
