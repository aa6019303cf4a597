"""`python -m bench.intake`: what comes in, beside plain inserts; a burst with dead workers; how well tickets are read.

Writes `bench/results/intake.json` and `.md`; what is read has its own (`bench.intake.reading`). `--records` is the size
of the burst, `--no-reading` leaves the reader out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from bench.intake import burst
from bench.web import data
from helpsage import settings
from helpsage.db import migrate
from helpsage.db.tables import metadata
from helpsage.departments import service as departments
from helpsage.settings import ROOT

RESULTS = ROOT / "bench" / "results"
DATABASE = "intake"
#: To reach.
SHARE_OF_CEILING = 1 / 3
MOST_WAIT_S = 2.0
STEADY_RATE, STEADY_SECONDS = 50.0, 20.0


def main() -> int:
    """Measure, print, store; 1 when a target is missed."""
    asked = _arguments()
    folder = settings.get().var / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    with data.server(folder) as address:
        found = _measured(asked, address("postgres"), address(DATABASE), folder)
    found["misses"] = _misses(found)
    report = _report(found)
    sys.stdout.write(report + "\n")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "intake.json").write_text(json.dumps(found, indent=1) + "\n")
    (RESULTS / "intake.md").write_text(report + "\n")
    read = 0
    if not asked.no_reading:
        read = subprocess.run([sys.executable, "-m", "bench.intake.reading", "--store"], check=False).returncode
    return 1 if found["misses"] or read else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./sage bench intake")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--no-reading", action="store_true")
    return parser.parse_args()


def _measured(asked: argparse.Namespace, admin: str, url: str, folder: Path) -> dict[str, Any]:
    data.make(admin, DATABASE)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    migrate.upgrade(engine)
    _empty(url)
    found: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}, load {os.getloadavg()[0]:.1f} at the beginning",
        "connections": burst.CONNECTIONS,
    }
    _say("plain inserts")
    ceiling = burst.ceiling(url)
    _say("letters kept")
    accepted = burst.accepted(url)
    _say("tickets made")
    made = burst.made(url)
    _say(f"{ceiling.a_second}, {accepted.a_second} and {made.a_second} a second")
    found |= {"ceiling": ceiling.a_second, "accepted": accepted.a_second, "made": made.a_second}
    _say(f"a burst of {asked.records:,}, the worker killed twice")
    _empty(url)
    burst.warm(url, folder)
    _empty(url)
    found["brought"] = burst.fill(url, asked.records).a_second
    drained = burst.drained(url, asked.records, folder)
    found["burst"] = {**asdict(drained), "a_second": drained.a_second}
    _say(f"{STEADY_RATE:.0f} a second")
    _empty(url)
    with burst.worker(url, folder):
        found["steady"] = burst.waited(url, STEADY_RATE, STEADY_SECONDS)
    return found


def _empty(url: str) -> None:
    """No record, ticket, event or job is left."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"truncate {names} restart identity cascade"))
        connection.execute(text("truncate jobs.procrastinate_jobs cascade"))
    with Session(engine) as session, session.begin():
        departments.ensure_defaults(session)
    engine.dispose()


def _misses(found: dict[str, Any]) -> list[str]:
    missed = []
    for name in ("accepted", "made"):
        share = found[name] / found["ceiling"]
        if share < SHARE_OF_CEILING:
            missed.append(f"{name}: {share:.2f} of the ceiling, not {SHARE_OF_CEILING:.2f}")
    for name in ("lost", "doubled", "out_of_order", "unfinished"):
        if found["burst"][name]:
            missed.append(f"burst: {found['burst'][name]} {name.replace('_', ' ')}")
    if found["steady"]["routed_p95_s"] > MOST_WAIT_S:
        missed.append(f"steady: p95 {found['steady']['routed_p95_s']} s, not {MOST_WAIT_S}")
    if found["steady"]["rate"] < 0.98 * STEADY_RATE:
        missed.append(f"steady: brought {found['steady']['rate']} a second, not {STEADY_RATE}")
    return missed


def _report(found: dict[str, Any]) -> str:
    many, steady = found["burst"], found["steady"]
    return "\n".join(
        [
            "# What comes in",
            "",
            f"Made by `./sage bench intake` on {found['at']}; {found['machine']}. Embedded PostgreSQL with its usual "
            f"settings, everything on one machine. Plain inserts come on {found['connections']} connections, letters "
            f"from {burst.SENDERS} senders at a time, as many as the listener takes.",
            "",
            "| what | a second | of plain inserts | to reach |",
            "|---|---|---|---|",
            f"| plain inserts of the same letters, a transaction each | {found['ceiling']} | 1 | |",
            _row("letters kept, acknowledged when committed", found, "accepted"),
            _row("tickets made of them, one process", found, "made"),
            "",
            f"A burst of {many['records']:,} letters of {burst.PEOPLE} people, brought at {found['brought']} a second: "
            f"{many['tickets']:,} tickets after {many['seconds']:.0f} s ({many['a_second']} a second) while all that "
            f"follows a ticket is done besides, the worker killed {many['kills']} times on the way; "
            f"{many['lost']} lost, {many['doubled']} doubled, {many['out_of_order']} out of order, "
            f"{many['unfinished']} unfinished. {many['routed']:,} of them were read and routed after "
            f"{many['routed_s']:.0f} s, when the looking ended ({many['routed'] / many['routed_s']:.0f} a second).",
            "",
            f"At {steady['rate']} letters a second, from kept until others can see it: "
            f"ticket p50 {steady['ticket_p50_s']} s, p95 {steady['ticket_p95_s']} s; "
            f"routed p50 {steady['routed_p50_s']} s, p95 {steady['routed_p95_s']} s "
            f"(to reach: p95 {MOST_WAIT_S} s to routed).",
            "",
            "Missed: " + "; ".join(found["misses"]) + "." if found["misses"] else "Every target is reached.",
        ]
    )


def _row(what: str, found: dict[str, Any], name: str) -> str:
    return f"| {what} | {found[name]} | {found[name] / found['ceiling']:.2f} | {SHARE_OF_CEILING:.2f} |"


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
