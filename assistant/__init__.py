"""Code loaded into the Rasa server: understanding, channels, and the stores of trackers and locks."""

from __future__ import annotations
