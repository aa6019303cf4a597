"""`python -m bench.web`: makes what is missing, measures, compares, writes `bench/results/web.json` and `.md`.

`--tickets` and `--small` choose the sizes, `--no-peer` leaves the peer out, `--port` is the first of two.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.web import data, desk, measure, peer
from bench.web.measure import Times
from bench.web.pages import PAGES, PEER_PAGES
from helpsage import settings
from helpsage.settings import ROOT

RESULTS = ROOT / "bench" / "results"
#: How much longer a page may take at a million tickets than at ten thousand.
FLAT = 1.5
#: Pages of agents at work; figures are looked at by few.
AGENTS_PAGES = ("queue", "queue, filtered", "queue, mine", "search, two words", "ticket", "ticket", "ticket")


def main() -> None:
    """Do everything; ends with code 1 when a target is missed."""
    asked = _arguments()
    folder = settings.get().var / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    with data.server(folder) as address:
        measured = _measure(asked, folder, address)
    measured["misses"] = _misses(measured)
    report = _report(measured)
    print(report)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "web.json").write_text(json.dumps(measured, indent=1) + "\n")
    (RESULTS / "web.md").write_text(report + "\n")
    sys.exit(1 if measured["misses"] else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./sage bench web")
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--port", type=int, default=18_300)
    parser.add_argument("--no-peer", action="store_true")
    return parser.parse_args()


def _measure(asked: argparse.Namespace, folder: Path, address: Callable[[str], str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}, load {os.getloadavg()[0]:.1f} at the beginning",
        "tickets": asked.tickets,
        "small": asked.small,
        "desk": {},
        "peer": {},
    }
    for tickets in (asked.small, asked.tickets):
        url = _database(address, f"desk_{tickets}", lambda url, n=tickets: data.fill(url, n, _say))
        _say(f"measuring at {tickets:,} tickets")
        found["desk"][str(tickets)] = _desk(url, folder, asked, tickets, found)
        if not asked.no_peer:
            python = peer.environment(folder, _say)
            theirs = _database(address, f"peer_{tickets}", lambda url, n=tickets, p=python: peer.fill(p, url, n))
            _say(f"measuring the peer at {tickets:,} tickets")
            found["peer"][str(tickets)] = _peer(python, theirs, folder, asked, tickets)
    return found


def _database(address: Callable[[str], str], name: str, fill: Callable[[str], None]) -> str:
    """The database of this name, made when it is not there yet."""
    admin, url = address("postgres"), address(name)
    if not data.exists(admin, name):
        _say(f"making {name}, once")
        data.make(admin, name)
        fill(url)
        data.finish(admin, url, name)
    return url


def _desk(url: str, folder: Path, asked: argparse.Namespace, tickets: int, found: dict[str, Any]) -> dict[str, Any]:
    variables = desk.variables(url, folder, asked.port)
    with measure.running(desk.command(), variables, asked.port, folder / "desk.log") as address:
        boss, *agents = desk.tokens(url)
        visitor = desk.Desk(address, boss)
        taken = {name: asdict(times) for name, times in measure.pages(visitor.open, PAGES, tickets).items()}
        taken["create"] = asdict(measure.repeated(visitor.create))
        visitor.close()
        if tickets == asked.tickets:
            _say(f"{len(agents)} agents at once")
            kinds = [page for name in AGENTS_PAGES for page in PAGES if page.name == name]
            found["traffic"] = asdict(measure.traffic(address, agents, kinds, tickets))
    return taken


def _peer(python: Path, url: str, folder: Path, asked: argparse.Namespace, tickets: int) -> dict[str, Any]:
    port = asked.port + 1
    with measure.running(peer.command(python, port), peer.variables(url), port, folder / "peer.log") as address:
        visitor = peer.Peer(address)
        visitor.log_in()
        taken = {name: asdict(times) for name, times in measure.pages(visitor.open, PEER_PAGES, tickets).items()}
        taken["create"] = asdict(measure.repeated(visitor.create))
        visitor.close()
    return taken


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


# --- what came out


def _misses(measured: dict[str, Any]) -> list[str]:
    """Targets that were not reached."""
    small, large = (measured["desk"][str(measured[size])] for size in ("small", "tickets"))
    missed = []
    for page in PAGES:
        p95 = large[page.name]["p95_ms"]
        if page.target_ms is not None and p95 > page.target_ms:
            missed.append(f"{page.name}: p95 {p95} ms, not {page.target_ms:.0f}")
        times = p95 / small[page.name]["p95_ms"]
        if page.flat and times > FLAT:
            missed.append(f"{page.name}: {times:.2f} times what it takes at {measured['small']:,}")
    if measured["traffic"]["errors"]:
        missed.append(f"traffic: {measured['traffic']['errors']} errors")
    return missed


def _report(measured: dict[str, Any]) -> str:
    small, large = measured["small"], measured["tickets"]
    lines = [
        "# Pages at a million tickets",
        "",
        f"Made by `./sage bench web` on {measured['at']}; {measured['machine']}. One process of the web program, "
        "embedded PostgreSQL with its usual settings, client and servers on the same machine. Milliseconds.",
        "",
        f"| page | p50 at {small:,} | p95 at {small:,} | p50 at {large:,} | p95 at {large:,} | times | target p95 |",
        "|---|---|---|---|---|---|---|",
    ]
    for page in PAGES:
        few, many = measured["desk"][str(small)][page.name], measured["desk"][str(large)][page.name]
        target = f"{page.target_ms:.0f}" if page.target_ms else ""
        lines.append(
            f"| {page.name} | {few['p50_ms']} | {few['p95_ms']} | {many['p50_ms']} | {many['p95_ms']} "
            f"| {many['p95_ms'] / few['p95_ms']:.2f} | {target} |"
        )
    crowd = measured["traffic"]
    lines += [
        "",
        f"{crowd['agents']} agents at once for {crowd['seconds']:.0f} s, a page every {measure.PAUSE_S:.0f} s each: "
        f"{crowd['requests']} pages, {crowd['errors']} errors, p50 {crowd['p50_ms']}, p95 {crowd['p95_ms']}, "
        f"slowest {crowd['slowest_ms']} ms.",
    ]
    if measured["peer"]:
        lines += ["", *_compared(measured)]
    lines += [
        "",
        "Missed: " + "; ".join(measured["misses"]) + "." if measured["misses"] else "Every target is reached.",
    ]
    return "\n".join(lines)


def _compared(measured: dict[str, Any]) -> list[str]:
    """The same work of both, and how many times as long the peer takes."""
    lines = [
        f"## Beside {peer.PACKAGES[0].replace('==', ' ')}",
        "",
        "The same number of tickets with the same words on the same PostgreSQL, in the same run; one process with 16 "
        "threads. A list is its page and the rows that its script fetches then.",
        "",
        "| what | tickets | ours p50 | ours p95 | theirs p50 | theirs p95 | theirs / ours (p50) |",
        "|---|---|---|---|---|---|---|",
    ]
    for tickets in (str(measured["small"]), str(measured["tickets"])):
        for name in (*(page.name for page in PEER_PAGES), "create"):
            ours, theirs = measured["desk"][tickets][name], measured["peer"][tickets][name]
            lines.append(
                f"| {name} | {int(tickets):,} | {ours['p50_ms']} | {ours['p95_ms']} | {theirs['p50_ms']} "
                f"| {theirs['p95_ms']} | {theirs['p50_ms'] / ours['p50_ms']:.1f} |"
            )
    return lines


__all__ = ["Times", "main"]

if __name__ == "__main__":
    main()
