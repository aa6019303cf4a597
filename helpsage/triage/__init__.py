"""Reading new tickets (topic, urgency, tone, language), sending them where they belong, and finding twins of them.

A reader only reads: what it says are tags out of short lists, each with how sure it is, why, and which version said so.
The router (`router.py`) acts on them by a table of rules that administrators own; `duplicates.py` finds tickets about
the same thing. Every decision is kept with its reasons and can be taken back, and what people correct is kept to learn
from (`labels.py`, `retraining.py`).
"""

from __future__ import annotations
