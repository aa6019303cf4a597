"""The help desk: tickets, people, conversations and the programs that serve them."""

from __future__ import annotations

import os

# One text is small work for numpy: more threads than one spend their time waiting for each other, and take the cores
# of everybody else. It is read when numpy is first imported, whoever does that.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
