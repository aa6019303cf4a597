"""`python -m bench.web`: makes what is missing, measures, compares, writes `bench/results/web.json` and `.md`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from bench.web import data, desk, measure, peer, report
from bench.web.desk import Desk
from bench.web.pages import CREATED, PAGES, WORK
from helpsage import clock, settings
from helpsage.settings import ROOT

RESULTS = ROOT / "bench" / "results"
#: Of `--quick`: a look at whether everything still runs.
QUICK = {"tickets": 20_000, "small": 2_000, "requests": 20, "seconds": 10.0, "write": False}


def main() -> None:
    """Do everything; ends with code 1 when a target is missed."""
    options = _options()
    folder = settings.get().var / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # the database's own user passes through
    begun = time.monotonic()
    with data.server(folder) as address:
        found = _measure(options, folder, address)
    found["minutes"] = round((time.monotonic() - begun) / 60, 1)
    found["missed"] = report.missed(found)
    text = report.as_markdown(found)
    sys.stdout.write(text)
    if options.write:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "web.json").write_text(json.dumps(found, indent=1) + "\n")
        (RESULTS / "web.md").write_text(text)
    sys.exit(1 if found["missed"] else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./sage bench web", description=__doc__)
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=10_000, help="compared with so many")
    parser.add_argument("--requests", type=int, default=100, help="of each kind of page")
    parser.add_argument("--seconds", type=float, default=30.0, help="of 200 agents' traffic")
    parser.add_argument("--port", type=int, default=18_300, help="the first of three")
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="leave the peer out")
    parser.add_argument("--no-write", dest="write", action="store_false", help="print only")
    parser.add_argument("--quick", action="store_true", help="few tickets, few requests, print only")
    given = parser.parse_args()
    if given.quick:
        parser.set_defaults(**QUICK)
        given = parser.parse_args()
    return given


def _measure(options: argparse.Namespace, folder: Path, address: Callable[[str], str]) -> dict[str, Any]:
    sizes = {"small": options.small, "tickets": options.tickets}
    ours = {size: _ours(address, number) for size, number in sizes.items()}
    python = peer.environment(folder, _say) if options.peer else None
    theirs = {size: _theirs(address, python, ours[size], sizes[size]) for size in sizes} if python is not None else {}
    found: dict[str, Any] = {
        "at": clock.now().isoformat(timespec="minutes"),
        "cores": os.cpu_count(),
        **sizes,
        "database_mb": {size: data.megabytes(url) for size, url in ours.items()},
        "load": [_load()],
    }
    found |= _measure_ours(options, folder, ours)
    found["load"].append(_load())
    if python is not None:
        found["peer"] = _measure_theirs(options, folder, python, theirs)
        found["load"].append(_load())
    return found


def _load() -> float:
    """Programs that want to run, mean of a minute: this measurement's own are among them."""
    return round(os.getloadavg()[0], 1)


def _ours(address: Callable[[str], str], tickets: int) -> str:
    """The address of our database with so many tickets."""
    url = _database(address, f"desk_{tickets}", partial(data.fill, tickets=tickets, say=_say))
    data.renew(url)
    return url


def _theirs(address: Callable[[str], str], python: Path, ours: str, tickets: int) -> str:
    """The address of the peer's database with the same tickets."""
    return _database(address, f"peer_{tickets}", partial(peer.fill, python, ours, tickets=tickets))


def _database(address: Callable[[str], str], name: str, fill: Callable[[str], None]) -> str:
    """The database of this name, made when it is not there yet."""
    admin, url = address("postgres"), address(name)
    if not data.exists(admin, name):
        _say(f"making {name}, once")
        data.make(admin, name)
        fill(url)
        data.finish(admin, url, name)
    return url


def _measure_ours(options: argparse.Namespace, folder: Path, ours: dict[str, str]) -> dict[str, Any]:
    """Both sizes in turns, then many agents on the larger one."""
    found: dict[str, Any] = {"desk": {size: {} for size in ours}}
    with contextlib.ExitStack() as stack:
        desks = {}
        for number, (size, url) in enumerate(ours.items()):
            port = options.port + number
            running = measure.running(desk.command(), desk.variables(url, folder, port), port, folder / f"{size}.log")
            at = stack.enter_context(running)
            lead, agents = desk.visitors(url)
            desks[size] = Desk(at, lead, agents)
            stack.callback(desks[size].close)
        for name, works in _kinds(list(desks.values())):
            _say(name)
            for size, times in zip(desks, measure.repeated(works, options.requests), strict=True):
                found["desk"][size][name] = asdict(times)
        everybody = [lead, *agents]
        _say(f"{len(everybody)} agents at once")
        kinds = [page for wanted in WORK for page in PAGES if page.name == wanted]
        found["traffic"] = asdict(measure.traffic(at, everybody, kinds, options.seconds))
    return found


def _kinds(desks: list[Desk]) -> Iterator[tuple[str, list[Callable[[int], None]]]]:
    """Everything that is timed, for each desk."""
    for page in PAGES:
        yield page.name, [partial(each.open, page) for each in desks]
    by_form, by_program = CREATED
    yield by_form.name, [each.create for each in desks]
    yield by_program.name, [each.create_by_api for each in desks]


def _measure_theirs(options: argparse.Namespace, folder: Path, python: Path, theirs: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for size, url in theirs.items():
        port = options.port + 2
        with measure.running(peer.command(python, port), peer.variables(url), port, folder / "peer.log") as at:
            staff = peer.Peer(at, desk.visitors(url.replace("/peer_", "/desk_"))[0].numbers)
            staff.log_in()
            works = [(page.name, partial(staff.open, page)) for page in PAGES if page.peer] + [("create", staff.create)]
            found[size] = {}
            for name, work in works:
                _say(f"peer: {name}")
                found[size][name] = asdict(measure.repeated([work], options.requests)[0])
            staff.close()
    return found


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
