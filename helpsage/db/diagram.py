"""The schema as a Mermaid diagram, from the models: `python -m helpsage.db.diagram` renews docs/database.md."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from helpsage.db.tables import metadata
from helpsage.settings import ROOT

DOCUMENT = ROOT / "docs" / "database.md"
BEGIN = "<!-- schema: made from the models by `python -m helpsage.db.diagram` -->\n"
END = "<!-- end of schema -->\n"
#: Types by the names that people use.
SHORTER = {"timestamp with time zone": "timestamptz", "varchar": "text", "float": "double precision"}


def mermaid() -> str:
    """An entity-relationship diagram of every table, with keys."""
    tables = sorted(metadata.tables.values(), key=lambda table: table.name)
    lines = ["erDiagram"]
    for table in tables:
        lines += [f"    {table.name} {{", *(f"        {_column(column)}" for column in table.columns), "    }"]
    lines += [f"    {line}" for table in tables for line in _relations(table)]
    return "\n".join(lines) + "\n"


def with_diagram(document: str) -> str:
    """The document with its diagram renewed.

    Raises:
        ValueError: the document has no place for one.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("no place for the diagram")
    return f"{before}{BEGIN}```mermaid\n{mermaid()}```\n{END}{after}"


def _column(column: Column[object]) -> str:
    keys = [
        name
        for name, is_one in (("PK", column.primary_key), ("FK", bool(column.foreign_keys)), ("UK", bool(column.unique)))
        if is_one
    ]
    kind = column.type.compile(dialect=postgresql.dialect()).lower()  # type: ignore[no-untyped-call]
    kind = SHORTER.get(kind, kind).replace(" ", "_")
    return " ".join([kind, column.name, ", ".join(keys)]).rstrip()


def _relations(table: Table) -> list[str]:
    """`||--o{`: one parent, any number of children; `|o--o{`: the parent can be missing."""
    return [
        f"{key.column.table.name} {'|o' if column.nullable else '||'}--o{{ {table.name} : {column.name}"
        for column in table.columns
        for key in column.foreign_keys
    ]


def main(path: Path = DOCUMENT) -> None:
    """Renew the document."""
    path.write_text(with_diagram(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
