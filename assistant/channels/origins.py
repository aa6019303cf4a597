"""Which web pages may embed the chat."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Origins:
    """The pages that may: the desk's own, those that the operator allowed, and whatever the chat itself serves."""

    def __init__(self, own: str, allowed: Iterable[str]) -> None:
        """
        Args:
            own: Address of the web program.
            allowed: Further origins (scheme://host[:port]); `*` allows every page.
        """
        self._all = "*" in allowed
        self._known = {_normal(origin) for origin in (own, *allowed) if origin and origin != "*"}
        for origin in list(self._known):
            self._known.update(_other_names(origin))

    def allow(self, origin: str | None, host: str | None = None) -> bool:
        """Whether a page of this origin may talk to us.

        A request without an Origin header comes from a program: browsers send it (RFC 6454, section 7.3).

        Args:
            origin: The request's Origin header.
            host: The request's Host header: pages that we serve ourselves are ours.
        """
        if origin is None or self._all:
            return True
        return _normal(origin) in self._known or (host is not None and urlsplit(origin).netloc == host)


def _normal(address: str) -> str:
    found = urlsplit(address.strip())
    return f"{found.scheme}://{found.netloc}".lower()


def _other_names(origin: str) -> list[str]:
    """This machine has three names in a browser."""
    found = urlsplit(origin)
    host, _, port = found.netloc.rpartition(":") if found.port else (found.netloc, "", "")
    if host not in LOOPBACK:
        return []
    return [f"{found.scheme}://{name}{f':{port}' if port else ''}" for name in LOOPBACK]
