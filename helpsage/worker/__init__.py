"""The worker: turns outbox events into jobs and does them. Several can run side by side."""

from __future__ import annotations
