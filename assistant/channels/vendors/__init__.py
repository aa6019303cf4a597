"""The vendors' wire formats, one module or package each; what they share is in `assistant/channels`."""

from __future__ import annotations
