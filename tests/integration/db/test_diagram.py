"""docs/database.md shows the tables as they are."""

from __future__ import annotations

import pytest

from helpsage.db import diagram
from helpsage.db.tables import metadata


def test_document_is_up_to_date() -> None:
    """When this fails: `python -m helpsage.db.diagram`."""
    document = diagram.DOCUMENT.read_text(encoding="utf-8")
    assert diagram.with_diagram(document) == document


def test_every_table_and_relation_is_shown() -> None:
    shown = diagram.mermaid()
    for table in metadata.tables.values():
        assert f"\n    {table.name} {{\n" in shown
    assert "person ||--o{ ticket : requester_id" in shown
    assert "account |o--o{ ticket : assignee_id" in shown


def test_document_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        diagram.with_diagram("# The database\n")
