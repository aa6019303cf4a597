"""Taking times: one after the other, and many at once."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.web.desk import Visitor
from bench.web.pages import Page

WARM_UP = 5
#: A kind of page that is slow is asked for less often: after so many seconds, but never fewer than this.
LONGEST_S = 30.0
FEWEST = 3
READY_S = 60.0
#: Mean seconds between an answer and the same agent's next page.
PAUSE_S = 10.0


@dataclass(frozen=True)
class Times:
    """Of one kind of page, in milliseconds."""

    requests: int
    p50_ms: float
    p95_ms: float


def times(taken: Sequence[float]) -> Times:
    """Nearest-rank percentiles of seconds."""
    ordered = sorted(taken)
    p50, p95 = (ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.95))
    return Times(len(ordered), round(1000 * p50, 1), round(1000 * p95, 1))


@contextlib.contextmanager
def running(command: list[str], variables: dict[str, str], port: int, log: Path) -> Iterator[str]:
    """A program that serves on `port`, stopped at the end; gives its address.

    Raises:
        RuntimeError: it does not answer.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as written:
        process = subprocess.Popen(command, env=variables, stdout=written, stderr=written)
    try:
        _wait(f"http://127.0.0.1:{port}/", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(address, timeout=5, trust_env=False)
            return
        time.sleep(0.1)
    raise RuntimeError(f"it does not answer: see {log}")


def repeated(works: Sequence[Callable[[int], None]], requests: int) -> list[Times]:
    """Each of these, so many times, in turns: whatever else the machine does meanwhile meets all of them alike.

    Parameters:
        works: each is given the number of the turn.
    """
    taken: list[list[float]] = [[] for _ in works]
    begun = time.monotonic()
    for turn in range(WARM_UP + requests):
        for work, seconds in zip(works, taken, strict=True):
            at = time.perf_counter()
            work(turn)
            seconds.append(time.perf_counter() - at)
        if time.monotonic() - begun > LONGEST_S and turn + 1 > FEWEST:
            break
    # Of a slow kind there may be no more than its warm-up.
    return [times(seconds[min(WARM_UP, len(seconds) - FEWEST) :]) for seconds in taken]


@dataclass(frozen=True)
class Traffic:
    """Many agents at once."""

    agents: int
    seconds: float
    requests: int
    errors: int
    p50_ms: float
    p95_ms: float
    slowest_ms: float


def traffic(address: str, agents: Sequence[Visitor], kinds: Sequence[Page], seconds: float) -> Traffic:
    """Every agent opens page after page with pauses, for so many seconds."""
    return asyncio.run(_traffic(address, agents, kinds, seconds))


async def _traffic(address: str, agents: Sequence[Visitor], kinds: Sequence[Page], seconds: float) -> Traffic:
    taken: list[float] = []
    errors = 0
    until = time.monotonic() + seconds
    limits = httpx.Limits(max_connections=len(agents), max_keepalive_connections=len(agents))

    async def work(client: httpx.AsyncClient, who: Visitor, dice: random.Random) -> None:
        nonlocal errors
        await asyncio.sleep(dice.uniform(0, PAUSE_S))
        while time.monotonic() < until:
            path = who.address(dice.choice(kinds), dice)
            at = time.perf_counter()
            try:
                answer = await client.get(path, headers=who.cookie)
                errors += answer.status_code != 200
            except httpx.HTTPError:
                errors += 1
            taken.append(time.perf_counter() - at)
            await asyncio.sleep(min(dice.expovariate(1 / PAUSE_S), max(0.0, until - time.monotonic())))

    async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False, limits=limits) as client:
        await asyncio.gather(*(work(client, who, random.Random(n)) for n, who in enumerate(agents)))
    found = times(taken)
    return Traffic(len(agents), seconds, len(taken), errors, found.p50_ms, found.p95_ms, round(1000 * max(taken), 1))
