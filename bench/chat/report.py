"""The table of `./sage bench chat`."""

from __future__ import annotations

from typing import Any

ROWS = [
    ("messages/s, FAQ turn", "faq_per_second"),
    ("p95 ms, FAQ turn", "faq_p95_ms"),
    ("messages/s, turn with one custom action", "action_per_second"),
    ("p95 ms, turn with one custom action", "action_p95_ms"),
    ("length of the long conversation, turns", "turns"),
    ("ms, around the 10th turn", "turn_10_ms"),
    ("ms, around the last turn", "turn_last_ms"),
    ("s, four messages of one sender at once", "four_at_once_s"),
    ("training s", "training_s"),
    ("parse ms, mean", "parse_mean_ms"),
    ("parse ms, p95", "parse_p95_ms"),
    ("assistant MB", "memory_mb"),
]

INTRODUCTION = """# The chat, measured

Our assistant against Rasa 3.6.21 with the configuration that `rasa init` writes (DIET, TED, UnexpecTED), both with this
project's data, domain, rules and action server, on the same machine in the same run, with the same traffic over
Socket.IO: {people} people, each saying the next thing when the last is answered. {length}
The stock server got the same repair of WebSockets on Python 3.11 that ours has; without it, it answers nobody there.

Machine: {cores} cores. Again: `./sage bench chat`.
"""


def as_markdown(result: dict[str, Any]) -> str:
    """The results as a page."""
    found = result["setups"]
    lines = [
        INTRODUCTION.format(
            people=result["traffic"]["people"], length=_length(result["traffic"]), cores=result["machine"]["cores"]
        ),
        "| | " + " | ".join(setup["name"] for setup in found) + " |",
        "|---" * (len(found) + 1) + "|",
    ]
    for title, key in ROWS:
        lines.append(f"| {title} | " + " | ".join(_shown(setup[key]) for setup in found) + " |")
    return "\n".join([*lines, "", *_goals(found), ""])


def _length(traffic: dict[str, Any]) -> str:
    epochs = traffic["stock_epochs"]
    if epochs is None:
        return "Trained as the configuration asks."
    return f"The stock configuration was trained for {epochs} of its 100 epochs: less accurate, equally fast."


def _goals(found: list[dict[str, Any]]) -> list[str]:
    ours, *others = found
    goals = [
        ("the last turn against the 10th", ours["turn_last_ms"] / ours["turn_10_ms"], "at most 1.3", "times"),
        ("four at once", ours["four_at_once_s"], "within 0.3", "s"),
        ("training", ours["training_s"], "within 45", "s"),
        ("parsing, p95", ours["parse_p95_ms"], "within 6", "ms"),
        ("memory", ours["memory_mb"], "within 700", "MB"),
    ]
    if others:
        sql = others[0]
        goals = [
            ("FAQ turns", ours["faq_per_second"] / sql["faq_per_second"], "6", "times stock Rasa on PostgreSQL"),
            ("custom actions", ours["action_per_second"] / sql["action_per_second"], "4", "times the same"),
            *goals,
        ]
    return [
        "| goal | to reach | measured |",
        "|---|---|---|",
        *(f"| {what} | {goal} {unit} | {value:.2f} {unit.split(' ')[0]} |" for what, value, goal, unit in goals),
    ]


def _shown(value: Any) -> str:
    return "-" if value is None else f"{value:,}"
