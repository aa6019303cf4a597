"""The mailroom: letters come in, from mailboxes (IMAP) and from mail servers that hand them over (SMTP, LMTP).

It keeps each letter raw and says so to whoever brought it; the worker makes tickets of them. Several can run side by
side: the second copy of a letter finds the first.
"""

from __future__ import annotations
