"""E-mail to people: `send` writes a letter down in the transaction of what it tells of, the worker delivers it."""

from __future__ import annotations

from helpsage.mail.address import InvalidAddress
from helpsage.mail.models import Mail, State
from helpsage.mail.service import send, send_letter, was_sent_to

__all__ = ["InvalidAddress", "Mail", "State", "send", "send_letter", "was_sent_to"]
