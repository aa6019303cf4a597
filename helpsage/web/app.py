"""Puts the web program together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from helpsage import __version__, settings
from helpsage.db.session import POOL_SIZE
from helpsage.web import assets, brand, errors, health, live, pages
from helpsage.web.access import Unconfirmed
from helpsage.web.accounts import confirming
from helpsage.web.accounts import routers as accounts_routers
from helpsage.web.analytics import routers as analytics_routers
from helpsage.web.api import description
from helpsage.web.api import routers as api_routers
from helpsage.web.articles import routers as articles_routers
from helpsage.web.compression import Compression
from helpsage.web.console import routers as console_routers
from helpsage.web.guard import Guard
from helpsage.web.help import routers as help_routers
from helpsage.web.intake import routers as intake_routers
from helpsage.web.portal import routers as portal_routers
from helpsage.web.settings import routers as settings_routers
from helpsage.web.training import routers as training_routers


def create_app() -> FastAPI:
    """The application, ready to serve. It reads the settings now and reaches for the database only when asked."""
    configured = settings.get()
    app = FastAPI(
        title="Help Sage",
        version=__version__,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=description.operation_id,
    )
    app.state.hub = live.Hub(configured.libpq_url)
    app.mount("/static", StaticFiles(directory=assets.STATIC, check_dir=False), name="static")
    for router in (health.router, pages.router):
        app.include_router(router)
    for router in (brand.router, *accounts_routers, *console_routers, *settings_routers, *portal_routers):
        app.include_router(router)
    for router in (
        *help_routers,
        *articles_routers,
        *intake_routers,
        *analytics_routers,
        *training_routers,
        *api_routers,
    ):
        app.include_router(router)
    errors.install(app)
    app.add_exception_handler(Unconfirmed, confirming.ask)
    description.describe(app)
    https = configured.web_url.startswith("https:")
    app.add_middleware(Compression, https=https)
    app.add_middleware(Guard, chat_url=configured.chat_url, https=https)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    # More threads than connections would only wait for each other, and then fail; so requests wait before they begin.
    to_thread.current_default_thread_limiter().total_tokens = POOL_SIZE
    async with app.state.hub.listening():
        yield
