"""Files that people and agents attach: checked by what they hold, kept by their SHA-256, shown only as we drew them."""

from __future__ import annotations

from helpsage.attachments.errors import AttachmentRefused
from helpsage.attachments.models import Attachment
from helpsage.attachments.service import (
    AttachmentNotFound,
    attach,
    by_entry,
    by_id,
    of_ticket,
    store,
    visible_to,
)
from helpsage.attachments.storage import Received, receive

__all__ = [
    "Attachment",
    "AttachmentNotFound",
    "AttachmentRefused",
    "Received",
    "attach",
    "by_entry",
    "by_id",
    "of_ticket",
    "receive",
    "store",
    "visible_to",
]
