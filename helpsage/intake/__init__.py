"""Every way in, one path: what comes is kept raw under a key, acknowledged, and made one ticket or one comment of.

`service` accepts, works off and replays; `letters`, `forms`, `chats` and `tickets` say what a record of each lane
means; `drain` is the queue; `imap` and `listener` are the doors for e-mail (the program `helpsage.mailroom`).
"""

from __future__ import annotations
