"""The generator of load, a process of its own: `python -m bench.channels.load PLAN`. Open-loop: each request goes out
at its planned moment, whether the earlier ones were answered or not, and its time counts from that moment.

The plan is JSON: a list of requests with `after_s`, `url`, `headers`, `body`. Prints what became of them as JSON:
`planned`, `sent` and `acknowledged` in seconds of CLOCK_MONOTONIC, and the `status`; 0 when nobody answered.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp

from helpsage.settings import ROOT

#: A request that has no answer after so long has none, in seconds.
PATIENCE_S = 30.0
#: From the process's being ready to the first request.
BEFORE_S = 0.5


@dataclass(frozen=True)
class Sent:
    """A request, and when what happened to it."""

    planned: float
    sent: float
    acknowledged: float
    status: int


@dataclass(frozen=True)
class Sending:
    """A whole plan.

    Attributes:
        cpu_share: of one core, that the generator itself used.
    """

    requests: list[Sent]
    cpu_share: float


def send(plan: Sequence[dict[str, Any]]) -> Sending:
    """Send a plan from another process, and wait for its end."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plan, file)
        file.flush()
        longest = max((each["after_s"] for each in plan), default=0.0) + PATIENCE_S + 30
        finished = subprocess.run(
            [sys.executable, "-m", "bench.channels.load", file.name],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=longest,
        )
    found = json.loads(finished.stdout)
    return Sending([Sent(**each) for each in found["requests"]], found["cpu_share"])


async def _send_all(plan: Sequence[dict[str, Any]]) -> Sending:
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar) as session:
        gc.collect()
        gc.disable()
        begin, used = time.monotonic() + BEFORE_S, time.process_time()
        running = []
        for request in plan:
            planned = begin + request["after_s"]
            await asyncio.sleep(max(0.0, planned - time.monotonic()))
            running.append(asyncio.create_task(_send(session, request, planned)))
        sent = await asyncio.gather(*running)
        share = (time.process_time() - used) / (time.monotonic() - begin)
    return Sending(list(sent), round(share, 3))


async def _send(session: aiohttp.ClientSession, request: dict[str, Any], planned: float) -> Sent:
    at = time.monotonic()
    status = 0
    try:
        async with session.post(
            request["url"], data=request["body"].encode(), headers=request["headers"], allow_redirects=False
        ) as answer:
            await answer.read()
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    return Sent(planned, at, time.monotonic(), status)


def main() -> None:
    """Send the plan that is named."""
    plan = json.loads(Path(sys.argv[1]).read_text())
    json.dump(asdict(asyncio.run(_send_all(plan))), sys.stdout)


if __name__ == "__main__":
    main()
