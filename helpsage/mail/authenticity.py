"""What the receiving mail server found out about a letter's sender (RFC 8601): recorded, shown, and believed or not."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass

import authres

from helpsage import settings
from helpsage.mail.parsed import Letter

#: Methods that are told of.
METHODS = ("spf", "dkim", "dmarc")
#: Lines that are looked at, and characters of one; RFC 8601 has none of a thousand.
MOST_LINES, LONGEST_LINE = 10, 8_000


@dataclass(frozen=True)
class Verdict:
    """One server's findings: `pass`, `fail`, `none`, ... by method.

    Attributes:
        server: what it calls itself.
        believed: it is the server that the settings name. Anybody can write such a line; only that one removes the
            lines of others.
    """

    server: str = ""
    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    believed: bool = False

    @property
    def is_forged(self) -> bool:
        """Whether a server that we believe says that the sender's domain disowns this letter."""
        return self.believed and self.dmarc == "fail"

    def as_json(self) -> dict[str, str | bool]:
        """To be kept with the record."""
        return {name: value for name, value in asdict(self).items() if value}


def verdict(letter: Letter) -> Verdict:
    """The findings of the server that the settings name, or else of whichever wrote last (the topmost line)."""
    trusted = settings.get().mail_authserv_id.lower()
    # The receiving server's own stands on top; the parser takes the square of a line's length.
    written = [line[:LONGEST_LINE] for line in letter.headers.get("authentication-results", [])[:MOST_LINES]]
    found = [each for each in map(_read, written) if each is not None]
    for each in found:
        if trusted and each.server.lower() == trusted:
            return Verdict(each.server, each.spf, each.dkim, each.dmarc, believed=True)
    return found[0] if found and not trusted else Verdict()


def _read(line: str) -> Verdict | None:
    with contextlib.suppress(Exception):  # the parser's errors are of many kinds; a line it cannot read says nothing
        parsed = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {line}")
        found: dict[str, str] = {}
        for result in parsed.results:
            method, said = str(result.method).lower(), str(result.result or "").lower()
            # Of several signatures one that holds is enough.
            if method in METHODS and (method not in found or said == "pass"):
                found[method] = said[:20]
        spf, dkim, dmarc = (found.get(method, "") for method in METHODS)
        return Verdict(str(parsed.authserv_id or "")[:255], spf, dkim, dmarc)
    return None
