"""The words of the demonstration, read from `pools.yml`."""

from __future__ import annotations

import random
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent / "pools.yml"


@lru_cache(maxsize=1)
def load() -> dict[str, Any]:
    """Everything that stands there."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def values(chance: random.Random) -> dict[str, str]:
    """One of each list, for the braces in one ticket's words."""
    chosen = {name: str(chance.choice(entries)) for name, entries in load()["lists"].items()}
    chosen["amount"] = f"{chance.choice((450, 600, 950, 1200, 1850, 2400, 12500, 18000, 32750)):,}"
    chosen["transaction"] = f"TXN{chance.randrange(10_000_000, 99_999_999)}"
    return chosen
