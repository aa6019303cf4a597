"""The tables of `./sage bench channels`, and what was not reached."""

from __future__ import annotations

from typing import Any

ACKNOWLEDGED_MS, ANSWERED_MS, REPLIED_MS = 50.0, 150.0, 500.0


def as_markdown(found: dict[str, Any]) -> str:
    """The results as a page."""
    return "\n".join([*_introduction(found), *_beside(found), *_runs(found), *_replies(found), *_verdict(found), ""])


def missed(found: dict[str, Any]) -> list[str]:
    """Targets that were not reached."""
    wrong = []
    for name, run in found["ours"]["runs"].items():
        wrong += _late(f"{name}, acknowledged", run["acknowledged_p95_ms"], ACKNOWLEDGED_MS)
        wrong += _late(f"{name}, answered", run["answered_p95_ms"], ANSWERED_MS)
        wrong += [f"{name}: {run[what]} {what}" for what in ("refused", "unanswered") if run[what]]
    for name, run in found["ours"].get("replies", {}).items():
        wrong += _late(f"replies in {name}", run["arrived_p95_ms"], REPLIED_MS)
        wrong += [f"replies in {name}: {run[what]} {what}" for what in ("refused", "unanswered") if run[what]]
    return wrong


def _late(what: str, p95: float, target: float) -> list[str]:
    return [f"{what}: p95 {p95:,} ms, not {target:.0f}"] if p95 > target else []


def _introduction(found: dict[str, Any]) -> list[str]:
    load = " then ".join(str(value) for value in found["load"])
    gaps = "at random moments (a Poisson process)" if found["arrivals"] == "random" else "evenly spaced"
    return [
        "# Chat applications, measured",
        "",
        f"{found['at']}, {found['cores']} cores; one-minute load {load} (before, after ours"
        + (", after the stock connector)." if "stock" in found else ").")
        + " The four programs as `./sage up` starts them, the embedded PostgreSQL, the vendors' servers on loopback "
        "and the generator of load share the machine; the last two are processes of their own. "
        "Again: `./sage bench channels`.",
        "",
        f"Messages come {gaps}, {found['rate']:.0f} a second for {found['seconds']:.0f} s, whether the earlier ones "
        "were answered or not; every time counts from the moment at which the request was to go out. A quarter calls "
        "an action, the others ask the FAQ; one in twenty is somebody's first. Each person says one thing in a run, "
        "and the answer is there when the vendor's API is called for that person.",
        "",
        *_busy(found),
    ]


def _busy(found: dict[str, Any]) -> list[str]:
    """A word of warning when others wanted the cores: the load before the measurement is theirs alone."""
    if found["load"][0] <= 1.0:
        return []
    return [
        f"**The machine was busy with other work** (load {found['load'][0]} on {found['cores']} cores when this "
        "began): how ours and the stock connector compare can be read from this, how many milliseconds a quiet machine "
        "needs cannot.",
        "",
    ]


def _beside(found: dict[str, Any]) -> list[str]:
    """The same work of both, and how many times as long the stock connector takes."""
    if "stock" not in found:
        words = "Rasa's own Slack connector did not start in time, so nothing is compared with it here."
        return [words, ""] if found.get("without_stock") else []
    pairs = [
        (found["low_rate"], found["ours"]["runs"].get("slack, slowly"), found["stock"]["slowly"]),
        (found["rate"], found["ours"]["runs"].get("slack"), found["stock"]["fast"]),
    ]
    lines = [
        "## Beside Rasa's own Slack connector",
        "",
        "Rasa 3.6.21 as `rasa init` configures it, its SQL tracker store on the same PostgreSQL, this "
        "project's data and action server. It acknowledges before it has kept anything, so that a restart loses what "
        "it was answering; ours writes first. Its connectors for Teams and Telegram call their vendors' fixed "
        "addresses when they start, so they do not run on loopback.",
        "",
        "| Slack | messages a second | ours p50 | ours p95 | stock p50 | stock p95 | stock / ours, p95 |",
        "|---|---|---|---|---|---|---|",
    ]
    for rate, ours, stock in pairs:
        for name in ("acknowledged", "answered") if ours else ():
            own, theirs = ours[f"{name}_p95_ms"], stock[f"{name}_p95_ms"]
            lines.append(
                f"| {name}, ms | {rate:.0f} | {ours[f'{name}_p50_ms']:,} | {own:,} | {stock[f'{name}_p50_ms']:,} "
                f"| {theirs:,} | {theirs / own:,.1f} |"
            )
    lost = found["stock"]["fast"]["unanswered"]
    return [*lines, "", *([f"{lost} messages of the fast run got no answer from it in time.", ""] if lost else [])]


def _runs(found: dict[str, Any]) -> list[str]:
    lines = [
        "## Against the targets",
        "",
        f"Milliseconds; to reach: p95 {ACKNOWLEDGED_MS:.0f} until acknowledged, {ANSWERED_MS:.0f} until answered.",
        "",
        "| run | messages | a second | acknowledged p50 | p95 | slowest | answered p50 | p95 | slowest "
        "| refused | unanswered | generator late, p95 | its share of a core |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, run in found["ours"]["runs"].items():
        lines.append(
            f"| {name} | {run['messages']:,} | {run['a_second']} "
            f"| {run['acknowledged_p50_ms']:,} | {run['acknowledged_p95_ms']:,} | {run['acknowledged_slowest_ms']:,} "
            f"| {run['answered_p50_ms']:,} | {run['answered_p95_ms']:,} | {run['answered_slowest_ms']:,} "
            f"| {run['refused']} | {run['unanswered']} | {run['generator_late_p95_ms']} | {run['generator_cpu']} |"
        )
    return [*lines, "", *_costs(found)]


def _costs(found: dict[str, Any]) -> list[str]:
    """What a message costs, whatever else the machine does."""
    runs = found["ours"]["runs"]
    if not runs:
        return []
    names = list(next(iter(runs.values()))["cpu_ms"])
    return [
        "Milliseconds of a core for each message, all that happens meanwhile included:",
        "",
        "| run | " + " | ".join(names) + " | together |",
        "|---" * (len(names) + 2) + "|",
        *(
            f"| {name} | "
            + " | ".join(f"{run['cpu_ms'][each]}" for each in names)
            + f" | {sum(run['cpu_ms'].values()):.2f} |"
            for name, run in runs.items()
        ),
        "",
    ]


def _replies(found: dict[str, Any]) -> list[str]:
    if "replies" not in found["ours"]:
        return []
    lines = [
        "## An agent's reply",
        "",
        f"Forms of the console, {found['reply_rate']:.0f} a second, until Slack's API is called; to reach: p95 "
        f"{REPLIED_MS:.0f} ms.",
        "",
        "| where | replies | p50 | p95 | slowest | refused | did not arrive |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, run in found["ours"]["replies"].items():
        lines.append(
            f"| {name} | {run['replies']} | {run['arrived_p50_ms']:,} | {run['arrived_p95_ms']:,} "
            f"| {run['arrived_slowest_ms']:,} | {run['refused']} | {run['unanswered']} |"
        )
    return [*lines, ""]


def _verdict(found: dict[str, Any]) -> list[str]:
    if not found["missed"]:
        return ["Every target is reached."]
    return ["Not reached:", "", *(f"- {each}" for each in found["missed"])]
