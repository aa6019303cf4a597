"""The console's pages of articles: writing, reviewing, publishing, versions, files, import and export."""

from __future__ import annotations

from helpsage.web.articles import drafting, editing, exchange, files, index, steps, versions

#: Fixed addresses before those with an id in them.
routers = (
    index.router,
    exchange.router,
    drafting.router,
    editing.router,
    steps.router,
    versions.router,
    files.router,
)
