"""`python -m actions`: the action server on 127.0.0.1."""

from __future__ import annotations

import logging
import warnings

from sanic import Sanic
from sanic.worker.loader import AppLoader

from actions.report import days
from actions.server import create_app
from helpsage import clock, settings
from helpsage.tickets.categories import catalogue

HOST = "127.0.0.1"


def build() -> Sanic:
    """The server for this installation, warm: the first person waits no longer than the second."""
    catalogue()
    days.resolve("1 March", clock.now())
    return create_app(settings.get().derived("actions"))


def main() -> None:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"sanic.*")
    loader = AppLoader(factory=build)
    app = loader.load()
    app.prepare(host=HOST, port=settings.get().actions_port, single_process=True, motd=False, access_log=False)
    Sanic.serve_single(primary=app)


if __name__ == "__main__":
    main()
