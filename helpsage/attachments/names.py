"""File names as strangers write them, made safe for a page, for a header, and for every file system they end on."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

#: Characters of a kept name, its ending included.
LONGEST = 120
NAMELESS = "file"
_LONGEST_ENDING = 12

_SEPARATORS = re.compile(r"[/\\]")
#: Not allowed in names by Windows ("Naming Files, Paths, and Namespaces").
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_SPACE = re.compile(r"\s+")
#: Names of devices there, with any ending.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)", re.IGNORECASE)
#: Control characters, half surrogates, and format characters such as the right-to-left override, which makes `exe.gpj`
#: out of an ending.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe(given: str) -> str:
    """The last part of a path, without anything that hides, misleads or means something to a system.

    Never empty; at most `LONGEST` characters; its ending is kept.
    """
    last = _SEPARATORS.split(given)[-1]
    seen = "".join(" " if char in "\t\n\r" else char for char in unicodedata.normalize("NFC", last))
    seen = "".join(char for char in seen if unicodedata.category(char) not in _HIDDEN)
    name = _SPACE.sub(" ", _FORBIDDEN.sub("_", seen)).strip(" .")
    if _DEVICE.match(name):
        name = f"_{name}"
    return _shortened(name) or NAMELESS


def ending(name: str) -> str:
    """`.png` of `photo.PNG`; empty when there is none."""
    stem, dot, last = name.rpartition(".")
    return f".{last.lower()}" if stem and dot and 0 < len(last) <= _LONGEST_ENDING and last.isalnum() else ""


def disposition(name: str, inline: bool = False) -> str:
    """A Content-Disposition header (RFC 6266): the plain name for old readers, the exact one in UTF-8 (RFC 8187)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r'["\\%]', "_", plain).strip() or NAMELESS
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _shortened(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    tail = ending(name)
    return name[: LONGEST - len(tail)].rstrip(" .") + tail
