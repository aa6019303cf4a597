"""A person's own data: everything in one file for them, and forgetting who they were."""

from __future__ import annotations
