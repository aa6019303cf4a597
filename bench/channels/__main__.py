"""`./sage bench channels`: what chat applications wait for, open-loop, beside Rasa's own Slack connector.

From the moment at which a vendor's request was to go out: until it is acknowledged, and until the answer arrives at the
vendor's API. From the moment at which an agent's form was to go out: until the reply arrives there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.channels import desk, load, report, vendors
from bench.channels.desk import Desk
from bench.channels.vendors import KINDS, Call, Remote
from bench.chat import setups
from bench.chat.setups import Setup
from bench.chat.traffic import ACTION, FAQ
from helpsage import settings
from helpsage.settings import ROOT
from helpsage.setup import steps

SEED = 20_261_130
#: Of all messages, those that call an action of ours; the others ask the FAQ.
ACTION_SHARE = 0.25
#: One in so many is somebody's first.
NEW_IN = 20
#: What the stock connector keeps up with, as well as ours.
LOW_RATE = 5.0
REPLY_RATE = 5.0
#: For what is still under way when the last request has gone out, in seconds.
PATIENCE_S = 30.0
STOCK_PATIENCE_S = 180.0
#: Silence after which nothing more is expected.
SILENCE_S = 15.0
MARK = "No. {number}, seen by the agent."


@dataclass
class People:
    """Numbers of people: those who have talked to us before, and those who come."""

    before: list[int] = field(default_factory=list)
    next: int = 1

    def come(self, many: int) -> list[int]:
        """New ones."""
        found = list(range(self.next, self.next + many))
        self.next += many
        return found


def main() -> int:
    """Measure, print, write bench/results/channels.json and .md; 1 when a target is missed."""
    asked = _arguments()
    # Asked to stop, it stops what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = settings.get().var / "bench" / "channels"
    folder.mkdir(parents=True, exist_ok=True)
    steps.ensure_assets()
    model = steps.ensure_model()
    stock = None if asked.only_ours else _stock_setup(folder, asked)
    found: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "rate": asked.rate,
        "seconds": asked.seconds,
        "arrivals": asked.arrivals,
        "low_rate": LOW_RATE,
        "reply_rate": REPLY_RATE,
        "load": [_load()],
    }
    with setups.database(folder / "database") as url, vendors.running() as remote:
        with desk.running(folder, url, model, remote.addresses) as ours:
            found["ours"] = _measured(ours, remote, asked)
        found["load"].append(_load())
        if stock is not None:
            try:
                found["stock"] = _stock_measured(stock, folder, url, remote, asked)
                found["load"].append(_load())
            except SystemExit as error:
                # What was measured of ours is not lost by it.
                _say(f"the stock connector {error}")
                found["without_stock"] = True
    found["missed"] = report.missed(found)
    text = report.as_markdown(found)
    sys.stdout.write(text)
    if asked.write:
        results = ROOT / "bench" / "results"
        results.mkdir(exist_ok=True)
        (results / "channels.json").write_text(json.dumps(found, indent=1) + "\n")
        (results / "channels.md").write_text(text)
    return 1 if found["missed"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./sage bench channels", description=__doc__)
    parser.add_argument("--rate", type=float, default=50.0, help="messages a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each run")
    parser.add_argument("--arrivals", choices=("random", "even"), default="random", help="gaps between messages")
    parser.add_argument("--only", choices=(*KINDS, "together", "replies"), action="append", help="of ours, only this")
    parser.add_argument("--only-ours", action="store_true", help="leave the stock connector out")
    parser.add_argument("--stock-model", type=Path, help="a model of the stock configuration trained before")
    parser.add_argument("--stock-epochs", type=int, default=3, help="train it for so many; it is as fast with few")
    parser.add_argument("--no-write", dest="write", action="store_false", help="print only")
    return parser.parse_args()


# --- ours


def _measured(ours: Desk, remote: Remote, asked: argparse.Namespace) -> dict[str, Any]:
    wanted = asked.only or [*KINDS, "together", "replies"]
    people = {kind: People() for kind in KINDS}
    found: dict[str, Any] = {"runs": {}}
    for kind in KINDS:
        [first] = remote.plan(kind, ours.address(kind), [(0, FAQ[0])])
        desk.taken_up(first)
        if kind in wanted or "together" in wanted or ("replies" in wanted and kind == "slack"):
            _warm_up(ours, remote, kind, people[kind], asked)
        if kind in wanted:
            found["runs"][kind] = _run(ours, remote, {kind: people[kind]}, asked.rate, asked)
        if kind == "slack" and kind in wanted:
            found["runs"]["slack, slowly"] = _run(ours, remote, {kind: people[kind]}, LOW_RATE, asked)
    if "together" in wanted:
        found["runs"]["together"] = _run(ours, remote, people, asked.rate, asked)
    if "replies" in wanted:
        found["replies"] = _replies(ours, remote, asked)
    return found


def _warm_up(ours: Desk, remote: Remote, kind: str, people: People, asked: argparse.Namespace) -> None:
    """Everybody who speaks later has spoken before."""
    people.before = people.come(int(asked.rate * asked.seconds))
    _say(f"{kind}: {len(people.before)} people say something for the first time")
    said = [(person, FAQ[person % len(FAQ)]) for person in people.before]
    plan = remote.plan(kind, ours.address(kind), said)
    load.send([{**each, "after_s": number / (asked.rate / 2)} for number, each in enumerate(plan)])
    _drain(time.monotonic() + STOCK_PATIENCE_S)
    remote.calls()


def _drain(deadline: float) -> None:
    """Until everybody has an answer and the last of them is posted."""
    while desk.waiting() and time.monotonic() < deadline:
        time.sleep(0.25)
    time.sleep(1.0)


def _run(
    ours: Desk, remote: Remote, people: dict[str, People], rate: float, asked: argparse.Namespace
) -> dict[str, Any]:
    _say(f"{' and '.join(people)}: {rate:.0f} messages a second for {asked.seconds:.0f} s")
    plan = _plan(remote, {kind: ours.address(kind) for kind in people}, people, rate, asked)
    before = desk.cpu_seconds(ours.pids)
    sending = load.send(plan)
    _drain(time.monotonic() + PATIENCE_S)
    used = {name: seconds - before[name] for name, seconds in desk.cpu_seconds(ours.pids).items()}
    came = _came_of(plan, sending, remote.calls())
    return {**came, "cpu_ms": {name: round(seconds * 1000 / len(plan), 2) for name, seconds in used.items()}}


def _plan(
    remote: Remote,
    addresses: dict[str, str],
    people: dict[str, People],
    rate: float,
    asked: argparse.Namespace,
) -> list[dict[str, Any]]:
    """So many messages a second, of people who have spoken before and of some who have not, one each."""
    dice = random.Random(SEED)
    many = int(rate * asked.seconds)
    of_kind: dict[str, list[dict[str, Any]]] = {}
    for number, kind in enumerate(people):
        share = len(range(number, many, len(people)))
        old, new = iter(people[kind].before), iter(people[kind].come(share // NEW_IN + 1))
        who = [next(new) if each % NEW_IN == NEW_IN - 1 else next(old) for each in range(share)]
        said = [(person, _words(dice)) for person in who]
        of_kind[kind] = remote.plan(kind, addresses[kind], said)
    kinds = list(people)
    mixed = [of_kind[kinds[number % len(kinds)]][number // len(kinds)] for number in range(many)]
    moments = arrivals(dice, many, rate, asked.arrivals)
    return [{**each, "after_s": moment} for each, moment in zip(mixed, moments, strict=True)]


def arrivals(dice: random.Random, many: int, rate: float, kind: str) -> list[float]:
    """Seconds after the beginning; `random` is as people come who do not know of each other (a Poisson process)."""
    if kind == "even":
        return [number / rate for number in range(many)]
    moments = [0.0]
    for _ in range(many - 1):
        moments.append(moments[-1] + dice.expovariate(rate))
    return moments


def _words(dice: random.Random) -> str:
    return dice.choice(ACTION if dice.random() < ACTION_SHARE else FAQ)


def _came_of(plan: Sequence[dict[str, Any]], sending: load.Sending, calls: Sequence[Call]) -> dict[str, Any]:
    """Each person said one thing: the first words that came to them afterwards are the answer."""
    first: dict[tuple[str, str], list[float]] = {}
    for call in calls:
        first.setdefault((call.kind, call.where), []).append(call.at)
    answers, lost = [], 0
    for request, sent in zip(plan, sending.requests, strict=True):
        arrived = [at for at in first.get((request["kind"], request["where"]), ()) if at >= sent.planned]
        lost += not arrived
        answers.append((min(arrived) if arrived else time.monotonic()) - sent.planned)
    good = [each for each in sending.requests if each.status == 200]
    took = max(each.planned for each in sending.requests) - min(each.planned for each in sending.requests)
    return {
        "messages": len(plan),
        "a_second": round((len(plan) - 1) / took, 1) if took else 0.0,
        "refused": len(plan) - len(good),
        "unanswered": lost,
        **_times("acknowledged", [each.acknowledged - each.planned for each in sending.requests]),
        **_times("answered", answers),
        "generator_late_p95_ms": _ms(_share([each.sent - each.planned for each in sending.requests], 0.95)),
        "generator_cpu": sending.cpu_share,
    }


def _replies(ours: Desk, remote: Remote, asked: argparse.Namespace) -> dict[str, Any]:
    """An agent's words, on tickets and in chats that they have taken over."""
    many = min(int(REPLY_RATE * asked.seconds), 2 * desk.MOST_CHATS)
    found = desk.conversations("slack", many + desk.MOST_CHATS)
    _say(f"replies: {many} on tickets, {many} in chats")
    opened = desk.open_tickets(found[:many])
    chats = desk.begin_chats(ours, found[many:][: desk.MOST_CHATS])
    time.sleep(3.0)
    remote.calls()
    on_tickets = [
        ours.form(
            f"/agent/tickets/{reference}/reply", body=MARK.format(number=number), version=str(version), key=f"b{number}"
        )
        for number, (reference, version) in enumerate(opened)
    ]
    in_chats = [
        ours.form(f"/agent/chats/{chats[number % len(chats)]}/say", body=MARK.format(number=number), key=f"b{number}")
        for number in range(many)
    ]
    return {"tickets": _replied(remote, on_tickets, asked), "chats": _replied(remote, in_chats, asked)}


def _replied(remote: Remote, forms: list[dict[str, Any]], asked: argparse.Namespace) -> dict[str, Any]:
    moments = arrivals(random.Random(SEED), len(forms), REPLY_RATE, asked.arrivals)
    sending = load.send([{**form, "after_s": moment} for form, moment in zip(forms, moments, strict=True)])
    time.sleep(3.0)
    calls = remote.calls()
    waits, lost = [], 0
    for number, sent in enumerate(sending.requests):
        mark = MARK.format(number=number)
        arrived = [call.at for call in calls if mark in call.text]
        lost += not arrived
        waits.append((min(arrived) if arrived else time.monotonic()) - sent.planned)
    return {
        "replies": len(forms),
        "refused": sum(each.status != 303 for each in sending.requests),
        "unanswered": lost,
        **_times("arrived", waits),
    }


# --- the stock connector


def _stock_setup(folder: Path, asked: argparse.Namespace) -> Setup:
    _say("training the stock configuration (some minutes the first time)")
    model, seconds = setups.train_stock(folder, asked.stock_model, asked.stock_epochs)
    return Setup("stock Rasa", model, seconds, "sql", module="bench.channels.stock")


def _stock_measured(setup: Setup, folder: Path, url: str, remote: Remote, asked: argparse.Namespace) -> dict[str, Any]:
    secrets = desk.SECRETS["slack"]
    setup.credentials = {"slack": {"slack_token": secrets["token"], "slack_signing_secret": secrets["signing_secret"]}}
    os.environ["SLACK_API"] = f"{remote.addresses['slack']['url']}/"
    people = People(next=1_000_000)
    with setups.running(setup, folder, url):
        address = f"{setup.url}/webhooks/slack/webhook"
        people.before = people.come(int(asked.rate * asked.seconds))
        _say(f"stock: {len(people.before)} people say something for the first time")
        said = [(person, FAQ[person % len(FAQ)]) for person in people.before]
        plan = remote.plan("slack", address, said)
        load.send([{**each, "after_s": number / LOW_RATE / 2} for number, each in enumerate(plan)])
        _collect(remote, plan)
        found = {}
        for name, rate in (("slowly", LOW_RATE), ("fast", asked.rate)):
            _say(f"stock: {rate:.0f} messages a second for {asked.seconds:.0f} s")
            plan = _plan(remote, {"slack": address}, {"slack": people}, rate, asked)
            sending = load.send(plan)
            found[name] = _came_of(plan, sending, _collect(remote, plan))
    return found


def _collect(remote: Remote, plan: Sequence[dict[str, Any]]) -> list[Call]:
    """What arrives until everybody has an answer, or nothing comes any more."""
    deadline, heard, calls = time.monotonic() + STOCK_PATIENCE_S, time.monotonic(), list[Call]()
    waiting = {request["where"] for request in plan}
    while waiting and time.monotonic() < deadline and time.monotonic() - heard < SILENCE_S:
        time.sleep(0.5)
        came = remote.calls()
        if came:
            heard = time.monotonic()
        calls += came
        waiting -= {call.where for call in came}
    return calls


# --- figures


def _times(name: str, seconds: Sequence[float]) -> dict[str, float]:
    return {
        f"{name}_p50_ms": _ms(statistics.median(seconds)),
        f"{name}_p95_ms": _ms(_share(seconds, 0.95)),
        f"{name}_slowest_ms": _ms(max(seconds)),
    }


def _share(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _load() -> float:
    return round(os.getloadavg()[0], 1)


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
