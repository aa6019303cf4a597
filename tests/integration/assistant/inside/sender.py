"""Whoever posts to a chat application stops when told to, although it is woken at the same moment."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from assistant.channels import posts
from assistant.channels.connector import Http
from assistant.channels.installations import Installation
from assistant.channels.outbound import Sender
from assistant.channels.sent_files import Desk
from assistant.channels.vendors.slack.connector import Slack


class Database:
    """One that is never asked."""

    async def quick(self) -> None:
        return None


async def main() -> None:
    looked = asyncio.Event()

    async def due(pool: Any, installation: str) -> dict[UUID, float]:
        looked.set()
        return {}

    posts.due = due
    http = Http()
    connector = Slack(Installation("main", "slack", secrets={"token": "x", "signing_secret": "y"}), http)
    sender = Sender(Database(), connector, Desk(http, "key", "", ""))  # type: ignore[arg-type]
    sender.start()
    await looked.wait()
    await asyncio.sleep(0)
    sender.wake()
    async with asyncio.timeout(3):
        await sender.close()


asyncio.run(main())
