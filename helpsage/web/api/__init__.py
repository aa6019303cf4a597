"""The programming interface, `/api/v1`: JSON in, JSON out, a token on every request.

`route` is what stands around each request (who asks, how often, how it is refused), `problems` the refusals (RFC 9457),
`once` the Idempotency-Key, `description` the OpenAPI document and the page made of it. Each thing has its own routes.
"""

from __future__ import annotations

from helpsage.web.api import (
    analytics,
    categories,
    description,
    marks,
    merging,
    people,
    search,
    staff,
    submissions,
    thread,
    tickets,
    uploads,
    webhooks,
)

routers = (
    tickets.router,
    thread.router,
    uploads.router,
    merging.router,
    marks.router,
    search.router,
    submissions.router,
    categories.router,
    people.router,
    staff.router,
    analytics.router,
    webhooks.router,
    description.router,
)
