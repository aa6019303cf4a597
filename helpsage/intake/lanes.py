"""Which ways in are open, where each leads, and the secrets that open those for machines."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helpsage import settings
from helpsage.configuration.live import Live
from helpsage.intake.models import Lane
from helpsage.mail import address as addresses

DOCUMENT = "intake"
FILE = settings.ROOT / "config" / "intake.yml"
MOST_ADDRESSES = 500
#: Lanes that other people's programs use, with a secret each.
WITH_SECRET = (Lane.FORM, Lane.CHAT)

_KEYS = {"addresses", "generations", "closed_forms"}


class InvalidLanes(ValueError):
    """Ways in that contradict themselves; the message says how."""


@dataclass(frozen=True)
class DeskAddress:
    """An address of ours.

    Attributes:
        address: in small letters.
        department: key of the one that gets what comes; empty for the default one.
        team: key of a team of that department; empty leaves it to the category.
        sub_addressing: whether mail to `name+anything@` arrives too.
    """

    address: str
    department: str = ""
    team: str = ""
    sub_addressing: bool = True


@dataclass(frozen=True)
class Lanes:
    """The document, ready to be used."""

    addresses: Mapping[str, DeskAddress]
    generations: Mapping[str, int]
    closed_forms: frozenset[str]


def build(content: Any) -> Lanes:
    """Make it of the document.

    Raises:
        InvalidLanes
    """
    if not isinstance(content, dict) or set(content) - _KEYS:
        raise InvalidLanes(f"only {', '.join(sorted(_KEYS))} can stand there")
    found: dict[str, DeskAddress] = {}
    rows = content.get("addresses", [])
    if not isinstance(rows, list) or len(rows) > MOST_ADDRESSES:
        raise InvalidLanes(f"addresses: a list of at most {MOST_ADDRESSES}")
    for row in rows:
        made = _address(row)
        if made.address in found:
            raise InvalidLanes(f"{made.address} stands there twice")
        found[made.address] = made
    generations = content.get("generations", {})
    if not isinstance(generations, dict) or not all(type(number) is int for number in generations.values()):
        raise InvalidLanes("generations: a number for each lane")
    closed = content.get("closed_forms", [])
    if not isinstance(closed, list) or not all(isinstance(key, str) for key in closed):
        raise InvalidLanes("closed_forms: a list of departments")
    return Lanes(found, {str(key): number for key, number in generations.items()}, frozenset(closed))


def _address(row: Any) -> DeskAddress:
    if not isinstance(row, dict) or set(row) - {"address", "department", "team", "sub_addressing"}:
        raise InvalidLanes("an address has address, department, team and sub_addressing")
    try:
        parsed = addresses.parse(str(row.get("address", ""))).lower()
    except addresses.InvalidAddress as error:
        raise InvalidLanes(f"“{str(row.get('address', ''))[:80]}” is no e-mail address") from error
    if "+" in parsed.partition("@")[0]:
        raise InvalidLanes(f"{parsed}: what stands behind a plus sign is ours to fill in")
    return DeskAddress(
        parsed, str(row.get("department", "")), str(row.get("team", "")), bool(row.get("sub_addressing", True))
    )


lanes: Live[Lanes] = Live(DOCUMENT, FILE, build)


def address_of(written: str) -> DeskAddress | None:
    """The desk's address that this one is, with whatever stands behind a plus sign; None for everybody else's."""
    local, _, domain = written.strip().strip("<>").lower().rpartition("@")
    known = lanes.get().addresses
    return known.get(f"{local}@{domain}") or known.get(f"{local.partition('+')[0]}@{domain}")


def address_for(department: str) -> DeskAddress | None:
    """The address under which a department gets mail; the desk's first one when it has none of its own."""
    known = list(lanes.get().addresses.values())
    own = [each for each in known if each.department == department]
    return next(iter([*own, *(each for each in known if not each.department), *known]), None)


def is_ours(written: str) -> bool:
    """Whether mail to this address ends here."""
    return address_of(written) is not None


def secret(lane: Lane, department: str) -> str:
    """What a program shows that brings records of this lane to this department."""
    return secret_of(lane, department, lanes.get().generations.get(f"{lane}:{department}", 1))


def secret_of(lane: Lane, department: str, generation: int) -> str:
    """The secret of this generation."""
    key = settings.get().derived("intake").encode()
    digest = hmac.new(key, f"{lane}\n{department}\n{generation}".encode(), hashlib.sha256).hexdigest()
    return f"hs_{lane}_{digest[:40]}"


def is_secret(lane: Lane, department: str, shown: str) -> bool:
    """Whether this is the secret, compared in constant time."""
    return hmac.compare_digest(shown.encode(errors="surrogatepass"), secret(lane, department).encode())
