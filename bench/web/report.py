"""The table of `./sage bench web`, and what was not reached."""

from __future__ import annotations

from typing import Any

from bench.web import measure, peer
from bench.web.pages import CREATED, PAGES

#: How much longer a page may take at a million tickets than at ten thousand.
FLAT = 1.5


def as_markdown(found: dict[str, Any]) -> str:
    """The results as a page."""
    return "\n".join([*_introduction(found), *_ratios(found), *_targets(found), *_crowd(found), *_verdict(found), ""])


def missed(found: dict[str, Any]) -> list[str]:
    """Targets that were not reached."""
    wrong = []
    for page in PAGES:
        p95 = found["desk"]["tickets"][page.name]["p95_ms"]
        if page.target_ms is not None and p95 > page.target_ms:
            wrong.append(f"{page.name}: p95 {p95:,} ms, not {page.target_ms:.0f}")
        times = _growth(found, page.name)
        if page.flat and times > FLAT:
            wrong.append(f"{page.name}: {times:.2f} times what it takes at {found['small']:,} tickets")
    if found["traffic"]["errors"]:
        wrong.append(f"traffic: {found['traffic']['errors']} errors")
    return wrong


def _growth(found: dict[str, Any], name: str) -> float:
    few, many = (float(found["desk"][size][name]["p95_ms"]) for size in ("small", "tickets"))
    return many / few


def _introduction(found: dict[str, Any]) -> list[str]:
    load = " then ".join(f"{value}" for value in found["load"])
    return [
        f"# Pages at {found['tickets']:,} tickets",
        "",
        f"{found['at']}, {found['cores']} cores; one-minute load {load} (before, after ours"
        + (", after the peer's)." if "peer" in found else ").")
        + " Client, programs and PostgreSQL share the machine. One process of the web program, one of the peer, the "
        "embedded PostgreSQL with the settings that `./sage up` gives it. Milliseconds until the whole answer "
        "is there, one request at a time. Again: `./sage bench web`.",
        "",
        *_busy(found),
    ]


def _busy(found: dict[str, Any]) -> list[str]:
    """A word of warning when others wanted the cores: the load before the measurement is theirs alone."""
    if found["load"][0] <= found["cores"]:
        return []
    return [
        f"**The machine was busy with other work** (load {found['load'][0]} on {found['cores']} cores when this "
        "began): how the two sizes and the two programs compare can be read from this, how many milliseconds a page "
        "takes on a quiet machine cannot.",
        "",
    ]


def _ratios(found: dict[str, Any]) -> list[str]:
    """The same work of both, and how many times as long the peer takes."""
    if "peer" not in found:
        return []
    lines = [
        f"## Beside {peer.PACKAGES[0].replace('==', ' ')}",
        "",
        "The same tickets, copied from our tables into its own, on the same PostgreSQL in the same run; it runs as its "
        "documentation says (gunicorn, one worker with 16 threads; DEBUG off; its own indexes), its user may see "
        "everything, and so may ours. A list of the peer is its page and the rows that the page's script fetches then.",
        "",
        "| what | tickets | ours p50 | ours p95 | theirs p50 | theirs p95 | theirs / ours, p50 | its requests |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in [page.name for page in PAGES if page.peer] + ["create"]:
        for size in ("small", "tickets"):
            ours, theirs = found["desk"][size][name], found["peer"][size][name]
            lines.append(
                f"| {name} | {found[size]:,} | {ours['p50_ms']:,} | {ours['p95_ms']:,} | {theirs['p50_ms']:,} "
                f"| {theirs['p95_ms']:,} | {theirs['p50_ms'] / ours['p50_ms']:,.1f} | {theirs['requests']} |"
            )
    return [*lines, ""]


def _targets(found: dict[str, Any]) -> list[str]:
    small, large = found["small"], found["tickets"]
    megabytes = found["database_mb"]
    lines = [
        "## Against the targets",
        "",
        "Asked by a lead, who sees every ticket; an agent's pages by agents of all teams in turn, who see their "
        f"team's. The databases have {megabytes['small']:,} MB and {megabytes['tickets']:,} MB; both sizes are asked "
        "in turns.",
        "",
        f"| page | p50, {small:,} | p95, {small:,} | p50, {large:,} | p95, {large:,} | target | p95 grew | target |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for page in (*PAGES, *CREATED):
        few, many = (found["desk"][size][page.name] for size in ("small", "tickets"))
        target = f"{page.target_ms:.0f}" if page.target_ms else ""
        lines.append(
            f"| {page.name} | {few['p50_ms']} | {few['p95_ms']} | {many['p50_ms']} | {many['p95_ms']} | {target} "
            f"| {_growth(found, page.name):.2f} | {FLAT if page.flat else ''} |"
        )
    return [*lines, ""]


def _crowd(found: dict[str, Any]) -> list[str]:
    crowd = found["traffic"]
    return [
        f"{crowd['agents']} agents at once for {crowd['seconds']:.0f} s on {found['tickets']:,} tickets, each opening "
        f"a page about every {measure.PAUSE_S:.0f} s (tickets, queue, search): {crowd['requests']} pages, "
        f"{crowd['errors']} errors, p50 {crowd['p50_ms']}, p95 {crowd['p95_ms']}, slowest {crowd['slowest_ms']} ms.",
        "",
    ]


def _verdict(found: dict[str, Any]) -> list[str]:
    if not found["missed"]:
        return ["Every target is reached."]
    return ["Not reached:", "", *(f"- {each}" for each in found["missed"])]
