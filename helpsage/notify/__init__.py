"""Telling people: from what happened to who hears of it, by their preference, where, when, in which words.

`rules` says who is told of what, `telling` writes one notice an event and person and decides when it goes on which way
(`manner`), `sending` hands it over as a letter or to an outside service (`targets`), in words that administrators may
edit (`templates`). `satisfaction` asks how a ticket went.
"""

from __future__ import annotations
