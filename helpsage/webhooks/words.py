"""What administrators read about webhooks."""

from __future__ import annotations

TEST = "If you can read this and the signature is right, the webhook works."
UNREADABLE = "its key was encrypted with another secret: make a new one"
REDIRECTS = "answered {status}: redirects are not followed, enter the new address"
REFUSED = "answered {status}"
GONE = "the other side answered 410: it does not want to hear any more"
GONE_LETTER = (
    "The other side answered “410 Gone”: it does not want to hear any more, and the webhook was switched off. "
    "What was still waiting can be replayed after it is switched on again."
)
DEAD_LETTER = (
    "A message was tried for days and is now given up ({error}). It can be replayed on the page of the webhook. "
    "This letter comes at most once a day."
)
BY_HAND = "switched off by an administrator"


def refused(status: int) -> str:
    """Why an answer that came is no success."""
    return (REDIRECTS if 300 <= status <= 399 else REFUSED).format(status=status)
