"""Puts the web program together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from helpsage import __version__, settings
from helpsage.web import assets, brand, errors, health, live, pages
from helpsage.web.accounts import routers as accounts_routers
from helpsage.web.analytics import routers as analytics_routers
from helpsage.web.console import routers as console_routers
from helpsage.web.guard import Guard
from helpsage.web.portal import routers as portal_routers
from helpsage.web.settings import routers as settings_routers


def create_app() -> FastAPI:
    """The application, ready to serve. It reads the settings now and reaches for the database only when asked."""
    configured = settings.get()
    app = FastAPI(
        title="Help Sage", version=__version__, lifespan=_lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.hub = live.Hub(configured.libpq_url)
    app.mount("/static", StaticFiles(directory=assets.STATIC, check_dir=False), name="static")
    for router in (health.router, pages.router):
        app.include_router(router)
    for router in (brand.router, *accounts_routers, *console_routers, *settings_routers, *portal_routers):
        app.include_router(router)
    for router in analytics_routers:
        app.include_router(router)
    errors.install(app)
    app.add_middleware(Guard, chat_url=configured.chat_url, https=configured.web_url.startswith("https:"))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with app.state.hub.listening():
        yield
