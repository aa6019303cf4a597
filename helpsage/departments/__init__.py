"""Departments with their brand, and the teams that work in them."""

from __future__ import annotations
