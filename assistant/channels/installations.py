"""The chat applications that administrators set up: the document `channels`, with its secrets opened."""

from __future__ import annotations

import ipaddress
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from assistant.channels import sealed

log = logging.getLogger(__name__)

DOCUMENT = "channels"
READ = "select content, version from configuration where name = $1"
DEPARTMENTS = "select key, id from department where archived_at is null"
BROKEN = "select key from channel_installation where state = 'broken'"
DETAILS = "select key, details from channel_installation"


@dataclass(frozen=True)
class Installation:
    """One workspace, tenant or bot."""

    #: In the addresses that the application calls, and in our tables.
    key: str
    #: `slack`, `teams` or `telegram`.
    kind: str
    name: str = ""
    department: UUID | None = None
    #: What is no secret: ids, a base address of one's own (`url`).
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: What the application said about us when the connection was tested.
    details: Mapping[str, Any] = field(default_factory=dict)
    #: Nothing is posted until an administrator has mended it.
    broken: bool = False

    @property
    def trusted(self) -> bool:
        """Whether addresses in this workspace's profiles count as proven: an administrator says so."""
        return self.options.get("trusted") == "yes"


async def read(connection: Any, key: str) -> list[Installation]:
    """Every installation that is switched on. One whose secrets cannot be opened is left out, with a line in the log.

    Args:
        connection: to the database.
        key: opens the secrets; hex.
    """
    row = await connection.fetchrow(READ, DOCUMENT)
    if row is None:
        return []
    departments = {found["key"]: found["id"] for found in await connection.fetch(DEPARTMENTS)}
    broken = {found["key"] for found in await connection.fetch(BROKEN)}
    details = {found["key"]: json.loads(found["details"]) for found in await connection.fetch(DETAILS)}
    found = []
    for content in json.loads(row["content"])["installations"]:
        if not content.get("enabled"):
            continue
        try:
            secrets = {name: sealed.unseal(text, key) for name, text in content["secrets"].items() if text}
        except sealed.Unreadable:
            log.error("the secrets of %s cannot be opened; enter them again", content["key"])
            continue
        found.append(
            Installation(
                key=content["key"],
                kind=content["kind"],
                name=content["name"],
                department=departments.get(content.get("department") or ""),
                options=content["options"],
                secrets=secrets,
                details=details.get(content["key"], {}),
                broken=content["key"] in broken,
            )
        )
    return found


def is_safe(address: str) -> bool:
    """Whether secrets may be sent there: over https, or to this machine itself."""
    found = urlsplit(address)
    if found.scheme == "https" and found.hostname:
        return True
    return found.scheme == "http" and _is_loopback(found.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
