"""Measures the ways in, reading and routing."""

from __future__ import annotations
