"""Taking times: one after the other, and many at once."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.web.pages import Page

WARM_UP = 5
REQUESTS = 60
#: A kind of page that is slow is asked for less often: after so many seconds, but never fewer than this.
LONGEST_S = 45.0
FEWEST = 3
READY_S = 60.0
#: Seconds of the traffic, and the mean between two pages of one agent.
TRAFFIC_S = 30.0
PAUSE_S = 6.0


@dataclass(frozen=True)
class Times:
    """Of one kind of page, in milliseconds."""

    requests: int
    p50_ms: float
    p95_ms: float


def times(taken: Sequence[float]) -> Times:
    """Nearest-rank percentiles of seconds."""
    ordered = sorted(taken)
    rank = [
        ordered[min(len(ordered) - 1, max(0, -(-int(share * len(ordered) * 100) // 100) - 1))] for share in (0.5, 0.95)
    ]
    return Times(len(ordered), round(1000 * rank[0], 1), round(1000 * rank[1], 1))


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


def pages(visit: Callable[[str], None], kinds: Sequence[Page], tickets: int) -> dict[str, Times]:
    """Each kind of page, one after the other."""
    return {kind.name: repeated(lambda n, kind=kind: visit(kind.path(random.Random(n), tickets))) for kind in kinds}


def repeated(work: Callable[[int], None]) -> Times:
    """The same work, so many times; it is given a number of its own each time."""
    taken: list[float] = []
    begun = time.monotonic()
    for n in range(WARM_UP + REQUESTS):
        at = time.perf_counter()
        work(n)
        taken.append(time.perf_counter() - at)
        if time.monotonic() - begun > LONGEST_S and len(taken) > FEWEST:
            break
    # Of a slow kind there may be no more than its warm-up.
    return times(taken[min(WARM_UP, len(taken) - FEWEST) :])


@dataclass
class Traffic:
    """Many agents at once."""

    agents: int
    seconds: float
    requests: int
    errors: int
    p50_ms: float
    p95_ms: float
    slowest_ms: float


def traffic(address: str, tokens: Sequence[str], kinds: Sequence[Page], tickets: int) -> Traffic:
    """Every agent opens page after page with pauses, for `TRAFFIC_S` seconds."""
    return asyncio.run(_traffic(address, tokens, kinds, tickets))


async def _traffic(address: str, tokens: Sequence[str], kinds: Sequence[Page], tickets: int) -> Traffic:
    taken: list[float] = []
    errors = 0
    until = time.monotonic() + TRAFFIC_S
    limits = httpx.Limits(max_connections=len(tokens), max_keepalive_connections=len(tokens))

    async def agent(client: httpx.AsyncClient, token: str, dice: random.Random) -> None:
        nonlocal errors
        await asyncio.sleep(dice.uniform(0, PAUSE_S))
        while time.monotonic() < until:
            path = dice.choice(kinds).path(dice, tickets)
            at = time.perf_counter()
            try:
                answer = await client.get(path, headers={"Cookie": f"helpsage_session={token}"})
                errors += answer.status_code != 200
            except httpx.HTTPError:
                errors += 1
            taken.append(time.perf_counter() - at)
            await asyncio.sleep(dice.expovariate(1 / PAUSE_S))

    async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False, limits=limits) as client:
        await asyncio.gather(*(agent(client, token, random.Random(n)) for n, token in enumerate(tokens)))
    found = times(taken)
    return Traffic(len(tokens), TRAFFIC_S, len(taken), errors, found.p50_ms, found.p95_ms, round(1000 * max(taken), 1))
