"""The normal form of what a person wrote: amounts, references, e-mail addresses.

Everything else stays as written; dates are resolved by the action server, which knows what day it is for the person.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

_TIMES = {
    "k": 1000,
    "lakh": 100_000,
    "lakhs": 100_000,
    "lac": 100_000,
    "lacs": 100_000,
    "crore": 10_000_000,
    "crores": 10_000_000,
    "million": 1_000_000,
}
_AMOUNT = re.compile(rf"([\d.,\s]*\d)\s?({'|'.join(sorted(_TIMES, key=len, reverse=True))})?", re.IGNORECASE)
#: The last separator with one or two digits behind it; any other separator only groups thousands.
_DECIMALS = re.compile(r"[.,](\d{1,2})$")


def amount(written: str) -> str:
    """Digits with a point before the decimals: `1,200.50`, `1.200,50` and `1 200,5` give `1200.50`, `5k` gives `5000`.

    A single separator with three digits behind it groups thousands (`1.200` is 1200): nobody owes a desk a thousandth.
    """
    match = _AMOUNT.fullmatch(written.strip())
    if match is None:
        return written
    digits, factor = match.groups()
    decimals = _DECIMALS.search(digits)
    whole = re.sub(r"\D", "", digits[: decimals.start()] if decimals else digits)
    number = Decimal(f"{whole or 0}.{decimals.group(1) if decimals else 0}") * _TIMES.get((factor or "").lower(), 1)
    return str(int(number)) if number == int(number) and not (decimals and not factor) else f"{number:.2f}"


def reference(written: str) -> str:
    """`hs 1042`, `#HS1042` and `HS-1042` give `HS-1042`."""
    return f"HS-{int(re.sub(r'[^0-9]', '', written))}"


#: How the value of an entity is made from the words that were found. Entities not named here keep the words.
NORMAL_FORM: dict[str, Callable[[str], str]] = {"amount": amount, "reference": reference, "email": str.lower}
