"""Webhooks: other programs hear what happens here.

`service` keeps them, `messages` turns events into signed messages (Standard Webhooks), `sending` delivers in order and
with patience, `outbound` is the only way out: it connects to public addresses only.
"""

from __future__ import annotations
