"""A program that serves until it is told to stop: what those of the desk that are no web program share."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import NoReturn

from helpsage import logs

#: Runs until the event is set.
Serve = Callable[[asyncio.Event], Awaitable[None]]


def run(name: str, serve: Serve) -> NoReturn:
    """Serve until SIGTERM or SIGINT, then end with code 0.

    Parameters:
        name: as it stands in the log.
    """
    logs.configure(name)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_until_stopped(serve))
    sys.exit(0)


async def _until_stopped(serve: Serve) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(stop)
