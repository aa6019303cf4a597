"""Tickets: opened once, changed under rules, every change logged and told."""

from __future__ import annotations
