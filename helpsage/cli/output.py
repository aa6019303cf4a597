"""Printing for people and for scripts."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

#: `--json`, the same on every command that has it.
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line, for scripts.")]


def print_json(value: Any) -> None:
    """One value on one line. Times become ISO 8601, ids become text."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def print_table(columns: list[str], rows: list[list[str]], empty: str) -> None:
    """A table for people, or `empty` when there are no rows."""
    console = Console()
    if not rows:
        console.print(empty)
        return
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console.print(table)
