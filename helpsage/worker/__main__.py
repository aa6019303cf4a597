"""`python -m helpsage.worker`: runs until SIGTERM or SIGINT, through every restart of PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

from helpsage import logs
from helpsage.worker.program import serve


async def main() -> None:
    """Serve until told to stop."""
    logs.configure("worker")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(stop)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
    sys.exit(0)
