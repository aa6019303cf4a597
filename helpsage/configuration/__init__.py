"""What administrators configure: documents with a history, checked before they are kept, shared by every program."""

from __future__ import annotations
