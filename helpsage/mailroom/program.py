"""What the mailroom does at the same time: reads each mailbox in a thread of its own, listens, shows life."""

from __future__ import annotations

import asyncio
import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from helpsage import settings
from helpsage.events import heartbeat
from helpsage.mailroom import listener
from helpsage.mailroom.mailbox import Watcher

log = logging.getLogger(__name__)

PROGRAM = "mailroom"
HEARTBEAT_EVERY_S = 10.0
#: Seconds that a letter which is just being kept gets after SIGTERM.
GRACE_S = 10.0


async def serve(stop: asyncio.Event) -> None:
    """Work until `stop` is set."""
    configured = settings.get()
    stopping = threading.Event()
    watchers = [Watcher(name, mailbox, stopping) for name, mailbox in configured.imap.items()]
    for watcher in watchers:
        watcher.start()
    server = await listener.listen(configured) if configured.mail_listen_port else None
    beating = asyncio.create_task(_show_life())
    try:
        await stop.wait()
    finally:
        stopping.set()
        if server is not None:
            server.close()
        beating.cancel()
        for watcher in watchers:
            await asyncio.to_thread(watcher.join, GRACE_S)
        await asyncio.to_thread(_leave)
    log.info("the mailroom has stopped")


async def _show_life() -> None:
    while True:
        try:
            await asyncio.to_thread(heartbeat.beat, PROGRAM)
        except SQLAlchemyError as error:
            log.warning("the mailroom waits for its database: %s", type(error).__name__)
        await asyncio.sleep(HEARTBEAT_EVERY_S)


def _leave() -> None:
    try:
        heartbeat.leave(PROGRAM)
    except SQLAlchemyError:
        log.debug("nobody hears that the mailroom stops")
