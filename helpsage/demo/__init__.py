"""A believable year of a university's help desk, so that every page has something to show."""

from __future__ import annotations
