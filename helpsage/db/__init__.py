"""The database: the base of every table, one way to open a transaction, migrations."""

from __future__ import annotations
