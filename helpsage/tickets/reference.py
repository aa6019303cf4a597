"""References as people write them: HS-1042, hs 1042, #HS1042."""

from __future__ import annotations

import re
import unicodedata

#: A reference somewhere in a text. Any dash; a space or nothing instead of it; not the tail of a longer word or number.
WRITTEN = re.compile(r"(?<![^\W_])HS\s?[-\u2010-\u2015\u2212_:#]?\s?(\d{1,12})(?!\w)", re.IGNORECASE)
#: The number alone counts when there is nothing else.
BARE = re.compile(r"#?\s?(\d{1,12})")


def parse(text: str) -> int | None:
    """The number of the first reference in `text`, or None. A text that is only a number is taken as one."""
    plain = unicodedata.normalize("NFKC", text).strip()
    found = WRITTEN.search(plain) or BARE.fullmatch(plain)
    if found is None:
        return None
    return int(found[1]) or None
