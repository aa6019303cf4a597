"""Measurements that anyone can repeat; each writes its table to `bench/results/`."""

from __future__ import annotations
