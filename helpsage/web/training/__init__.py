"""Pages for those who teach the assistant: what was misunderstood, and what nothing answers yet."""

from __future__ import annotations

from helpsage.web.training import gaps, review

routers = (review.router, gaps.router)
