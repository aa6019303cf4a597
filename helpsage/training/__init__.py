"""The assistant learns from its mistakes: what was misunderstood is reviewed, and becomes a change that people read."""

from __future__ import annotations
