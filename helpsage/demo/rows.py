"""Rows on their way into PostgreSQL by COPY, a table at a time."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

#: Rows handed over at once.
BATCH = 20_000
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Sheet:
    """The rows of one table."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        self.table = table
        self.columns = tuple(columns)
        self.rows: list[tuple[Any, ...]] = []

    def add(self, **values: Any) -> None:
        """One more row; a column that is not given is NULL."""
        self.rows.append(tuple(values.get(column) for column in self.columns))

    def copy_into(self, cursor: Any) -> None:
        """Write all rows in the cursor's transaction."""
        columns = ", ".join(f'"{column}"' for column in self.columns)
        for first in range(0, len(self.rows), BATCH):
            text = io.StringIO()
            for row in self.rows[first : first + BATCH]:
                text.write("\t".join(map(_written, row)) + "\n")
            text.seek(0)
            cursor.copy_expert(f'copy "{self.table}" ({columns}) from stdin', text)


def _written(value: Any) -> str:
    """A value in PostgreSQL's text format (https://www.postgresql.org/docs/current/sql-copy.html)."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False).translate(_ESCAPES)
    if isinstance(value, tuple):  # an array of texts
        parts = (str(part).replace("\\", "\\\\").replace('"', '\\"') for part in value)
        return ("{" + ",".join(f'"{part}"' for part in parts) + "}").translate(_ESCAPES)
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False).translate(_ESCAPES)
    return str(value).translate(_ESCAPES)
