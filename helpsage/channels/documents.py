"""The chat applications that are set up: the document `channels`, which the assistant reads too.

Secrets stand in it sealed (helpsage/sealed.py, purpose `channels`); the assistant is given the key for that purpose.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from helpsage import sealed, settings
from helpsage.channels.kinds import ADDRESSES, KINDS

DOCUMENT = "channels"
FILE = settings.ROOT / "config" / "channels.yml"
#: What secrets are sealed for.
PURPOSE = "channels"
MOST = 50
LONGEST_NAME = 80
LONGEST_VALUE = 2_000

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_FIELDS = {"key", "kind", "name", "department", "enabled", "options", "secrets"}
_TELEGRAM_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class InvalidInstallations(ValueError):
    """Something that cannot be used; the message says what."""


def build(content: Any) -> list[dict[str, Any]]:
    """Check the document.

    Raises:
        InvalidInstallations
    """
    if not isinstance(content, dict) or set(content) != {"installations"}:
        raise InvalidInstallations("only installations can stand there")
    found = content["installations"]
    if not isinstance(found, list) or len(found) > MOST:
        raise InvalidInstallations(f"installations: a list of at most {MOST}")
    for each in found:
        _check(each)
    keys = [each["key"] for each in found]
    if len(set(keys)) != len(keys):
        raise InvalidInstallations("two installations have the same key")
    return found


def _check(each: Any) -> None:
    if not isinstance(each, dict) or set(each) != _FIELDS:
        raise InvalidInstallations(f"an installation has {', '.join(sorted(_FIELDS))}")
    kind = KINDS.get(each["kind"])
    if kind is None:
        raise InvalidInstallations(f"there is no application called {str(each['kind'])[:40]}")
    if not isinstance(each["key"], str) or not _KEY.fullmatch(each["key"]):
        raise InvalidInstallations("key: small letters, digits and hyphens, at most 40")
    name = each["name"]
    if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME or not name.isprintable():
        raise InvalidInstallations(f"name: 1 to {LONGEST_NAME} printable characters")
    if not isinstance(each["department"], str) or not isinstance(each["enabled"], bool):
        raise InvalidInstallations("department is a key, enabled is true or false")
    _check_values(each["options"], kind.options)
    _check_values(each["secrets"], kind.secrets)
    for option in ADDRESSES[kind.name] & set(each["options"]):
        if each["options"][option] and not is_safe(each["options"][option]):
            raise InvalidInstallations(f"{option}: an https address")
    if each["enabled"]:
        missing = kind.missing(each)
        if missing:
            raise InvalidInstallations(f"{each['name']} needs: {', '.join(missing)}")


def _check_values(values: Any, names: frozenset[str]) -> None:
    if not isinstance(values, dict) or not set(values) <= names:
        raise InvalidInstallations(f"only {', '.join(sorted(names))} can stand there")
    for name, value in values.items():
        if not isinstance(value, str) or len(value) > LONGEST_VALUE or not value.isprintable():
            raise InvalidInstallations(f"{name}: at most {LONGEST_VALUE} printable characters")


def refuse_wrong_secret(kind: str, name: str, typed: str) -> str | None:
    """What is wrong with a secret before it is sealed; None: nothing that can be seen."""
    if not typed.isascii() or not typed.isprintable() or " " in typed:
        return "It has characters that no such secret has; copy it again."
    if kind == "slack" and name == "token" and not typed.startswith("xoxb-"):
        return "A bot token begins with xoxb-."
    if kind == "telegram" and name == "secret_token" and not _TELEGRAM_SECRET.fullmatch(typed):
        return "1 to 256 letters, digits, _ and -."
    return None


def seal(typed: str) -> str:
    """A secret as it is kept."""
    return sealed.seal(PURPOSE, typed)


def unsealed(installation: Mapping[str, Any]) -> dict[str, str]:
    """The secrets of an installation.

    Raises:
        helpsage.sealed.Unreadable: the installation's own secret was changed.
    """
    return {name: sealed.unseal(PURPOSE, kept) for name, kept in installation["secrets"].items() if kept}


def is_safe(address: str) -> bool:
    """Whether secrets may be sent there: over https, or to this machine itself."""
    try:
        found = urlsplit(address)
        host = found.hostname or ""
    except ValueError:
        return False
    return (found.scheme == "https" and bool(host)) or (found.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
