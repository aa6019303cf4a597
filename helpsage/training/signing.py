"""What says of a model that it was trained by this installation, and not changed since.

A trained model is code as much as data: whoever can make the assistant load a file of theirs has the assistant. So each
file has another beside it, `<model>.sig`, with its SHA-256 and a signature (HMAC-SHA256) by a key derived from the
installation's secret. The assistant checks it before it loads (`assistant/models.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpsage import settings

SUFFIX = ".sig"
PURPOSE = "models"

UNSIGNED = (
    "{name} is not signed by this installation, so nobody knows who made it: train it here (./sage train), or, if you "
    "know where it comes from, ./sage sign {name}"
)
TAMPERED = "{name} is not the file that was trained: its content has changed since it was signed. Train it again."
ABSENT = "there is no model at {path}"


class NotGenuine(RuntimeError):
    """A model that must not be loaded. The message says why and what to do."""


@dataclass(frozen=True)
class Seal:
    """What a signature is about.

    Attributes:
        name: of the file.
        code: version of the code that trained it; another one may not be able to load it.
        signature: hex.
    """

    name: str
    sha256: str
    code: str
    signature: str


def sign(path: Path, code: str) -> Seal:
    """Say that this file is good, whatever was said before. Signatures of other installations' keys stay beside it."""
    seal = _seal(path.name, sha256_of(path), code)
    kept = _read(path)
    same = kept.get("sha256") == seal.sha256 and kept.get("code") == code
    signatures = {**(kept.get("signatures", {}) if same else {}), key_id(): seal.signature}
    used = bool(kept.get("used"))
    _write(path, {"sha256": seal.sha256, "code": code, "used": used, "signatures": signatures})
    return seal


def verify(path: Path) -> Seal:
    """The seal of a genuine model.

    Raises:
        NotGenuine: the file is absent, was never signed with this installation's key, or has changed.
    """
    if not path.is_file():
        raise NotGenuine(ABSENT.format(path=path))
    kept = _read(path)
    signature = kept.get("signatures", {}).get(key_id())
    if not isinstance(signature, str):
        raise NotGenuine(UNSIGNED.format(name=path.name))
    seal = _seal(path.name, str(kept.get("sha256")), str(kept.get("code")))
    if not hmac.compare_digest(seal.signature, signature) or sha256_of(path) != seal.sha256:
        raise NotGenuine(TAMPERED.format(name=path.name))
    return seal


def is_signed(path: Path) -> bool:
    """Whether there is a signature of this installation, right or wrong."""
    return key_id() in _read(path).get("signatures", {})


def signature_of(name: str, sha256: str, code: str) -> str:
    """HMAC-SHA256 of the three, as hex."""
    return hmac.new(_key().encode(), f"{name}\n{sha256}\n{code}".encode(), hashlib.sha256).hexdigest()


def sha256_of(path: Path) -> str:
    """Of the file's content, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def note_use(path: Path) -> None:
    """It answers people from now on, and is kept longer than one that was only tried."""
    _write(path, {**_read(path), "used": True})
    path.touch()


def was_used(path: Path) -> bool:
    """Whether it ever answered people."""
    return bool(_read(path).get("used"))


def key_id() -> str:
    """Names the key without telling it."""
    return hmac.new(_key().encode(), b"key id", hashlib.sha256).hexdigest()[:12]


def forget(path: Path) -> None:
    """Remove a model and what was said of it."""
    for each in (path, _beside(path)):
        each.unlink(missing_ok=True)


def _key() -> str:
    return settings.get().derived(PURPOSE)


def _seal(name: str, sha256: str, code: str) -> Seal:
    return Seal(name, sha256, code, signature_of(name, sha256, code))


def _beside(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


def _read(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(_beside(path).read_text("utf-8"))
        if isinstance(found, dict) and isinstance(found.get("signatures"), dict):
            return found
    return {}


def _write(path: Path, content: dict[str, Any]) -> None:
    """In one step: somebody may be reading it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    temporary.replace(_beside(path))
