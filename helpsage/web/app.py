"""Puts the web program together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from helpsage import __version__, settings
from helpsage.web import assets, errors, health, live, login, pages
from helpsage.web.console import queue, ticket
from helpsage.web.guard import Guard


def create_app() -> FastAPI:
    """The application, ready to serve. It reads the settings now and reaches for the database only when asked."""
    configured = settings.get()
    app = FastAPI(
        title="Help Sage", version=__version__, lifespan=_lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.hub = live.Hub(configured.libpq_url)
    app.mount("/static", StaticFiles(directory=assets.STATIC, check_dir=False), name="static")
    for router in (health.router, pages.router, login.router, queue.router, ticket.router, live.router):
        app.include_router(router)
    errors.install(app)
    app.add_middleware(Guard, chat_url=configured.chat_url, https=configured.web_url.startswith("https:"))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with app.state.hub.listening():
        yield
